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
    with_previous_.push_back(snapshots_.empty() ? std::numeric_limits<double>::quiet_NaN()
                                                : spearman_rho(snapshots_.back().values, values));
    snapshots_.push_back({step, std::move(values)});
}

bool SettlingTest::settled() const {
    const auto needed = static_cast<std::size_t>(options_.snapshots);
    return with_previous_.size() > needed && // the first snapshot has none before it
           std::all_of(with_previous_.end() - static_cast<std::ptrdiff_t>(needed), with_previous_.end(),
                       [&](double correlation) { return correlation >= options_.correlation; });
}

std::vector<SettlingTest::Point> SettlingTest::curve() const {
    std::vector<Point> points;
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
        points.push_back({snapshots_[i].step, with_previous_[i],
                          spearman_rho(snapshots_[i].values, snapshots_.back().values)});
    }
    return points;
}

} // namespace tessera::predictors
