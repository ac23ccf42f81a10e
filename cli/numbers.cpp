#include "cli/numbers.h"

#include <cmath>

#include <fmt/format.h>

#include "support/csv.h"
#include "support/error.h"

namespace tessera::cli {

std::int64_t whole_number(const std::string& text, const std::string& option, std::int64_t low,
                          std::int64_t high) {
    double value = 0;
    try {
        value = support::parse_number(text, option);
    } catch (const support::Error&) { value = std::nan(""); }
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) ||
        value != std::floor(value)) {
        throw support::UsageError(
            fmt::format("--{}: '{}' is not a whole number from {} to {}", option, text, low, high));
    }
    return static_cast<std::int64_t>(value);
}

} // namespace tessera::cli
