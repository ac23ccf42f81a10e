// Ridge regression whose penalties are integrated out: for samples too few to choose them by.
#pragma once

#include <span>
#include <vector>

#include "predictors/matrix.h"

namespace tessera::predictors {

/// Columns whose weights share one normal prior around 0. The prior's standard deviation is such that the
/// columns together vary by s standard deviations of the target; log s is uniform within sqrt(3) of `centre`.
struct FeatureGroup {
    Matrix x;
    double centre = 0;
};

struct BayesianFit {
    double intercept = 0;
    std::vector<double> weights; ///< one a column of all groups, in their order and in the columns' own units
    /// Log of the probability of the targets, up to a constant that depends on their number alone: fits of
    /// other features to the same targets compare by it.
    double log_evidence = 0;
};

/// The posterior mean for each target, the prior scales of the groups and of the noise (`noise_centre`)
/// integrated out over a fixed low-discrepancy set of points, each weighted by its evidence (MacKay,
/// "Bayesian interpolation", 1992, but averaged over where he maximises). Constant columns get weight 0, a
/// constant target its mean. Throws std::invalid_argument with fewer than two rows, ragged sizes, values that
/// are not finite.
std::vector<BayesianFit> fit_bayesian(std::span<const FeatureGroup> groups, double noise_centre,
                                      std::span<const std::vector<double>> targets);

} // namespace tessera::predictors
