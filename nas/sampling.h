// Which architectures are fine-tuned to fit the predictor.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::nas {

/// `count` distinct genomes that cover the range of quality. Per block the choices are sorted by quality
/// (ascending NSR; unusable ones, not finite, are left out) and cut into equal strata; a Latin hypercube draw
/// puts every sample in another stratum of each block, half of the draws with strata correlated across blocks
/// so that uniformly good and uniformly poor networks occur (independent draws concentrate around the
/// middle). The all-reference genome (index 0 everywhere) is the first sample. `quality[b][m]`: NSR of choice
/// m of block b. Throws RunError when a block has no usable choice.
std::vector<std::vector<int>> quality_spread(const std::vector<std::vector<double>>& quality,
                                             std::int64_t count, std::uint64_t seed);

} // namespace tessera::nas
