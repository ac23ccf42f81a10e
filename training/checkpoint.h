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
    double share = 0;                  ///< of the whole training that is done, 0..1
};

/// Hash of the context's fingerprint and of everything else that shapes the result besides network and
/// images' content: a training with another number of epochs has another schedule from its first step on.
std::string training_fingerprint(const TrainOptions& options, const TrainContext& context,
                                 const Datasets& data);

/// Atomic. `fingerprint` says what the training is made from; `made_from` is the part of it that is known
/// before the images are (TrainContext::fingerprint).
void write_checkpoint(const std::filesystem::path& file, const std::string& fingerprint,
                      const std::string& made_from, const Checkpoint& checkpoint);

/// Share (0..1) of a training made from `made_from` that a checkpoint holds; 0 where there is none of it.
/// Reads the file's header alone; a damaged one counts as none.
double checkpoint_share(const std::filesystem::path& file, const std::string& made_from);

/// Empty where there is no file, where it has another fingerprint, or (with a warning) where it is damaged.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& file, const std::string& fingerprint);

} // namespace tessera::training
