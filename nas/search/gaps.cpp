#include "nas/search/gaps.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tessera::nas {

std::vector<std::size_t> fill_gaps(std::span<const double> costs, std::span<const double> others,
                                   std::span<const char> open, std::size_t count) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    struct Gap {
        double gain;
        std::size_t first, last, best; ///< open members first..last-1
        bool operator<(const Gap& other) const {
            return gain != other.gain ? gain < other.gain : first > other.first;
        }
    };
    const std::size_t n = open.size();
    const auto gap = [&](std::size_t first, std::size_t last) {
        Gap g{infinite, first, last, first};
        if (first > 0 && last == n) {
            g.best = last - 1; // of an open end the outermost counts
        } else if (first > 0 && !others.empty()) {
            const double right = costs[last], left = others[first - 1];
            double most = -1;
            std::size_t best = first;
            for (std::size_t i = first; i < last; ++i) {
                const double gain = (right - costs[i]) * (left - others[i]);
                best = gain > most ? i : best;
                most = gain > most ? gain : most;
            }
            g.gain = most;
            g.best = best;
        }
        return g;
    };
    std::vector<Gap> heap;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t first = i;
        while (i < n && open[i] != 0) {
            ++i;
        }
        if (i > first) {
            heap.push_back(gap(first, i));
        }
    }
    std::make_heap(heap.begin(), heap.end());
    std::vector<std::size_t> chosen;
    while (chosen.size() < count && !heap.empty()) {
        std::pop_heap(heap.begin(), heap.end());
        const Gap g = heap.back();
        heap.pop_back();
        chosen.push_back(g.best);
        for (const auto& [first, last] : {std::pair(g.first, g.best), std::pair(g.best + 1, g.last)}) {
            if (first < last) {
                heap.push_back(gap(first, last));
                std::push_heap(heap.begin(), heap.end());
            }
        }
    }
    return chosen;
}

} // namespace tessera::nas
