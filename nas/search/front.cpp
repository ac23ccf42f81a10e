#include "nas/search/front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "nas/search/non_dominated_sort.h"

namespace tessera::nas {

std::vector<Candidate> non_dominated(std::span<const Candidate> candidates,
                                     std::span<const Objective> objectives) {
    std::vector<std::size_t> all(candidates.size());
    std::iota(all.begin(), all.end(), 0);
    std::vector<Candidate> front;
    for (const std::size_t i : front_of(candidates, all, objectives)) {
        front.push_back(candidates[i]);
    }
    return front;
}

Scaling Scaling::of(std::span<const Candidate> front, std::span<const Objective> objectives) {
    Scaling scaling;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (const Candidate& c : front) {
            if (!c.feasible()) {
                continue;
            }
            low = std::min(low, c.values[k]);
            high = std::max(high, c.values[k]);
        }
        if (low > high) {
            low = high = 0;
        } // nobody
        const bool minimize = objectives[k].direction == Direction::minimize;
        const double ideal = minimize ? low : high, nadir = minimize ? high : low;
        scaling.ideal.push_back(ideal);
        const bool varies = high - low > 1e-9 * std::max(std::abs(low), std::abs(high)); // beyond rounding
        scaling.nadir.push_back(varies ? nadir : ideal + (minimize ? 1.0 : -1.0));
    }
    return scaling;
}

} // namespace tessera::nas
