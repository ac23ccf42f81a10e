#include "nas/pick.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/csv.h"
#include "support/error.h"

namespace tessera::nas {
namespace {

using support::UsageError;

std::string trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos ? "" : std::string(text.substr(begin, end - begin + 1));
}

template <class T>
std::optional<T> parse(const std::string& text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string forms(std::span<const Objective> objectives) {
    std::vector<std::string> names;
    for (const Objective& o : objectives) {
        names.push_back(o.name);
    }
    return fmt::format("use knee, all, spread:K, NAME<=VALUE or NAME>=VALUE with NAME one of {}, or an "
                       "architecture's id; of other "
                       "networks random:FORM, scaled:FORM, reference",
                       fmt::join(names, ", "));
}

bool better(const Candidate& a, const Candidate& b, std::span<const Objective> objectives, std::size_t k) {
    return objectives[k].direction == Direction::minimize ? a.values[k] < b.values[k]
                                                          : a.values[k] > b.values[k];
}

/// Of two objectives, the point farthest below the chord from (0, 1) to (1, 0), whose distance is (1 - x - y)
/// / sqrt 2; of more, the one nearest to the ideal. The first of equals.
std::size_t knee(std::span<const Candidate> front, std::span<const Objective> objectives) {
    const Scaling scaling = Scaling::of(front, objectives);
    const auto sought = std::ranges::count(objectives, false, &Objective::bounds_only);
    std::size_t best = 0;
    double least = 0;
    for (std::size_t i = 0; i < front.size(); ++i) {
        double sum = 0, square = 0;
        for (std::size_t k = 0; k < objectives.size(); ++k) {
            if (objectives[k].bounds_only) {
                continue;
            }
            const double x = (front[i].values[k] - scaling.ideal[k]) / (scaling.nadir[k] - scaling.ideal[k]);
            sum += x;
            square += x * x;
        }
        const double distance = sought == 2 ? sum : std::sqrt(square);
        if (i == 0 || distance < least) {
            best = i;
            least = distance;
        }
    }
    return best;
}

/// Along objective `k`.
std::vector<std::size_t> spread(std::span<const Candidate> front, std::size_t k, std::size_t count) {
    std::vector<std::size_t> order(front.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](auto i, auto j) { return front[i].values[k] < front[j].values[k]; });
    if (count >= order.size()) {
        return order;
    }
    const double low = front[order.front()].values[k], high = front[order.back()].values[k];
    std::vector<std::size_t> picked;
    std::size_t next =
        0; // position in `order`; every later target takes a later point and leaves enough for the rest
    for (std::size_t p = 0; p < count; ++p) {
        const double share = count == 1 ? 0.5 : static_cast<double>(p) / static_cast<double>(count - 1);
        const double target = low + (high - low) * share;
        const std::size_t last = p + 1 == count && count > 1 ? order.size() - 1 : order.size() - (count - p);
        if (p + 1 == count && count > 1) {
            next = last;
        }
        const auto miss = [&](std::size_t at) { return std::abs(front[order[at]].values[k] - target); };
        while (next < last && miss(next + 1) < miss(next)) {
            ++next;
        }
        picked.push_back(order[next++]);
    }
    return picked;
}

/// `objective <= bound` or `objective >= bound`.
struct Within {
    std::size_t objective = 0;
    bool at_most = true;
    double bound = 0;
};

std::optional<Within> read_within(const std::string& text, std::span<const Objective> objectives) {
    for (const std::string_view sign : {"<=", ">="}) {
        const auto at = text.find(sign);
        if (at == std::string::npos) {
            continue;
        }
        const std::string name = trim(text.substr(0, at)), number = trim(text.substr(at + 2));
        const auto found =
            std::find_if(objectives.begin(), objectives.end(), [&](const auto& o) { return o.name == name; });
        if (found == objectives.end()) {
            std::vector<std::string> names;
            for (const Objective& o : objectives) {
                names.push_back(o.name);
            }
            const std::string near = support::nearest(name, names);
            throw UsageError(near.empty()
                                 ? fmt::format("'{}' is not an objective: {}", name, forms(objectives))
                                 : fmt::format("'{}' is not an objective; did you mean '{}'?", name, near));
        }
        const auto bound = parse<double>(number);
        if (!bound || !std::isfinite(*bound)) {
            throw UsageError(fmt::format("'{}' is not a number: {}", number, forms(objectives)));
        }
        return Within{static_cast<std::size_t>(found - objectives.begin()), sign == "<=", *bound};
    }
    return std::nullopt;
}

/// Points of `spread:K`.
std::optional<std::size_t> read_spread(const std::string& text, std::span<const Objective> objectives) {
    if (!text.starts_with("spread:")) {
        return std::nullopt;
    }
    const auto count = parse<std::int64_t>(trim(text.substr(7)));
    if (!count || *count < 1) {
        throw UsageError(
            fmt::format("'{}' needs a number of points, at least 1: {}", text, forms(objectives)));
    }
    return static_cast<std::size_t>(*count);
}

std::vector<std::size_t> within(const Within& wanted, std::span<const Candidate> front,
                                std::span<const Objective> objectives) {
    const std::size_t k = wanted.objective;
    std::size_t other = k; // the first other that is sought
    for (std::size_t o = objectives.size(); o-- > 0;) {
        other = o != k && !objectives[o].bounds_only ? o : other;
    }
    std::optional<std::size_t> best;
    double low = front[0].values[k], high = low;
    for (std::size_t i = 0; i < front.size(); ++i) {
        const double value = front[i].values[k];
        low = std::min(low, value);
        high = std::max(high, value);
        const bool fits = wanted.at_most ? value <= wanted.bound : value >= wanted.bound;
        if (fits && (!best || better(front[i], front[*best], objectives, other))) {
            best = i;
        }
    }
    if (!best) {
        throw UsageError(fmt::format("no point of the front has {} {} {}; it reaches from {:.4g} to {:.4g}{}",
                                     objectives[k].name,
                                     wanted.at_most ? "<=" : ">=", support::number(wanted.bound), low, high,
                                     objectives[k].name == "accuracy" ? " (accuracy is a fraction)" : ""));
    }
    return {*best};
}

std::vector<std::size_t> with_id(const std::string& id, std::span<const std::string> ids,
                                 std::span<const Objective> objectives) {
    std::vector<std::size_t> matches;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] == id) {
            return {i};
        }
        if (id.size() >= 4 && ids[i].starts_with(id)) {
            matches.push_back(i);
        }
    }
    if (matches.empty()) {
        throw UsageError(fmt::format("'{}' picks nothing from the front: {}", id, forms(objectives)));
    }
    if (matches.size() > 1) {
        throw UsageError(fmt::format("'{}' is the beginning of {} ids, among them {} and {}; give more of it",
                                     id, matches.size(), ids[matches[0]], ids[matches[1]]));
    }
    return matches;
}

} // namespace

std::vector<std::size_t> pick(const std::string& expression, std::span<const Candidate> front,
                              std::span<const Objective> objectives, std::span<const std::string> ids) {
    const std::string text = trim(expression);
    if (text == "knee") {
        return {knee(front, objectives)};
    }
    if (text == "all") {
        std::vector<std::size_t> all(front.size());
        std::iota(all.begin(), all.end(), 0);
        return all;
    }
    if (const auto count = read_spread(text, objectives)) {
        const auto first = std::ranges::find(objectives, false, &Objective::bounds_only);
        return spread(front, static_cast<std::size_t>(first - objectives.begin()), *count);
    }
    if (const auto wanted = read_within(text, objectives)) {
        return within(*wanted, front, objectives);
    }
    return with_id(text, ids, objectives);
}

void check_pick(const std::string& expression, std::span<const Objective> objectives) {
    std::string text = trim(expression);
    for (const std::string_view group : {"random:", "scaled:"}) {
        if (text.starts_with(group)) {
            text = trim(text.substr(group.size()));
            break;
        }
    }
    const bool id = text.size() >= 4 && text.size() <= 16 &&
                    text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (text == "knee" || text == "all" || text == "reference" || id || read_spread(text, objectives) ||
        read_within(text, objectives)) {
        return;
    }
    throw UsageError(fmt::format("'{}' picks nothing: {}", text, forms(objectives)));
}

} // namespace tessera::nas
