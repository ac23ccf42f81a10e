#include "support/config_scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/csv.h"

namespace tessera::support::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::size_t digits(std::string_view text) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

/// Removes a sign; true for a minus.
bool take_sign(std::string_view& text) {
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    return minus;
}

/// 010 is eight in YAML 1.1 and ten in 1.2: it is refused.
bool has_leading_zero(std::string_view text) {
    return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

/// ( . digits | digits [ . digits ] ) [ e [sign] digits ], as in YAML 1.2's core schema.
bool is_decimal(std::string_view text) {
    const auto whole = digits(text);
    text.remove_prefix(whole);
    std::size_t fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = digits(text);
        text.remove_prefix(fraction);
    }
    if (whole + fraction == 0) {
        return false;
    }
    if (text.empty()) {
        return true;
    }
    if (text[0] != 'e' && text[0] != 'E') {
        return false;
    }
    text.remove_prefix(1);
    take_sign(text);
    return !text.empty() && digits(text) == text.size();
}

bool is_safe_plain(std::string_view text) {
    const auto safe = [](char c) {
        return is_digit(c) || is_letter(c) || c == '_' || c == '.' || c == '/' || c == '-' || c == '+';
    };
    constexpr std::array nulls = {"null", "Null", "NULL"};
    return !text.empty() &&
           (is_digit(text[0]) || is_letter(text[0]) || text[0] == '_' || text[0] == '/' ||
            (text.size() > 1 && is_digit(text[1]))) &&
           std::all_of(text.begin(), text.end(), safe) &&
           std::find(nulls.begin(), nulls.end(), text) == nulls.end();
}

/// What some YAML reader takes for something else than a text.
bool is_ambiguous(std::string_view text) {
    constexpr std::array words = {"true", "false", "yes", "no", "on", "off", "y", "n"};
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::find(words.begin(), words.end(), lower) != words.end() ||
           !(is_letter(text[0]) || text[0] == '_' || text[0] == '/');
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else if (byte < 0x20 || byte == 0x7F) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result += c;
        }
    }
    return result + '"';
}

template <class T>
std::string bounds(const Range<T>& range) {
    const bool low = range.low != std::numeric_limits<T>::lowest();
    const bool high =
        range.high != std::numeric_limits<T>::max() && range.high != std::numeric_limits<T>::infinity();
    if (low && high && !range.open_low) {
        return fmt::format("{}..{}", number(range.low), number(range.high));
    }
    std::string text;
    if (low) {
        text = fmt::format("{} {}", range.open_low ? ">" : ">=", number(range.low));
    }
    if (high) {
        text += fmt::format("{}<= {}", low ? " and " : "", number(range.high));
    }
    return text;
}

} // namespace

Parsed parse_integer(std::string_view text, std::int64_t& value) {
    const bool minus = take_sign(text);
    if (text.empty() || digits(text) != text.size()) {
        return Parsed::not_a_number;
    }
    if (has_leading_zero(text)) {
        return Parsed::leading_zero;
    }
    const std::string whole = (minus ? "-" : "") + std::string(text);
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    return error == std::errc() ? Parsed::good : Parsed::too_large;
}

Parsed parse_double(std::string_view text, double& value) {
    const bool minus = take_sign(text);
    if (text == ".inf") {
        value = minus ? -HUGE_VAL : HUGE_VAL;
        return Parsed::good;
    }
    if (!is_decimal(text)) {
        return Parsed::not_a_number;
    }
    if (has_leading_zero(text)) {
        return Parsed::leading_zero;
    }
    double magnitude = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude);
    if (error != std::errc()) {
        return Parsed::too_large;
    }
    value = minus ? -magnitude : magnitude;
    return Parsed::good;
}

std::string to_yaml(std::int64_t value) { return number(value); }

std::string to_yaml(double value) {
    std::string text = to_hashed(value);
    if (const auto exponent = text.find('e'); exponent != std::string::npos && text.find('.') > exponent) {
        text.insert(exponent, ".0");
    }
    return text;
}

std::string to_hashed(double value) {
    if (std::isinf(value)) {
        return value < 0 ? "-.inf" : ".inf";
    }
    return std::isnan(value) ? ".nan" : number(value);
}

std::string to_yaml(bool value) { return value ? "true" : "false"; }

std::string to_yaml(std::string_view text) {
    return is_safe_plain(text) && !is_ambiguous(text) ? std::string(text) : quoted(text);
}

std::string to_yaml_as_written(std::string_view text) {
    return is_safe_plain(text) ? std::string(text) : quoted(text);
}

std::string flow_list(const std::vector<std::string>& items) {
    return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string range_text(const Range<std::int64_t>& range) { return bounds(range); }
std::string range_text(const Range<double>& range) { return bounds(range); }

} // namespace tessera::support::config
