#include "nas/search/non_dominated_sort.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tessera::nas {

Costs::Costs(std::span<const Objective> objectives) {
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        if (!objectives[k].bounds_only) {
            signs_.push_back(objectives[k].direction == Direction::minimize ? 1.0 : -1.0);
            sought_.push_back(k);
        }
    }
}

Costs::Costs(std::span<const Objective> objectives, std::span<const Candidate> candidates,
             std::span<const std::size_t> chosen)
    : Costs(objectives) {
    values_.reserve(chosen.size() * width());
    for (const std::size_t c : chosen) {
        add(candidates[c].values, candidates[c].violation);
    }
}

void Costs::add(std::span<const double> values, double violation) {
    for (std::size_t k = 0; k < width(); ++k) {
        const double cost = signs_[k] * values[sought_[k]];
        // Orders need numbers; candidates that have none share the last place by their violation anyway.
        values_.push_back(std::isinf(violation) || std::isnan(cost) ? 0.0 : cost);
    }
    violations_.push_back(violation);
}

void Costs::assign(const Costs& other, std::span<const std::size_t> rows) {
    values_.clear();
    violations_.clear();
    for (const std::size_t i : rows) {
        values_.insert(values_.end(), other.row(i), other.row(i) + width());
        violations_.push_back(other.violation(i));
    }
}

std::vector<std::vector<std::size_t>> sort_fronts(const Costs& costs, std::size_t enough) {
    struct Key { // what decides almost always, side by side
        double violation, first;
        std::size_t row;
    };
    std::vector<Key> order(costs.rows());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = {costs.violation(i), costs.row(i)[0], i};
    }
    std::sort(order.begin(), order.end(), [&](const Key& a, const Key& b) {
        if (a.violation != b.violation) {
            return a.violation < b.violation;
        }
        if (a.first != b.first) {
            return a.first < b.first;
        }
        if (costs.before(a.row, b.row)) {
            return true;
        }
        return a.row < b.row && !costs.before(b.row, a.row);
    });
    std::vector<std::vector<std::size_t>> fronts;
    std::vector<std::size_t> latest; // members of the fronts: in two dimensions only they can dominate
    std::size_t members = 0;
    std::ptrdiff_t first = 0; // the fronts before it have smaller violations, which dominate whatever follows
    for (std::size_t at = 0; at < order.size(); ++at) {
        const std::size_t i = order[at].row;
        if (at > 0 && order[at].violation != order[at - 1].violation) {
            first = std::ssize(fronts);
        }
        const auto dominated_by = [&](std::size_t m) { return costs.covers(m, i) && costs.before(m, i); };
        // Whoever is dominated by a front is dominated by all before it.
        const std::ptrdiff_t place =
            costs.width() <= 2
                ? std::partition_point(latest.begin() + first, latest.end(), dominated_by) - latest.begin()
                : std::partition_point(fronts.begin() + first, fronts.end(),
                                       [&](const std::vector<std::size_t>& front) {
                                           return std::any_of(front.rbegin(), front.rend(), dominated_by);
                                       }) -
                      fronts.begin();
        if (place == std::ssize(fronts)) {
            if (members >= enough) {
                continue;
            }
            fronts.emplace_back();
            latest.push_back(i);
        }
        fronts[static_cast<std::size_t>(place)].push_back(i);
        latest[static_cast<std::size_t>(place)] = i;
        ++members;
        // Fronts only grow: what those before the last hold is enough for good.
        while (fronts.size() > 1 && members - fronts.back().size() >= enough) {
            members -= fronts.back().size();
            fronts.pop_back();
            latest.pop_back();
        }
    }
    return fronts;
}

std::vector<std::size_t> front_of(std::span<const Candidate> candidates, std::span<const std::size_t> chosen,
                                  std::span<const Objective> objectives) {
    std::vector<std::size_t> feasible;
    for (const std::size_t c : chosen) {
        if (candidates[c].feasible()) {
            feasible.push_back(c);
        }
    }
    const Costs costs(objectives, candidates, feasible);
    std::vector<std::size_t> order(feasible.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](auto i, auto j) {
        if (costs.before(i, j)) {
            return true;
        }
        return !costs.before(j, i) && candidates[feasible[i]].genome < candidates[feasible[j]].genome;
    });
    std::vector<std::size_t> kept; // rows
    for (const std::size_t i : order) {
        const std::size_t oldest = costs.width() <= 2 && !kept.empty() ? kept.size() - 1 : 0;
        bool covered = false;
        for (std::size_t m = kept.size(); m-- > oldest && !covered;) {
            covered = costs.covers(kept[m], i);
        }
        if (!covered) {
            kept.push_back(i);
        }
    }
    std::vector<std::size_t> front;
    for (const std::size_t i : kept) {
        front.push_back(feasible[i]);
    }
    // Best first so far; by ascending value where the first objective is maximized.
    const auto first = std::ranges::find_if(objectives, [](const Objective& o) { return !o.bounds_only; });
    if (first != objectives.end() && first->direction == Direction::maximize) {
        std::reverse(front.begin(), front.end());
    }
    return front;
}

} // namespace tessera::nas
