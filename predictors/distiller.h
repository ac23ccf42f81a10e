// Fills a block library: every choice of every block learns to imitate the reference (DONNA, arXiv
// 2012.08859).
#pragma once

#include "predictors/memory_plan.h"
#include "predictors/shared_pass.h"

namespace tessera::predictors {

struct DistilReport {
    std::int64_t trained = 0, skipped = 0, unusable = 0, groups = 0;
    double learning_rate = 0;
    std::int64_t planned_bytes = 0; ///< of the largest group
};

/// Trains what the library does not hold yet and writes its table. `reference_state` are the reference's
/// weights. Each entry is stored when its group has been evaluated; a pass that was killed goes on from its
/// last checkpoint. A choice that diverges is trained once more at a tenth of the learning rate, then marked
/// unusable.
DistilReport distil(PassContext context, const BlockLibrary& library,
                    const training::TensorMap& reference_state);

/// The learning rate of 3e-4, 1e-3, 3e-3, 1e-2 with the smallest mean log loss at the end of a short pass of
/// a few seeded choices a block.
double search_learning_rate(const PassContext& context);

/// Bytes that a student needs, measured on two small batches and extrapolated to `batch` images.
StudentMemory measure_memory(const PassContext& context, std::size_t block, std::size_t choice,
                             std::int64_t batch);

} // namespace tessera::predictors
