// Scalars of the configuration: from text to value, and from value to the YAML that reads back to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/config.h"

namespace tessera::support::config {

enum class Parsed { good, not_a_number, leading_zero, too_large };

/// Decimal digits with an optional sign; nothing is truncated or rounded.
Parsed parse_integer(std::string_view text, std::int64_t& value);
/// YAML's decimal numbers and ".inf".
Parsed parse_double(std::string_view text, double& value);

std::string to_yaml(std::int64_t value);
/// With a point before an exponent: readers of YAML 1.1 take 5e-04 for a text.
std::string to_yaml(double value);
std::string to_yaml(bool value);
/// Plain where every reader would take it for this text, in double quotes otherwise.
std::string to_yaml(std::string_view text);
/// As above, but a text that looks like a number or a boolean stays plain.
std::string to_yaml_as_written(std::string_view text);

/// As to_yaml(), but numbers as short as they can be: how content hashes have always had them.
std::string to_hashed(double value);
inline std::string to_hashed(std::int64_t value) { return to_yaml(value); }
inline std::string to_hashed(const std::string& value) { return to_yaml(std::string_view(value)); }

/// [a, b, c] of what is YAML already.
std::string flow_list(const std::vector<std::string>& items);

/// "1..1000", "> 0", ">= 0", "> 0 and <= 1"; empty where every value is in the range.
std::string range_text(const Range<std::int64_t>& range);
std::string range_text(const Range<double>& range);

template <class T>
bool contains(const Range<T>& range, T value) {
    return (range.open_low ? value > range.low : value >= range.low) && value <= range.high;
}

} // namespace tessera::support::config
