#include "predictors/settling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "predictors/ranking.h"

namespace tessera::predictors {

void SettlingTest::add(std::int64_t step, std::span<const double> statistic) {
    std::vector<double> values(statistic.begin(), statistic.end());
    for (double& value : values) {
        // Statistics are at least 0; ranks alone count.
        value = std::isnan(value) ? -1 : std::min(value, std::numeric_limits<double>::max());
    }
    const double correlation = last_.size() == values.size() ? spearman_rho(last_, values)
                                                             : std::numeric_limits<double>::quiet_NaN();
    curve_.push_back({step, correlation});
    last_ = std::move(values);
}

void SettlingTest::restore(std::vector<Point> curve, std::vector<double> latest) {
    curve_ = std::move(curve);
    last_ = std::move(latest);
}

bool SettlingTest::settled() const {
    const auto needed = static_cast<std::size_t>(options_.snapshots);
    return curve_.size() > needed && // the first snapshot has none before it
           std::all_of(curve_.end() - static_cast<std::ptrdiff_t>(needed), curve_.end(),
                       [&](const Point& point) { return point.correlation >= options_.correlation; });
}

} // namespace tessera::predictors
