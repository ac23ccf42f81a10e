// The learning rates that a search tries. Torch-free.
#pragma once

#include <functional>
#include <vector>

namespace tessera::predictors {

/// The learning rate with the smallest score of 3e-4, 1e-3, 3e-3, 1e-2, the smaller of equals; while the
/// largest so far wins, 3e-2 and 1e-1 are tried as well. Warns where 1e-1 wins. `scores` returns one finite
/// number a rate and is called for rates that it has not seen.
double best_rate(const std::function<std::vector<double>(const std::vector<double>&)>& scores);

} // namespace tessera::predictors
