// What one iteration of the construction learned about a network's branches and skips, as tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nas/construction/envelope_network.h"
#include "support/csv.h"

namespace tessera::nas::construction {

/// One branch of one cell, over its output after BatchNorm and ReLU. Not finite where the training diverged.
struct BranchStatistic {
    int stage = 0, cell = 0; ///< from 0; the cell within its stage
    Operator branch = Operator::conv1;
    double mean_square = 0;  ///< mean over filters and places of E[x^2] over images
    double variance = 0;     ///< the same of Var[x]
    double dead = 0;         ///< share of filters that no image lets through, 0 to 1
    std::int64_t images = 0; ///< that were counted
};

/// The learned factor of one skip.
struct SkipScalar {
    int entry = 0, source = 0; ///< numbers of entries
    double scalar = 0;
};

/// Columns stage, cell, branch, mean_square, variance, dead_share, images.
support::CsvTable statistics_csv(const std::vector<BranchStatistic>& statistics);
/// Columns cell, source, scalar; cell and source by their names in `network`.
support::CsvTable skips_csv(const EnvelopeNetwork& network, const std::vector<SkipScalar>& scalars);

} // namespace tessera::nas::construction
