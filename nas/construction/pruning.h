// Steps of the construction that its plan and its growth share. Internal to the construction.
#pragma once

#include <cstddef>
#include <string>

#include "nas/construction/growth.h"

namespace tessera::nas::construction {

/// A cell of all branches as entry `number`, connected (if `skips`) to all sources before its input.
Cell full_cell(int number, bool skips);

/// How many branches a stage loses before it grows; throws UsageError where it has fewer to give.
int branches_to_prune(const GrowthOptions& options, std::size_t stage, int layers, int branches);

/// "1234 parameters, more than the 1000 allowed" or the like; empty within the target.
std::string beyond_target(const EnvelopeCosts& costs, const GrowthOptions& options);

/// The statistic of each cell's branches in order; not finite ones are NaN. Throws UsageError where they are
/// not exactly those of the network. Indexed by entry number.
using EntryValues = std::vector<std::vector<double>>;
EntryValues statistic_of(const EnvelopeNetwork& network, const std::vector<BranchStatistic>& statistics,
                         GrowthOptions::Statistic kind);
/// The same of the scalars of each cell's skips.
EntryValues scalar_of(const EnvelopeNetwork& network, const std::vector<SkipScalar>& scalars);

} // namespace tessera::nas::construction
