// Rendered scenes with the depth of every pixel: a regression at every place of the image, with nothing to
// download.
#pragma once

#include <cstdint>

#include "training/datasets/raw.h"

namespace tessera::training {

struct SyntheticDepthOptions {
    std::int64_t train = 4000, test = 1000;
    std::int64_t size = 64;    ///< side in pixels
    std::int64_t channels = 3; ///< 3, or 1 for grey
    std::uint64_t seed = 1;
};

/// As synthesize(): every image has a generator of its own, seeded with (seed, split, index). Targets are
/// depths; the only class is called "depth", and every label is 0.
RawDatasets synthesize_depth(const SyntheticDepthOptions& options);

} // namespace tessera::training
