// Columns of mean 0 and variance 1, on which a penalty is fair.
#pragma once

#include <vector>

#include "predictors/ridge.h"

namespace tessera::predictors {

/// z = (x - mean) / scale, scale being the population's standard deviation. A column that is constant but for
/// rounding becomes 0 with scale 1: whatever is fitted on it has weight 0, and a value that differs later
/// changes no prediction.
struct Standardised {
    Matrix z;
    std::vector<double> mean, scale;
};

/// Throws std::invalid_argument with fewer than two rows, a wrong size or a value that is not finite.
Standardised standardise(const Matrix& x);

} // namespace tessera::predictors
