// Procedural images for examples and tests: nothing to download, harder than a linear model can do.
#pragma once

#include <cstdint>

#include "training/datasets/raw.h"

namespace tessera::training {

struct SyntheticOptions {
    std::int64_t train = 4000, test = 1000;
    std::int64_t classes = 10; ///< 2..20
    std::int64_t size = 16;    ///< side in pixels, 8..64
    std::int64_t channels = 3; ///< 3, or 1 for grey
    std::uint64_t seed = 1;
};

/// Every image is drawn by a generator of its own, seeded with (seed, split, index): the result depends
/// neither on threads nor on how many images are drawn, and is the same on every machine. Labels go round the
/// classes in order.
RawDatasets synthesize(const SyntheticOptions& options);

} // namespace tessera::training
