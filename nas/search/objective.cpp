#include "nas/search/objective.h"

#include <cmath>

namespace tessera::nas {
namespace {

/// 0 for what sums of decimal numbers are off by: 0.1 + 0.2 keeps to a bound of 0.3.
double relative_miss(double distance, double bound) {
    const double miss = distance / (bound == 0 ? 1.0 : std::abs(bound));
    return bound != 0 && miss < 1e-12 ? 0.0 : miss;
}

} // namespace

double Objective::violation(double value) const {
    if (low && value < *low) {
        return relative_miss(*low - value, *low);
    }
    if (high && value > *high) {
        return relative_miss(value - *high, *high);
    }
    return 0;
}

bool dominates(const Candidate& a, const Candidate& b, std::span<const Objective> objectives) {
    if (a.violation != b.violation) {
        return a.violation < b.violation;
    }
    bool better = false;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        if (objectives[k].bounds_only) {
            continue;
        }
        const double sign = objectives[k].direction == Direction::minimize ? 1 : -1;
        const double x = sign * a.values[k], y = sign * b.values[k];
        if (!(x <= y)) {
            return false;
        }
        better = better || x < y;
    }
    return better;
}

} // namespace tessera::nas
