// Reading numbers: what is accepted is decided here and in config_scalars.cpp, not by yaml-cpp.
#include <fmt/format.h>

#include "support/config.h"
#include "support/config_scalars.h"
#include "support/config_source.h"

namespace tessera::support {

using config::Entry;
using config::Node;
using config::Parsed;
using config::Source;
using config::to_yaml;

namespace {

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
        source.refuse(fmt::format("{}, found {:.60}", in_range(text), node.text));
    }
    source.refuse(fmt::format("{:.60} does not fit 64 bits", node.text));
}

template <class T>
void check_range(const Source& source, const Range<T>& range, T value) {
    if (!config::contains(range, value)) {
        const std::string text = config::range_text(range);
        source.refuse(
            fmt::format("{}, found {}", text.empty() ? "must be finite" : in_range(text), to_yaml(value)));
    }
}

/// A default outside the range is how a caller says "not set": it is accepted when it is written out, too. A
/// required key has no default.
template <class T>
void read_number(Section::State& section, std::string_view key, T& value, const Range<T>& range,
                 std::string_view type, std::string_view meaning) {
    const bool required = section.required.contains(key);
    const Entry* entry = section.declare(
        key, {"", std::string(type), to_yaml(value), config::range_text(range), std::string(meaning)});
    if (entry) {
        const Source source{section, section.path_of(key), *entry->value};
        const T read = parse_number_node(source, range);
        if (required || read != value) {
            check_range(source, range, read);
        }
        value = read;
    }
    config::record(section, key, to_yaml(value), config::to_hashed(value));
}

template <class T>
void read_numbers(Section::State& section, std::string_view key, std::vector<T>& values, const Range<T>& each,
                  const std::string& type, std::string_view meaning) {
    config::read_list(section, key, values, config::range_text(each), type, meaning,
                      [&](const Source& source) {
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

void Section::read(std::string_view key, std::vector<std::int64_t>& value, Range<std::int64_t> each,
                   std::string_view meaning) {
    read_numbers(*state_, key, value, each, "list of integers", meaning);
}

void Section::read(std::string_view key, std::vector<double>& value, Range<double> each,
                   std::string_view meaning) {
    read_numbers(*state_, key, value, each, "list of numbers", meaning);
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
    config::record(*state_, key, yaml(), value ? config::to_hashed(*value) : "null");
}

} // namespace tessera::support
