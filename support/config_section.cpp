// Sections: structure, required and unknown keys. The values are read in config_values.cpp and
// config_numbers.cpp.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config.h"
#include "support/config_scalars.h"
#include "support/config_state.h"

namespace tessera::support {

using config::Entry;
using config::Node;
using config::Record;

std::string Section::State::path_of(std::string_view key) const {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

void Section::State::refuse(const config::Position& where, const std::string& full_path,
                            std::string_view message) const {
    config::refuse_at(where.text(document->name),
                      full_path.empty() ? std::string(message) : fmt::format("{}: {}", full_path, message));
}

const Entry* Section::State::declare(std::string_view key, KeyInfo info, bool null_is_absent) {
    const auto demanded = required.find(key);
    const bool must = demanded != required.end();
    if (must) {
        required.erase(demanded);
        info.default_value = "required";
    }
    info.path = pattern.empty() ? std::string(key) : fmt::format("{}.{}", pattern, key);
    if (document->listed.insert(info.path).second) {
        document->keys.push_back(std::move(info));
    }
    record->at(std::string(key));

    const Entry* entry = find(key);
    if (entry && null_is_absent && entry->value->kind == Node::Kind::null) {
        entry = nullptr;
    }
    if (!entry && must) {
        std::vector<std::string> unread;
        for (const Entry& present : node ? node->entries() : std::vector<Entry>{}) {
            if (!record->declared(present.key)) {
                unread.push_back(present.key);
            }
        }
        const std::string similar = nearest(key, unread);
        refuse(at, path_of(key),
               similar.empty()
                   ? "required, but missing"
                   : fmt::format("required, but missing (is \"{}\" a misspelling of it?)", similar));
    }
    return entry;
}

Section::Section(std::shared_ptr<State> state) : state_(std::move(state)) {}

Section& Section::require(std::string_view key) {
    state_->required.emplace(key);
    return *this;
}

Section Section::section(std::string_view key, std::string_view meaning) {
    const Entry* entry = state_->declare(key, {"", "section", "{}", "", std::string(meaning)}, true);
    if (entry && entry->value->kind != Node::Kind::map) {
        state_->refuse(entry->value->at, state_->path_of(key),
                       fmt::format("expected a section, found {}", config::describe(*entry->value)));
    }
    Record::Value& value = state_->record->at(std::string(key));
    value.kind = Record::Value::Kind::section;
    if (value.below.empty()) {
        value.below.push_back(std::make_shared<Record>());
    }

    auto below = std::make_shared<State>();
    below->document = state_->document;
    below->node = entry ? entry->value : nullptr;
    below->at = entry ? entry->at : state_->at;
    below->record = value.below.front();
    below->path = state_->path_of(key);
    below->pattern = state_->pattern.empty() ? std::string(key) : fmt::format("{}.{}", state_->pattern, key);
    return Section(std::move(below));
}

std::vector<Section> Section::list(std::string_view key, std::string_view meaning) {
    const Entry* entry = state_->declare(key, {"", "list of sections", "[]", "", std::string(meaning)}, true);
    if (entry && entry->value->kind != Node::Kind::list) {
        state_->refuse(entry->value->at, state_->path_of(key),
                       fmt::format("expected a list of sections, found {}", config::describe(*entry->value)));
    }
    Record::Value& value = state_->record->at(std::string(key));
    value.kind = Record::Value::Kind::list;
    std::vector<Section> sections;
    const std::size_t count = entry ? entry->value->items.size() : 0;
    for (std::size_t i = 0; i < count; ++i) {
        const config::NodePtr& item = entry->value->items[i];
        const std::string path = fmt::format("{}[{}]", state_->path_of(key), i);
        if (item->kind != Node::Kind::map) {
            state_->refuse(item->at, path,
                           fmt::format("expected a section, found {}", config::describe(*item)));
        }
        if (value.below.size() <= i) {
            value.below.push_back(std::make_shared<Record>());
        }
        auto below = std::make_shared<State>();
        below->document = state_->document;
        below->node = item;
        below->at = item->at;
        below->record = value.below[i];
        below->path = path;
        below->pattern =
            state_->pattern.empty() ? fmt::format("{}[]", key) : fmt::format("{}.{}[]", state_->pattern, key);
        sections.push_back(Section(std::move(below)));
    }
    return sections;
}

bool Section::has(std::string_view key) const { return state_->find(key) != nullptr; }

std::vector<std::string> Section::present() const {
    std::vector<std::string> keys;
    if (!state_->node) {
        return keys;
    }
    for (const Entry& entry : state_->node->entries()) {
        keys.push_back(entry.key);
    }
    return keys;
}

void Section::finish() const {
    if (!state_->node) {
        return;
    }
    for (const Entry& entry : state_->node->entries()) {
        if (state_->record->declared(entry.key)) {
            continue;
        }
        const std::vector<std::string> known = state_->record->keys();
        const std::string similar = nearest(entry.key, known);
        std::string message = "unknown key";
        if (!similar.empty()) {
            message += fmt::format(" (did you mean \"{}\"?)", similar);
        } else if (!known.empty() && known.size() <= 12) {
            message += fmt::format(" (known here: {})", fmt::join(known, ", "));
        }
        fail(entry.key, message);
    }
}

void Section::fail(std::string_view key, std::string_view message) const {
    const Entry* entry = state_->find(key);
    const std::string path = key.empty() ? state_->path : state_->path_of(key);
    state_->refuse(entry ? entry->at : state_->at, path, message);
}

const std::string& Section::path() const { return state_->path; }

std::string Section::resolved(std::string_view except) const {
    return state_->record->dump(&Record::Value::hashed, 0, except);
}

} // namespace tessera::support
