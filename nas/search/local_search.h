// Pareto local search, a strategy of its own beside the evolutionary one.
#pragma once

#include <cstdint>

#include "nas/search/search.h"

namespace tessera::nas {

/// Pareto local search (Paquete, Chiarandini, Stützle 2004): an archive of everything non-dominated, whose
/// members are changed in one block at a time until no single change of any member joins it; then random
/// genomes start it again, with the archive kept. Starts with each block's first choice. It needs no
/// parameters and models nothing; where a block has hundreds of choices nsga2() needs far fewer evaluations.
/// Evaluates at most so many distinct genomes, in batches of at most 100, each an entry of the hypervolume
/// curve. `ended` says "5000 evaluations, 2 local optima" or "space exhausted after 64 evaluations".
/// Evaluation is parallel and the result independent of it. `seed` fixes everything.
/// Throws std::invalid_argument for a problem without content and for fewer than one evaluation.
SearchResult local_search(const Problem& problem, std::int64_t evaluations, std::uint64_t seed);

} // namespace tessera::nas
