#include "predictors/filter_statistics.h"

#include <numeric>
#include <stdexcept>

namespace tessera::predictors {

FilterMoments::FilterMoments(std::int64_t filters_, std::int64_t positions_)
    : filters(filters_), positions(positions_), mean(static_cast<std::size_t>(filters_ * positions_)),
      deviations(mean.size()) {}

void FilterMoments::merge(const FilterMoments& other) {
    if (other.filters != filters || other.positions != positions) {
        throw std::invalid_argument("moments of maps of different sizes do not merge");
    }
    if (other.images == 0) {
        return;
    }
    const auto own = static_cast<double>(images), added = static_cast<double>(other.images);
    const double all = own + added;
    for (std::size_t i = 0; i < mean.size(); ++i) {
        const double step = other.mean[i] - mean[i];
        mean[i] += step * added / all;
        deviations[i] += other.deviations[i] + step * step * own * added / all;
    }
    images += other.images;
}

std::vector<FilterStatistic> FilterMoments::per_filter() const {
    std::vector<FilterStatistic> result(static_cast<std::size_t>(filters));
    if (images == 0) {
        return result;
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
        FilterStatistic& filter = result[i % result.size()];
        const double variance = deviations[i] / static_cast<double>(images);
        filter.variance += variance;
        filter.mean_square += variance + mean[i] * mean[i];
    }
    for (FilterStatistic& filter : result) {
        filter.dead = filter.mean_square == 0;
        filter.variance /= static_cast<double>(positions);
        filter.mean_square /= static_cast<double>(positions);
    }
    return result;
}

std::vector<BranchStatistic> per_branch(const std::vector<FilterStatistic>& filters,
                                        const std::vector<std::pair<std::string, std::int64_t>>& counts) {
    std::vector<BranchStatistic> result;
    std::size_t next = 0;
    for (const auto& [name, count] : counts) {
        BranchStatistic branch{name, count};
        if (count < 1 || next + static_cast<std::size_t>(count) > filters.size()) {
            throw std::invalid_argument("branches do not add up to their layer's filters");
        }
        for (std::int64_t i = 0; i < count; ++i) {
            const FilterStatistic& filter = filters[next++];
            branch.mean_square += filter.mean_square / static_cast<double>(count);
            branch.variance += filter.variance / static_cast<double>(count);
            branch.dead_share += (filter.dead ? 1.0 : 0.0) / static_cast<double>(count);
        }
        result.push_back(branch);
    }
    if (next != filters.size()) {
        throw std::invalid_argument("branches do not add up to their layer's filters");
    }
    return result;
}

} // namespace tessera::predictors
