// The exact Pareto front of additive tables, by dynamic programming over blocks. Torch-free.
#pragma once

#include <cstddef>
#include <vector>

#include "nas/search/search.h"
#include "nas/search/table_model.h"

namespace tessera::nas {

struct ExactOptions {
    /// Partial architectures that may be kept at once; beyond it the closest are merged, and the result
    /// carries the gap that this may have cost instead of 0.
    std::size_t label_limit = 4'000'000;
};

/// The whole front of an additive model: any number of objectives, each a sum or a maximum over blocks,
/// two-sided bounds on any. One genome per distinct vector of the values sought, sorted as non_dominated()
/// sorts. Throws std::invalid_argument for a model with pairs (certified.h) or one that check() refuses. An
/// empty front means that no genome meets all bounds.
SearchResult exact_front(const TableModel& model, const ExactOptions& options = {});

/// The `count` best genomes by one column within all bounds, best first, ties by genome; fewer where there
/// are fewer.
std::vector<Candidate> k_best(const TableModel& model, std::size_t column, std::size_t count,
                              const ExactOptions& options = {});

} // namespace tessera::nas
