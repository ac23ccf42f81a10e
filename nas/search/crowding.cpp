#include "nas/search/crowding.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

namespace tessera::nas {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);
constexpr double infinite = std::numeric_limits<double>::infinity();

/// Per objective a linked list through the members in order of cost, so that removing one is O(1).
struct Chain {
    double width = 0;
    std::vector<std::size_t> before, after;
};

std::vector<Chain> chains(const Costs& costs, std::span<const std::size_t> front) {
    const std::size_t n = front.size();
    std::vector<Chain> all(costs.width());
    std::vector<std::size_t> order(n);
    for (std::size_t k = 0; k < all.size(); ++k) {
        const auto cost = [&](std::size_t m) { return costs.row(front[m])[k]; };
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return cost(a) < cost(b); });
        all[k].width = cost(order.back()) - cost(order.front());
        all[k].before.assign(n, none);
        all[k].after.assign(n, none);
        for (std::size_t i = 1; i < n; ++i) {
            all[k].before[order[i]] = order[i - 1];
            all[k].after[order[i - 1]] = order[i];
        }
    }
    return all;
}

double distance(const Costs& costs, std::span<const std::size_t> front, const std::vector<Chain>& all,
                std::size_t m) {
    double sum = 0;
    for (std::size_t k = 0; k < all.size(); ++k) {
        if (!(all[k].width > 0)) {
            continue;
        } // an objective that does not vary separates nobody
        const std::size_t before = all[k].before[m], after = all[k].after[m];
        if (before == none || after == none) {
            return infinite;
        }
        sum += (costs.row(front[after])[k] - costs.row(front[before])[k]) / all[k].width;
    }
    return sum;
}

} // namespace

std::vector<double> crowding(const Costs& costs, std::span<const std::size_t> front) {
    std::vector<double> distances(front.size());
    if (front.empty()) {
        return distances;
    }
    const auto all = chains(costs, front);
    for (std::size_t m = 0; m < front.size(); ++m) {
        distances[m] = distance(costs, front, all, m);
    }
    return distances;
}

std::vector<std::size_t> least_crowded(const Costs& costs, std::span<const std::size_t> front,
                                       std::size_t count) {
    if (front.size() <= count) {
        return {front.begin(), front.end()};
    }
    auto all = chains(costs, front);
    std::vector<double> distances(front.size());
    std::set<std::pair<double, std::size_t>> queue;
    for (std::size_t m = 0; m < front.size(); ++m) {
        distances[m] = distance(costs, front, all, m);
        queue.emplace(distances[m], m);
    }
    std::vector<bool> removed(front.size(), false);
    while (queue.size() > count) {
        const std::size_t m = queue.begin()->second;
        queue.erase(queue.begin());
        removed[m] = true;
        for (Chain& chain : all) {
            const std::size_t before = chain.before[m], after = chain.after[m];
            if (before != none) {
                chain.after[before] = after;
            }
            if (after != none) {
                chain.before[after] = before;
            }
            for (const std::size_t neighbour : {before, after}) {
                if (neighbour == none) {
                    continue;
                }
                queue.erase({distances[neighbour], neighbour});
                distances[neighbour] = distance(costs, front, all, neighbour);
                queue.emplace(distances[neighbour], neighbour);
            }
        }
    }
    std::vector<std::size_t> kept;
    for (std::size_t m = 0; m < front.size(); ++m) {
        if (!removed[m]) {
            kept.push_back(front[m]);
        }
    }
    return kept;
}

} // namespace tessera::nas
