// What all readers of values share: each declares its key, takes the text apart and records what it
// understood. Internal to the configuration reader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "support/config_scalars.h"
#include "support/config_state.h"

namespace tessera::support::config {

/// A value on its way in, for messages.
struct Source {
    const Section::State& section;
    std::string path;
    const Node& node;

    [[noreturn]] void refuse(std::string_view message) const { section.refuse(node.at, path, message); }
    [[noreturn]] void expected(std::string_view what, std::string_view hint = "") const {
        refuse(fmt::format("expected {}, found {}{}", what, describe(node), hint));
    }
};

/// The text of a scalar, quoted or not.
inline std::string text_of(const Source& source, std::string_view what = "a text") {
    if (source.node.kind != Node::Kind::scalar) {
        source.expected(what, source.node.kind == Node::Kind::null ? " (write \"\" for an empty text)" : "");
    }
    return source.node.text;
}

/// Notes a key's effective value for Document::resolved(), and for Section::resolved() where that is another
/// text.
inline void record(Section::State& section, std::string_view key, std::string yaml, std::string hashed = "") {
    auto& value = section.record->at(std::string(key));
    value.kind = Record::Value::Kind::scalar;
    value.hashed = hashed.empty() ? yaml : std::move(hashed);
    value.yaml = std::move(yaml);
}

template <class T>
std::string list_yaml(const std::vector<T>& values) {
    std::vector<std::string> texts;
    for (const auto& value : values) {
        texts.push_back(to_yaml(value));
    }
    return flow_list(texts);
}

template <class T>
std::string hashed_list(const std::vector<T>& values) {
    std::vector<std::string> texts;
    for (const auto& value : values) {
        texts.push_back(to_hashed(value));
    }
    return flow_list(texts);
}

/// `one` reads an element. The caller's list changes only if all of them are good.
template <class T, class One>
void read_list(Section::State& section, std::string_view key, std::vector<T>& values,
               const std::string& range, const std::string& type, std::string_view meaning, One one) {
    const Entry* entry = section.declare(key, {"", type, list_yaml(values), range, std::string(meaning)});
    if (entry) {
        const Source source{section, section.path_of(key), *entry->value};
        if (source.node.kind != Node::Kind::list) {
            const bool scalar = source.node.kind == Node::Kind::scalar && source.node.text.size() <= 40;
            source.expected("a " + type,
                            scalar ? fmt::format(" (write [{}])", to_yaml_as_written(source.node.text)) : "");
        }
        std::vector<T> read;
        for (std::size_t i = 0; i < source.node.items.size(); ++i) {
            read.push_back(
                one(Source{section, fmt::format("{}[{}]", source.path, i), *source.node.items[i]}));
        }
        values = std::move(read);
    }
    record(section, key, list_yaml(values), hashed_list(values));
}

} // namespace tessera::support::config
