// Batches: which images, augmented how, as the network wants them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "support/config.h"
#include "training/crop_box.h"
#include "training/dataset.h"

namespace tessera::training {

struct AugmentOptions {
    bool flip = true; ///< left-right with probability 1/2
    std::int64_t pad =
        4; ///< padding with the mean on each side before a random crop of the input's size; 0: none
    std::int64_t cutout = 0; ///< side of a square set to the mean at a random place; 0: none
    /// A part of random area and proportions (draw_crop_box()) scaled to the input's size, instead of the
    /// padded crop.
    bool random_resized_crop = false;
    CropRange crop{};
    void read(support::Section section);
    /// Everything that shapes a result, as a YAML mapping in one line.
    std::string essence() const;
};

struct Batch {
    torch::Tensor images; ///< B x C x H x W float32, normalised, channels-last
    torch::Tensor labels; ///< B int64
    /// B x 1 x H x W float32, or undefined as the data set's are: shifted and mirrored as the images. What
    /// padding shows has none (NaN), nor has a part that was scaled, since a thing's size tells its depth.
    torch::Tensor targets{};
};

/// The order in which an epoch visits `count` images: a permutation that depends on (seed, epoch) alone.
std::vector<std::int64_t> epoch_order(std::int64_t count, std::uint64_t seed, std::int64_t epoch);

/// Images of the given rows, cut to the data set's crop: without `augment` the centre. With it, image i of
/// the data set is changed by a generator seeded with (seed, i) only, so the result does not depend on batch
/// size or order; a caller that wants other changes every epoch derives a seed for each. Works on the calling
/// thread. Throws std::out_of_range for a row that the data set does not have.
Batch make_batch(const Dataset& data, std::span<const std::int64_t> rows, const Normalisation& normalisation,
                 const AugmentOptions* augment = nullptr, std::uint64_t seed = 0);

} // namespace tessera::training
