// Reading booleans, texts, paths and enumerations. The numbers are read in config_numbers.cpp.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config.h"
#include "support/config_scalars.h"
#include "support/config_source.h"

namespace tessera::support {

using config::Entry;
using config::Node;
using config::Source;
using config::text_of;
using config::to_yaml;

void Section::read(std::string_view key, bool& value, std::string_view meaning) {
    const Entry* entry = state_->declare(key, {"", "boolean", to_yaml(value), "", std::string(meaning)});
    if (entry) {
        const Source source{*state_, state_->path_of(key), *entry->value};
        const bool plain = source.node.kind == Node::Kind::scalar && !source.node.quoted;
        if (!plain || (source.node.text != "true" && source.node.text != "false")) {
            const std::string similar = plain ? nearest(source.node.text, {"true", "false"}) : "";
            source.expected("true or false",
                            similar.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", similar));
        }
        value = source.node.text == "true";
    }
    config::record(*state_, key, to_yaml(value));
}

void Section::read(std::string_view key, std::string& value, std::string_view meaning) {
    const Entry* entry =
        state_->declare(key, {"", "text", to_yaml(std::string_view(value)), "", std::string(meaning)});
    if (entry) {
        value = text_of({*state_, state_->path_of(key), *entry->value});
    }
    config::record(*state_, key, to_yaml(std::string_view(value)));
}

void Section::read(std::string_view key, std::filesystem::path& value, std::string_view meaning) {
    const Entry* entry = state_->declare(
        key, {"", "path", to_yaml(std::string_view(value.string())), "", std::string(meaning)});
    if (entry) {
        value = text_of({*state_, state_->path_of(key), *entry->value}, "a path");
    }
    if (!value.empty()) {
        // What the command line names lies where the user is.
        const bool of_command = entry && entry->value->at.origin;
        value = ((of_command ? std::filesystem::current_path() : state_->document->directory) / value)
                    .lexically_normal();
        if (!value.has_filename() && value.has_relative_path()) {
            value = value.parent_path();
        } // "data/" is "data"
    }
    config::record(*state_, key, to_yaml(std::string_view(value.string())));
}

void Section::read(std::string_view key, std::vector<std::string>& value, std::string_view meaning) {
    const auto one = [](const Source& source) { return text_of(source); };
    config::read_list(*state_, key, value, "", "list of texts", meaning, one);
}

std::size_t Section::read_spelling(std::string_view key, const std::vector<std::string_view>& spellings,
                                   std::size_t default_index, std::string_view meaning) {
    std::size_t chosen = default_index;
    const Entry* entry = state_->declare(key, {"", fmt::format("one of {}", fmt::join(spellings, "|")),
                                               to_yaml(spellings[chosen]), "", std::string(meaning)});
    if (entry) {
        const Source source{*state_, state_->path_of(key), *entry->value};
        const auto matches = [&](std::string_view name) {
            return source.node.kind == Node::Kind::scalar && source.node.text == name;
        };
        chosen = 0;
        while (chosen < spellings.size() && !matches(spellings[chosen])) {
            ++chosen;
        }
        if (chosen == spellings.size()) {
            const std::string similar = nearest(source.node.text, {spellings.begin(), spellings.end()});
            source.refuse(fmt::format(
                "must be one of {}, found {}{}", fmt::join(spellings, ", "), config::describe(source.node),
                similar.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", similar)));
        }
    }
    config::record(*state_, key, to_yaml(spellings[chosen]));
    return chosen;
}

std::vector<std::string> Section::texts(std::string_view key) {
    state_->record->at(std::string(key));
    const Entry* entry = state_->find(key);
    if (!entry) {
        return {};
    }
    const Source whole{*state_, state_->path_of(key), *entry->value};
    std::vector<std::string> values, yaml;
    const auto take = [&](const Source& source, std::string_view what) {
        values.push_back(text_of(source, what));
        yaml.push_back(source.node.quoted ? to_yaml(std::string_view(values.back()))
                                          : config::to_yaml_as_written(values.back()));
    };
    if (whole.node.kind != Node::Kind::list) {
        take(whole, "a value or a list of values");
        config::record(*state_, key, yaml.front());
        return values;
    }
    for (std::size_t i = 0; i < whole.node.items.size(); ++i) {
        take({*state_, fmt::format("{}[{}]", whole.path, i), *whole.node.items[i]}, "a value");
    }
    config::record(*state_, key, config::flow_list(yaml));
    return values;
}

} // namespace tessera::support
