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

/// A front and `gap`, a certificate: with `bound` the hypervolume that no set of genomes of the model can
/// exceed, gap = 1 - hypervolume(front) / bound. 0 where the front is the true one.
SearchResult certified_front(const TableModel& model, const CertifiedOptions& options = {});

} // namespace tessera::nas
