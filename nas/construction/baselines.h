// Networks that a constructed one is to be compared with.
#pragma once

#include <cstdint>

#include "nas/construction/envelope_network.h"

namespace tessera::nas::construction {

/// Both have the constructed network's stages with as many cells, the same branches in each stage (how often
/// each operator occurs) and, unless said otherwise, as many skips into each cell, so that only where they
/// stand is another's decision: nothing that the construction learned is left. Their parameters are within
/// this share of the constructed network's.
inline constexpr double baseline_tolerance = 0.05;

/// What is compared: parameters on images of so many channels with a head of `classes`.
struct BaselineEnds {
    std::int64_t channels = 3, classes = 10;
};

/// Random placement: every cell of a stage gets one of the stage's branches, each of the others goes to a
/// cell drawn from those that lack its operator; sources of skips are drawn from all that stand before.
/// Drawn again until the parameters are within the tolerance. Throws UsageError for a network that check()
/// refuses, RunError where no draw of 20000 is within it.
EnvelopeNetwork random_placement(const EnvelopeNetwork& network, std::uint64_t seed, BaselineEnds ends = {});

/// Hand-built: what somebody would draw who knows the branches and no statistic. The branches of a stage,
/// sorted from cheap to dear (the order of Operator), are dealt to its cells in turn, like cards: numbers of
/// branches differ by one at most, copies of an operator are spread evenly over the depth, and every cell
/// mixes small kernels with large ones. That is how hand-made networks of parallel branches (the Inception
/// family) look: the same cell over and over. A cell's skips come from the nearest sources, as in networks
/// with dense connections of limited reach.
///
/// A stage of equal cells does not cost quite what one of unequal cells does (a cell of one 5x5 costs more
/// than its share). Adjusted are, until the parameters are within the tolerance: W_0 (the nearest that fits,
/// from half to twice the width); if none does, because a filter is much in so narrow a network, the greatest
/// number of skips into a cell (the farthest go); if that does not help, how evenly branches are dealt (they
/// move one at a time, each time the one that helps most). Throws UsageError for a network that check()
/// refuses, RunError where nothing fits.
EnvelopeNetwork hand_built(const EnvelopeNetwork& network, BaselineEnds ends = {});

} // namespace tessera::nas::construction
