// One pass of the reference over the data, from which all students of a group learn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "predictors/distil_options.h"
#include "predictors/student.h"
#include "search_spaces/narrowing.h"
#include "support/progress.h"
#include "training/dataset.h"

namespace tessera::predictors {

/// Everything the passes share.
struct PassContext {
    const search_spaces::SearchSpace& space;
    search_spaces::Network reference; ///< evaluation mode, on `device`
    const training::Datasets& data;
    const DistilOptions& options;
    torch::Device device = torch::kCPU;
    int workers = 1;
    std::uint64_t seed = 0;
    std::vector<torch::Tensor> variance; ///< per block: of its output's channels
    /// Per block, what the reference's filters are worth to choices that start from them; empty: none does.
    std::vector<search_spaces::FilterScores> scores = {};
};

/// What each of the reference's blocks receives and makes of one batch.
struct Maps {
    std::vector<torch::Tensor> inputs, outputs;
};

/// Calls `task(student, maps, batch)` for every student and every batch from `first` on, in the order of
/// batches for each student; students of one batch run side by side, one thread each, while the reference
/// computes the next batch's maps. No result depends on the number of workers. `after(batch)` runs between
/// batches, on the caller's thread.
void stream(const PassContext& context, std::vector<Student*> students, std::int64_t batches,
            const std::function<training::Batch(std::int64_t)>& batch_of,
            const std::function<void(Student&, const Maps&, std::int64_t)>& task,
            const std::function<void(std::int64_t)>& after, std::int64_t first = 0);

/// Steps of a whole pass: epochs x batches (the last partial batch of an epoch is left out).
std::int64_t steps_of(const PassContext& context);

/// Trains the students, which have `first` steps behind them, up to step `limit` (0: steps_of). `save(step)`
/// is called after the last step, every options.checkpoint_seconds, and on interruption before Interrupted is
/// thrown.
void train_together(const PassContext& context, const std::vector<Student*>& students, std::int64_t limit,
                    support::Progress& progress, std::int64_t first = 0,
                    const std::function<void(std::int64_t)>& save = {});

/// Validation images that quality is taken on: the first ones.
std::int64_t held_out_count(const PassContext& context);

/// Settles BatchNorm statistics on training images, then takes quality and moments on held-out ones.
void settle_and_evaluate(const PassContext& context, std::vector<Student*> students);

/// Variances of the reference's maps Y_1 .. Y_N over the first `images` training images, floored; warns about
/// dead channels.
std::vector<torch::Tensor> calibrate(const PassContext& context);

} // namespace tessera::predictors
