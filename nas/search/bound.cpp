#include "nas/search/bound.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

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

void require_each_side_once(std::span<const Bound> bounds) {
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const bool low = bounds[i].low && bounds[j].low, high = bounds[i].high && bounds[j].high;
            if (bounds[i].name == bounds[j].name && (low || high)) {
                throw UsageError(fmt::format(
                    "bounds of {}: two {} ones, {} and {}", bounds[i].name, high ? "upper" : "lower",
                    *(high ? bounds[j].high : bounds[j].low), *(high ? bounds[i].high : bounds[i].low)));
            }
        }
    }
}

std::string reached_text(std::span<const Candidate> evaluated, std::span<const Objective> objectives) {
    std::string text;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        if (!objectives[k].low && !objectives[k].high) {
            continue;
        }
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (const Candidate& c : evaluated) {
            if (std::isfinite(c.values[k])) {
                low = std::min(low, c.values[k]);
                high = std::max(high, c.values[k]);
            }
        }
        text += fmt::format("{}{} ", text.empty() ? "" : ", ", objectives[k].name);
        text +=
            low <= high ? fmt::format("reached {:.6g} to {:.6g}", low, high) : "never was a finite number";
    }
    return text;
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
