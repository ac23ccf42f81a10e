// The state of a training between two steps, as one safetensors file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "training/safetensors.h"
#include "training/trainer.h"

namespace tessera::training {

/// How far an epoch has come.
struct OpenEpoch {
    std::int64_t steps = 0; ///< taken; 0: not begun
    double loss_sum = 0, seconds = 0;
    std::int64_t correct = 0;
};

struct Checkpoint {
    std::vector<EpochMetrics> history; ///< one entry for each finished epoch
    OpenEpoch open;                    ///< of the epoch after them
    TensorMap tensors;                 ///< "model.", "optimizer." and "average." with the names of each
};

/// Hash of the context's fingerprint and of everything else that shapes the result besides network and
/// images' content: a training with another number of epochs has another schedule from its first step on.
std::string training_fingerprint(const TrainOptions& options, const TrainContext& context,
                                 const Datasets& data);

/// Atomic. `fingerprint` says what the training is made from.
void write_checkpoint(const std::filesystem::path& file, const std::string& fingerprint,
                      const Checkpoint& checkpoint);

/// Empty where there is no file, where it has another fingerprint, or (with a warning) where it is damaged.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& file, const std::string& fingerprint);

} // namespace tessera::training
