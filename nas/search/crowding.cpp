#include "nas/search/crowding.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
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
        // Fronts come by their first cost, and so in two dimensions by falling second cost.
        if (std::ranges::adjacent_find(order, [&](auto a, auto b) { return !(cost(a) > cost(b)); }) ==
            order.end()) {
            std::reverse(order.begin(), order.end());
        } else if (!std::ranges::is_sorted(order, {}, cost)) {
            std::ranges::stable_sort(order, {}, cost);
        }
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
    // The most crowded on top. A distance that has changed is pushed again; what is on top and no longer true
    // is passed over.
    using Entry = std::pair<double, std::size_t>;
    std::vector<double> distances(front.size());
    std::vector<Entry> heap;
    heap.reserve(3 * front.size());
    for (std::size_t m = 0; m < front.size(); ++m) {
        distances[m] = distance(costs, front, all, m);
        heap.emplace_back(distances[m], m);
    }
    std::make_heap(heap.begin(), heap.end(), std::greater<>());
    std::vector<char> removed(front.size(), 0);
    for (std::size_t left = front.size(); left > count;) {
        std::pop_heap(heap.begin(), heap.end(), std::greater<>());
        const auto [least, m] = heap.back();
        heap.pop_back();
        if (removed[m] != 0 || distances[m] != least) {
            continue;
        }
        removed[m] = 1;
        --left;
        for (Chain& chain : all) {
            const std::size_t before = chain.before[m], after = chain.after[m];
            if (before != none) {
                chain.after[before] = after;
            }
            if (after != none) {
                chain.before[after] = before;
            }
        }
        for (std::size_t k = 0; k < all.size(); ++k) {
            for (const std::size_t neighbour : {all[k].before[m], all[k].after[m]}) {
                // In two dimensions both chains nearly always have the same neighbours.
                const bool seen = std::any_of(
                    all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k),
                    [&](const Chain& c) { return c.before[m] == neighbour || c.after[m] == neighbour; });
                if (neighbour == none || seen) {
                    continue;
                }
                const double now = distance(costs, front, all, neighbour);
                if (now != distances[neighbour]) {
                    distances[neighbour] = now;
                    heap.emplace_back(now, neighbour);
                    std::push_heap(heap.begin(), heap.end(), std::greater<>());
                }
            }
        }
    }
    std::vector<std::size_t> kept;
    for (std::size_t m = 0; m < front.size(); ++m) {
        if (removed[m] == 0) {
            kept.push_back(front[m]);
        }
    }
    return kept;
}

} // namespace tessera::nas
