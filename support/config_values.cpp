// Reading values: each reader declares the key, takes the text apart and records what it understood.
#include <fmt/format.h>

#include "support/config.h"
#include "support/config_scalars.h"
#include "support/config_state.h"

namespace tessera::support {

using config::Entry;
using config::Node;
using config::Parsed;
using config::to_yaml;

namespace {

/// A value on its way in, for messages.
struct Source {
    const Section::State& section;
    std::string path;
    const Node& node;

    [[noreturn]] void refuse(std::string_view message) const { section.refuse(node.at, path, message); }
    [[noreturn]] void expected(std::string_view what, std::string_view hint = "") const {
        refuse(fmt::format("expected {}, found {}{}", what, config::describe(node), hint));
    }
};

std::string in_range(const std::string& range) {
    return (range.find("..") == std::string::npos ? "must be " : "must be in ") + range;
}

Parsed parse(std::string_view text, std::int64_t& value) { return config::parse_integer(text, value); }
Parsed parse(std::string_view text, double& value) { return config::parse_double(text, value); }

constexpr std::string_view name_of(std::int64_t) { return "an integer"; }
constexpr std::string_view name_of(double) { return "a number"; }

/// 1e6 and 2.0 are whole numbers to people.
std::string integer_hint(const std::string& text) {
    double value = 0;
    constexpr double exact = 9007199254740992.0; // 2^53
    if (config::parse_double(text, value) != Parsed::good || !(value >= -exact && value <= exact)) {
        return "";
    }
    const auto whole = static_cast<std::int64_t>(value);
    return static_cast<double>(whole) == value ? fmt::format(" (write {})", whole) : "";
}

template <class T>
T parse_number_node(const Source& source, const Range<T>& range) {
    const Node& node = source.node;
    if (node.kind != Node::Kind::scalar) {
        source.expected(name_of(T{}));
    }
    T value{};
    const Parsed parsed = parse(node.text, value);
    if (node.quoted) {
        source.expected(name_of(T{}), parsed == Parsed::good ? " (remove the quotes)" : "");
    }
    const std::string text = config::range_text(range);
    switch (parsed) {
    case Parsed::good:
        return value;
    case Parsed::leading_zero:
        source.expected(name_of(T{}), " (leading zeros could mean octal: remove them)");
    case Parsed::not_a_number:
        source.expected(name_of(T{}), std::is_integral_v<T> ? integer_hint(node.text) : "");
    case Parsed::too_large:
        break;
    }
    if (!text.empty()) {
        source.refuse(fmt::format("{}, found {}", in_range(text), node.text));
    }
    source.refuse(fmt::format("{} does not fit 64 bits", node.text));
}

template <class T>
void check_range(const Source& source, const Range<T>& range, T value) {
    if (!config::contains(range, value)) {
        const std::string text = config::range_text(range);
        source.refuse(
            fmt::format("{}, found {}", text.empty() ? "must be finite" : in_range(text), to_yaml(value)));
    }
}

std::string text_of(const Source& source, std::string_view what = "a text") {
    if (source.node.kind != Node::Kind::scalar) {
        source.expected(what, source.node.kind == Node::Kind::null ? " (write \"\" for an empty text)" : "");
    }
    return source.node.text;
}

void record(Section::State& section, std::string_view key, std::string yaml) {
    auto& value = section.record->at(std::string(key));
    value.kind = config::Record::Value::Kind::scalar;
    value.yaml = std::move(yaml);
}

template <class T>
std::string list_yaml(const std::vector<T>& values) {
    std::vector<std::string> texts;
    for (const auto& value : values) {
        texts.push_back(to_yaml(value));
    }
    return config::flow_list(texts);
}

/// A default outside the range is how a caller says "not set": it is accepted when it is written out, too.
template <class T>
void read_number(Section::State& section, std::string_view key, T& value, const Range<T>& range,
                 std::string_view type, std::string_view meaning) {
    const Entry* entry = section.declare(
        key, {"", std::string(type), to_yaml(value), config::range_text(range), std::string(meaning)});
    if (entry) {
        const Source source{section, section.path_of(key), *entry->value};
        const T read = parse_number_node(source, range);
        if (read != value) {
            check_range(source, range, read);
        }
        value = read;
    }
    record(section, key, to_yaml(value));
}

template <class T, class One>
void read_list(Section::State& section, std::string_view key, std::vector<T>& values,
               const std::string& range, const std::string& type, std::string_view meaning, One one) {
    const Entry* entry = section.declare(key, {"", type, list_yaml(values), range, std::string(meaning)});
    if (entry) {
        const Source source{section, section.path_of(key), *entry->value};
        if (source.node.kind != Node::Kind::list) {
            const bool scalar = source.node.kind == Node::Kind::scalar && source.node.text.size() <= 40;
            source.expected("a " + type, scalar ? fmt::format(" (write [{}])", source.node.text) : "");
        }
        std::vector<T> read;
        for (std::size_t i = 0; i < source.node.items.size(); ++i) {
            read.push_back(
                one(Source{section, fmt::format("{}[{}]", source.path, i), *source.node.items[i]}));
        }
        values = std::move(read);
    }
    record(section, key, list_yaml(values));
}

template <class T>
void read_numbers(Section::State& section, std::string_view key, std::vector<T>& values, const Range<T>& each,
                  const std::string& type, std::string_view meaning) {
    read_list(section, key, values, config::range_text(each), type, meaning, [&](const Source& source) {
        const T value = parse_number_node(source, each);
        check_range(source, each, value);
        return value;
    });
}

} // namespace

void Section::read(std::string_view key, std::int64_t& value, Range<std::int64_t> range,
                   std::string_view meaning) {
    read_number(*state_, key, value, range, "integer", meaning);
}

void Section::read(std::string_view key, double& value, Range<double> range, std::string_view meaning) {
    read_number(*state_, key, value, range, "number", meaning);
}

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
    record(*state_, key, to_yaml(value));
}

void Section::read(std::string_view key, std::string& value, std::string_view meaning) {
    const Entry* entry =
        state_->declare(key, {"", "text", to_yaml(std::string_view(value)), "", std::string(meaning)});
    if (entry) {
        value = text_of({*state_, state_->path_of(key), *entry->value});
    }
    record(*state_, key, to_yaml(std::string_view(value)));
}

void Section::read(std::string_view key, std::filesystem::path& value, std::string_view meaning) {
    const Entry* entry = state_->declare(
        key, {"", "path", to_yaml(std::string_view(value.string())), "", std::string(meaning)});
    if (entry) {
        value = text_of({*state_, state_->path_of(key), *entry->value}, "a path");
    }
    if (!value.empty()) {
        value = (state_->document->directory / value).lexically_normal();
        if (!value.has_filename() && value.has_relative_path()) {
            value = value.parent_path();
        } // "data/" is "data"
    }
    record(*state_, key, to_yaml(std::string_view(value.string())));
}

void Section::read(std::string_view key, std::vector<std::int64_t>& value, Range<std::int64_t> each,
                   std::string_view meaning) {
    read_numbers(*state_, key, value, each, "list of integers", meaning);
}

void Section::read(std::string_view key, std::vector<double>& value, Range<double> each,
                   std::string_view meaning) {
    read_numbers(*state_, key, value, each, "list of numbers", meaning);
}

void Section::read(std::string_view key, std::vector<std::string>& value, std::string_view meaning) {
    const auto one = [](const Source& source) { return text_of(source); };
    read_list(*state_, key, value, "", "list of texts", meaning, one);
}

void Section::read(std::string_view key, std::optional<double>& value, Range<double> range,
                   std::string_view meaning) {
    const auto yaml = [&] { return value ? to_yaml(*value) : "null"; };
    const Entry* entry =
        state_->declare(key, {"", "number", yaml(), config::range_text(range), std::string(meaning)});
    if (entry && entry->value->kind == Node::Kind::null) {
        value.reset();
    } else if (entry) {
        const Source source{*state_, state_->path_of(key), *entry->value};
        const double read = parse_number_node(source, range);
        if (read != value) {
            check_range(source, range, read);
        }
        value = read;
    }
    record(*state_, key, yaml());
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
    record(*state_, key, to_yaml(spellings[chosen]));
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
        record(*state_, key, yaml.front());
        return values;
    }
    for (std::size_t i = 0; i < whole.node.items.size(); ++i) {
        take({*state_, fmt::format("{}[{}]", whole.path, i), *whole.node.items[i]}, "a value");
    }
    record(*state_, key, config::flow_list(yaml));
    return values;
}

} // namespace tessera::support
