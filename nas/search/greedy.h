// Greedy selection: the yardstick of the other searches. Torch-free.
#pragma once

#include <cstdint>

#include "nas/search/search.h"

namespace tessera::nas {

/// From the first genome (all zeros; of a subset: nothing selected) again and again the change of one block
/// that improves most, until none improves. Bounds come first: outside them only changes to less violation
/// count, and the least violation wins; inside, a change never leaves them. Equal changes: the first block's
/// first choice.
///
/// With several objectives such a path leads to each one's best. From there, towards each other objective, a
/// path takes the change with the most gain in it for the loss in the rest (sum over objectives, each
/// relative to its width over the bests; changes without loss first, by gain), until nothing gains. The front
/// is that of all genomes met.
///
/// Stops within a step when `evaluations` are used up. No genome is evaluated twice; evaluation is parallel
/// and the result independent of it. The method has no chance in it: `seed` is there so that searches can be
/// exchanged, and changes nothing. One entry of generation_fronts a step. Throws std::invalid_argument for
/// fewer than one evaluation and for problems without content.
SearchResult greedy(const Problem& problem, std::int64_t evaluations, std::uint64_t seed = 0);

} // namespace tessera::nas
