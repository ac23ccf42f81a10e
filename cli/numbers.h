// Numbers on the command line.
#pragma once

#include <cstdint>
#include <string>

namespace tessera::cli {

/// Throws UsageError naming the option where `text` is not a whole number from `low` to `high`.
std::int64_t whole_number(const std::string& text, const std::string& option, std::int64_t low,
                          std::int64_t high);

} // namespace tessera::cli
