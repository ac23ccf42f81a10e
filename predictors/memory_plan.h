// Which students fit into one shared pass. Torch-free.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tessera::predictors {

/// What one student needs, in bytes.
struct StudentMemory {
    std::int64_t resident = 0; ///< weights, gradients, optimiser moments: held for the whole pass
    std::int64_t graph = 0;    ///< activations and temporaries of one step: held while its task runs
};

/// Cuts the students, in their order, into groups such that
///     boundary + sum of resident + workers * largest graph <= budget
/// in each (fewer workers' graphs count where a group has fewer students). A student that does not fit alone
/// gets a group of its own. Returns indices; every student is in exactly one group.
std::vector<std::vector<std::size_t>> plan_groups(std::span<const StudentMemory> students,
                                                  std::int64_t boundary, std::int64_t workers,
                                                  std::int64_t budget);

} // namespace tessera::predictors
