// What filters put out, over images: which of them carry signal, long before the accuracy tells.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::predictors {

/// Of one filter.
struct FilterStatistic {
    double mean_square = 0; ///< mean over positions of E_i[x^2], i the images
    double variance = 0;    ///< mean over positions of Var_i[x]
    bool dead = false;      ///< 0 for every image everywhere
};

/// Moments of a map of filters over images, in one pass: each position of each filter has a mean and a sum of
/// squared deviations of its own (Welford, 1962), and moments of different images merge (Chan, Golub and
/// LeVeque, 1983). Counted per image: neither the batches nor their order matter beyond rounding.
struct FilterMoments {
    std::int64_t filters = 0, positions = 0, images = 0;
    std::vector<double> mean, deviations; ///< positions x filters, filters fastest

    FilterMoments() = default;
    FilterMoments(std::int64_t filters, std::int64_t positions);
    /// Adds what `other` has seen. Throws std::invalid_argument for a map of another size.
    void merge(const FilterMoments& other);
    /// NaN where a filter's outputs were not finite; zeros before the first image.
    std::vector<FilterStatistic> per_filter() const;
};

/// Filters that lie side by side: a branch of a cell, or all of a layer.
struct BranchStatistic {
    std::string branch; ///< empty: all of the layer's filters
    std::int64_t filters = 0;
    double mean_square = 0, variance = 0, dead_share = 0; ///< means over the filters; share 0 to 1
};

/// Of consecutive filters, `counts` in order. Throws std::invalid_argument where they do not add up to all.
std::vector<BranchStatistic> per_branch(const std::vector<FilterStatistic>& filters,
                                        const std::vector<std::pair<std::string, std::int64_t>>& counts);

} // namespace tessera::predictors
