// Fills a block library: every choice of every block learns to imitate the reference (DONNA, arXiv
// 2012.08859).
#pragma once

#include "predictors/pass_plan.h"

namespace tessera::predictors {

/// What one call did.
struct DistilReport {
    std::int64_t trained = 0, skipped = 0, unusable = 0, groups = 0;
    std::int64_t student_steps = 0; ///< one student's step each, those of earlier calls not among them
    double learning_rate = 0;
    std::int64_t planned_bytes = 0; ///< of the largest group
};

/// Trains what the library does not hold yet, tries it in the reference and writes the library's table.
/// `reference_state` are the reference's weights. Each entry is stored when its group has been evaluated;
/// what was killed before goes on from each choice's last checkpoint, with the same results. A choice that
/// diverges is trained once more at a tenth of the learning rate, then marked unusable; one that has merely
/// not learnt is kept, with a warning.
DistilReport distil(PassContext context, const BlockLibrary& library,
                    const training::TensorMap& reference_state);

} // namespace tessera::predictors
