// The exact Pareto front of additive tables, by dynamic programming over blocks. Torch-free.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "nas/search/search.h"
#include "nas/search/table_model.h"

namespace tessera::nas {

struct ExactOptions {
    /// Partial architectures (the first blocks' choices) that may be kept, all numbers of blocks together: 8
    /// bytes each, those of the latest block several times as much. Where the front takes more, neighbours
    /// are thinned out, and the result carries the gap that this may have cost instead of 0.
    std::size_t label_limit = 16'000'000;
};

/// The whole front of an additive model: any number of objectives, each a sum or a maximum over blocks,
/// two-sided bounds on any. One genome per distinct vector of the values sought, sorted as non_dominated()
/// sorts: the smallest among those no beginning of which (the first blocks' choices) is dominated by another
/// one. That is the smallest of all where the objectives sought are sums which do not round, without bounds
/// other than upper ones of what is minimised (lower ones of what is maximised). Throws
/// std::invalid_argument for a model with pairs (certified.h) or one that check() refuses. An empty front
/// with gap 0 means that no genome meets all bounds.
///
/// Throws support::Interrupted soon after a signal, as do the two below.
///
/// Dynamic programming over the blocks in their order with dominance pruning; where the limit is met and two
/// sums are sought, the genomes that some weighted sum is best for join the front and bound its gap.
SearchResult exact_front(const TableModel& model, const ExactOptions& options = {});

/// Inclusive bounds of one column.
struct Bounds {
    std::optional<double> low, high;
};

/// The fronts of a model under many sets of bounds in place of its own, one a column each: what exact_front()
/// gives for each. Where bounds only say how bad a column sought may be, they are read off one front.
std::vector<SearchResult> exact_fronts(const TableModel& model, std::span<const std::vector<Bounds>> cases,
                                       const ExactOptions& options = {});

/// The `count` best genomes within all bounds, best first, by the total of one column (what its response
/// makes of it ties more often), then by genome; fewer where there are fewer. Throws support::RunError where
/// that takes more partial architectures than the limit.
std::vector<Candidate> k_best(const TableModel& model, std::size_t column, std::size_t count,
                              const ExactOptions& options = {});

} // namespace tessera::nas
