// Ridge regression whose target may only rise, or only fall, with every feature.
#pragma once

#include <span>

#include "predictors/ridge.h"

namespace tessera::predictors {

enum class Trend { rising, falling };

/// Minimises sum (y - intercept - sum_j w_j z_j)^2 + lambda sum w_j^2 over weights of one sign, z being the
/// standardised columns; coordinate descent on the normal equations, which converges as they are strictly
/// convex. Constant columns get weight 0. Lambda is the one of 1e-4 .. 1e4 times the number of rows, two a
/// decade, with the smallest leave-one-out error, in closed form with the features that are in use kept.
/// Throws std::invalid_argument as fit_ridge does.
///
/// Noise in a block never helps the network; without the sign, a dozen samples let a second-order fit
/// extrapolate to networks that are better than their reference, and a search finds exactly those.
RidgeFit fit_monotone(const Matrix& x, std::span<const double> y, Trend trend);

} // namespace tessera::predictors
