// Fronts of tables with terms of pairs of blocks, with a bound on how far they can be from the true one.
// Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "nas/search/search.h"
#include "nas/search/table_model.h"

namespace tessera::nas {

struct CertifiedOptions {
    double target_gap = 1e-3; ///< stop when the certified gap is at most this; 0: go on until it is exact
    std::uint64_t work =
        500'000'000; ///< stop after so many elementary steps (a count, not a clock: deterministic)
    /// Told from time to time the gap certified so far (1: nothing yet) and the steps done, in the thread
    /// that calls. Whether it is there changes nothing.
    std::function<void(double gap, std::uint64_t work)> progress = {};
};

/// The front of everything evaluated, and in `gap` a certificate: 1 - hypervolume(front) /
/// hypervolume(bound), scaled by ideal and nadir of both together, where `bound` is a set of points of which
/// one is at least as good as any feasible genome in every objective sought. 0 where the front is the true
/// one; it then has every vector of values (of several genomes with the same one the smallest, but for scores
/// that a response clamps).
///
/// Branch and bound over boxes (a set of choices for each block). Within a box the pairs' terms are replaced
/// by additive ones that are nowhere larger (certified/relaxation.h), and the front of the additive model, by
/// dynamic programming over blocks, covers the box. What of it lies behind the front reached, or no more than
/// a quarter of the target ahead, is settled; choices that occur in settled combinations only are removed;
/// the genomes of the rest are evaluated truly; the box furthest ahead is halved along the block whose pairs
/// cost most, and the error falls with the square of its width. `bound` is what was settled together with
/// the points of all boxes that are open: it holds whenever the search stops.
///
/// Any number of objectives, sums or maxima, bounds on either side, pairs in several columns; additive models
/// go to exact_front(). Bounds that nothing can meet: an empty front, with gap 0 where that is proven, else
/// 1. Throws std::invalid_argument for a model that check() refuses or whose sums overflow. One thread;
/// nothing in `evaluated`.
SearchResult certified_front(const TableModel& model, const CertifiedOptions& options = {});

} // namespace tessera::nas
