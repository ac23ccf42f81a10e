// Ridge regressions of several targets at several penalties on one set of features, decomposed once.
#pragma once

#include <span>
#include <vector>

#include "predictors/standardise.h"

namespace tessera::predictors {

/// The standardised features Z in their principal axes, Z = U S V'. Fits need only U and S^2.
class RidgePath {
public:
    /// Throws std::invalid_argument with fewer than two rows, a wrong size or a value that is not finite.
    explicit RidgePath(const Matrix& x);

    RidgeFit fit(std::span<const double> y, double lambda) const;
    /// Lambda from the grid with the smallest leave-one-out error, the larger of equals.
    RidgeFit fit(std::span<const double> y) const;

private:
    struct Projected;
    Projected project(std::span<const double> y) const;
    std::vector<double> residuals(const Projected& target, double lambda) const;
    RidgeFit finish(std::span<const double> y, const Projected& target, double lambda) const;

    Standardised s_;
    std::vector<std::vector<double>> axes_; ///< columns of U whose singular value is not 0
    std::vector<double> squares_;           ///< their S^2
};

} // namespace tessera::predictors
