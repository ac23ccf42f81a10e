// What of a stage's work is done although the stage has not finished.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nas/fine_tuning.h"
#include "training/image_counts.h"

namespace tessera::nas {

/// As far as it can be told before the stages above have finished: what depends on them counts as not begun.
struct Standing {
    double constructed = 0; ///< share (0..1) of the construction's iterations
    double taught = 0;      ///< share (0..1) of the reference's training
    /// [block][choice] share (0..1) of its distillation; 1: in the library. Empty: none of any.
    std::vector<std::vector<double>> distilled;
    std::optional<TuningProgress> samples, models; ///< nothing where it is not known yet which they are
};

/// Of the run's files only headers are read, and the weights of finished networks. `images` are those of the
/// data set.
Standing standing_of(const StageContext& context, const training::ImageCounts& images);

/// Share (0..1) of a stage's training that is done; 0 where nothing is known of any.
double share_of(const Standing& standing, const std::string& stage);

} // namespace tessera::nas
