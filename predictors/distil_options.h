// How the choices of a space are distilled.
#pragma once

#include <cstdint>

#include "support/config.h"
#include "training/batches.h"

namespace tessera::predictors {

/// Images in a batch of calibration and evaluation: fixed, so that quality has the same bits everywhere.
inline constexpr std::int64_t kEvaluationBatch = 128;

/// What a choice starts from that is the reference's own block with fewer filters or smaller kernels.
enum class StudentStart {
    fresh,      ///< seeded random weights, as all other choices do
    statistics, ///< the reference's filters of the largest mean square over images
    magnitude,  ///< those of the largest weights
    random      ///< any of them
};

struct DistilOptions {
    std::int64_t epochs = 1, batch = 128;
    std::int64_t train_limit = 0;           ///< training images per epoch; 0: all
    double learning_rate = 0;               ///< Adam's, at the top of the cosine; 0: searched once per space
    std::int64_t pilot_batches = 40;        ///< of the learning rate's search
    double clip = 1;                        ///< of each student's gradient norm; 0: none
    std::int64_t calibration_images = 2048; ///< for the variance of the reference's maps
    std::int64_t settle_images = 2048;      ///< for BatchNorm statistics before quality is taken
    std::int64_t held_out_images = 0;       ///< validation images for quality; 0: all
    std::int64_t inspect_images = 2048;     ///< of those, for the rise of the loss; 0: not taken
    StudentStart start = StudentStart::statistics;
    std::int64_t workers = 0;      ///< students trained at once, one thread each; 0: the thread budget
    std::int64_t memory_mb = 4096; ///< of the pass; students that do not fit go to further passes
    double checkpoint_seconds = 60;
    training::AugmentOptions augment;

    /// Reads the `distil` section.
    static DistilOptions read(support::Section section);
    /// What training and its results depend on, as text (not workers, memory or checkpoints, nor what is
    /// looked at afterwards: inspect_images).
    std::string essence() const;
};

} // namespace tessera::predictors
