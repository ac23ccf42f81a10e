#include "nas/search/bound.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config.h"
#include "support/error.h"

namespace tessera::nas {
namespace {

using support::UsageError;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin + 1);
}

std::optional<double> number_in(std::string_view text) {
    text = trimmed(text);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

[[noreturn]] void refuse(std::string_view text) {
    throw UsageError(
        fmt::format("'{}' is no bound; use NAME<=VALUE, NAME>=VALUE or LOW<=NAME<=HIGH", trimmed(text)));
}

} // namespace

Bound parse_bound(std::string_view text) {
    const auto first = text.find_first_of("<>");
    if (first == std::string_view::npos || text.substr(first + 1, 1) != "=") {
        refuse(text);
    }
    const bool at_most = text[first] == '<';
    const std::string_view left = text.substr(0, first), rest = text.substr(first + 2);
    Bound bound;
    if (const auto low = number_in(left); low && at_most) {
        const auto second = rest.find("<=");
        bound.low = low;
        bound.name = trimmed(rest.substr(0, second));
        if (second != std::string_view::npos) {
            bound.high = number_in(rest.substr(second + 2));
        }
        if (bound.name.empty() || (second != std::string_view::npos && !bound.high)) {
            refuse(text);
        }
        return bound;
    }
    bound.name = trimmed(left);
    (at_most ? bound.high : bound.low) = number_in(rest);
    if (bound.name.empty() || (!bound.low && !bound.high)) {
        refuse(text);
    }
    return bound;
}

Bound parse_limit(std::string_view text, bool upper) {
    const auto at = text.find('=');
    Bound bound;
    bound.name = trimmed(text.substr(0, at));
    if (at != std::string_view::npos) {
        (upper ? bound.high : bound.low) = number_in(text.substr(at + 1));
    }
    if (bound.name.empty() || (!bound.low && !bound.high)) {
        throw UsageError(fmt::format("--{} {}: expected NAME=VALUE", upper ? "max" : "min", text));
    }
    return bound;
}

void apply(const Bound& bound, std::vector<Objective>& objectives, const std::vector<std::string>& known) {
    auto found = std::ranges::find(objectives, bound.name, &Objective::name);
    if (found == objectives.end()) {
        if (std::ranges::find(known, bound.name) == known.end()) {
            const std::string near = support::nearest(bound.name, known);
            throw UsageError(
                near.empty()
                    ? fmt::format("'{}' cannot be bounded; there are {}", bound.name, fmt::join(known, ", "))
                    : fmt::format("'{}' cannot be bounded; did you mean '{}'?", bound.name, near));
        }
        objectives.push_back({bound.name, Direction::minimize, {}, {}, true});
        found = objectives.end() - 1;
    }
    found->low = bound.low ? bound.low : found->low;
    found->high = bound.high ? bound.high : found->high;
    if (found->low && found->high && *found->low > *found->high) {
        throw UsageError(
            fmt::format("bounds of {}: {} to {} holds nothing", bound.name, *found->low, *found->high));
    }
}

} // namespace tessera::nas
