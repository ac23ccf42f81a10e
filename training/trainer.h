// The training loop: one network, labelled images, optionally a teacher.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "search_spaces/block_module.h"
#include "support/config.h"
#include "support/progress.h"
#include "training/batches.h"
#include "training/dataset.h"
#include "training/optimizer.h"
#include "training/schedule.h"
#include "training/task.h"
#include "training/training_observer.h"

namespace tessera::training {

struct TrainOptions {
    std::int64_t epochs = 10, batch = 128;
    std::int64_t train_limit = 0; ///< images an epoch visits (the first ones of the epoch's order); 0: all
    Schedule schedule;
    double label_smoothing = 0;
    double ema = 0; ///< decay of the weights' moving average used for evaluation and as the result; 0: off
    bool autocast = false;          ///< bf16; CUDA only
    double distillation_weight = 0; ///< share of the teacher's soft labels in the loss, 0..1
    double temperature = 1;
    OptimizerOptions optimizer;
    AugmentOptions augment;

    /// Reads a section such as `teach` or `finetune`; defaults are the object's own.
    void read(support::Section& section);
    /// Everything that shapes a result, as YAML.
    std::string essence() const;
};

struct EpochMetrics {
    std::int64_t epoch = 0; ///< from 1
    double learning_rate = 0, train_loss = 0, train_accuracy = 0, validation_accuracy = 0,
           validation_loss = 0, seconds = 0;
};

struct TrainResult {
    std::vector<EpochMetrics> history;
    double validation_accuracy = 0; ///< after the last epoch, fraction; NaN where it was not taken
    bool diverged = false;          ///< loss or weights were not finite, and the observer made do with that
};

/// Everything around the loop.
struct TrainContext {
    torch::Device device = torch::kCPU;
    int threads = 1;
    std::uint64_t seed = 0;
    std::string label = "teach"; ///< of the progress line
    /// Written after every epoch, within one every `checkpoint_seconds` and on interruption; removed never;
    /// empty: none.
    std::filesystem::path checkpoint;
    double checkpoint_seconds = 60;
    std::string fingerprint; ///< of what the checkpoint was made from: one of another fingerprint is ignored
    /// The network starts from trained weights: blocks with a task of their own have it behind them.
    bool tuning = false;
    /// Needed where distillation_weight > 0. Used as it is, perhaps by several trainings at once: evaluation
    /// mode, on `device`.
    search_spaces::Network teacher{nullptr};
    /// In place of the schedule's cosines.
    std::optional<SteadySchedule> steady;
    /// Steps between validations, at ends of epochs and after the last in any case: where epochs are short
    /// and nothing depends on it. The epochs between have no validation in the history (NaN).
    std::int64_t validate_every = 1;
    TrainingObserver* observer = nullptr;  ///< not owned
    support::Progress* progress = nullptr; ///< advanced by images instead of a progress line of its own
    /// Called after every epoch, once its checkpoint is written.
    std::function<void(const std::vector<EpochMetrics>& so_far)> after_epoch;
};

/// Evaluation mode, fixed batches of 128 in channels-last: the same bits for any thread count. Calls
/// check_interrupt() before every batch.
Evaluation evaluate(search_spaces::Network& network, const Dataset& data, const Normalisation& normalisation,
                    torch::Device device, Confusions confusions = Confusions::left_out);

/// Trains in place and leaves the network in evaluation mode on the context's device. Continues from the
/// checkpoint when one of the same fingerprint exists; the result has the same bits as without the
/// interruption. Where the context's observer has seen enough, the history ends with the epoch under way,
/// which has no validation (NaN). Calls check_interrupt() after every step and within validation, and
/// writes a checkpoint before Interrupted leaves it. epochs = 0 only evaluates. Throws RunError when the loss
/// is not finite, unless the observer makes do with what it has seen until then.
TrainResult train(search_spaces::Network& network, const Datasets& data, const TrainOptions& options,
                  const TrainContext& context);

/// Per-epoch metrics as CSV text and as an SVG curve of what the task calls its accuracy.
std::string history_csv(const std::vector<EpochMetrics>& history);
std::string history_svg(const std::vector<EpochMetrics>& history, const std::string& title,
                        std::string_view accuracy_name = "accuracy");

} // namespace tessera::training
