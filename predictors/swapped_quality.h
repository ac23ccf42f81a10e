// What a choice does to the whole reference when it takes its block's place.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "predictors/block_library.h"
#include "training/dataset.h"

namespace tessera::predictors {

/// Measures of a choice's error beside the library's NSR, all >= 0 and 0 for the reference's own block; NaN
/// where the entry is unusable.
struct SwappedQuality {
    double nsr = 0;            ///< of the block's output, variances taken on the same images
    double relative_error = 0; ///< squared error of the block's output relative to its squared length
    double propagated_nsr = 0; ///< of the last block's output, the reference's later blocks in between
    double loss_rise = 0;      ///< of the task's loss (cross entropy: nats); 0 where it falls
    double accuracy_drop = 0;  ///< fraction; 0 where it rises
    // Filter statistics, where they are asked for; else NaN.
    double dead_share = 0;    ///< of the choice's filters, 0 to 1; the reference's own block may have some
    double variance_loss = 0; ///< |1 - variance over images of its output / of the reference's|
};

/// [block][choice], the reference's own included, from one pass over `images`; on the CPU choices are taken
/// side by side by `workers` threads. Equal bits for any number of them. Throws RunError where the library
/// lacks an entry.
std::vector<std::vector<SwappedQuality>>
swapped_qualities(const search_spaces::SearchSpace& space, search_spaces::Network& reference,
                  const BlockLibrary& library, const training::Dataset& images,
                  const training::Normalisation& normalisation, torch::Device device, int workers,
                  bool statistics = false);

/// Of some choices, (block, choice), alone: the same bits as among all.
std::vector<SwappedQuality> swapped_qualities(std::span<const std::pair<std::size_t, std::size_t>> choices,
                                              const search_spaces::SearchSpace& space,
                                              search_spaces::Network& reference, const BlockLibrary& library,
                                              const training::Dataset& images,
                                              const training::Normalisation& normalisation,
                                              torch::Device device, int workers, bool statistics = false);

} // namespace tessera::predictors
