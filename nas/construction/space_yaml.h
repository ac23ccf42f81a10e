// A constructed network as blocks of a search space.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nas/construction/envelope_network.h"

namespace tessera::nas::construction {

/// Which branches a cell may have instead of its own, each set once: its own without each one of them, each
/// branch alone, all six where `channels` are enough for them.
std::vector<std::vector<Operator>> other_branches(const std::vector<Operator>& branches,
                                                  std::int64_t channels);

/// The items of a space's `blocks`, one for each cell and widener in order, named by entry_names(), each
/// line indented by `indent` blanks. A cell's choices are itself at the widths (of its bottleneck) 1, 1/2
/// and 1/4, and other_branches() at width 1. All cells have the
/// same `dropout`. Sizes do not depend on the images.
std::string space_yaml(const EnvelopeNetwork& network, double dropout = 0, int indent = 4);

} // namespace tessera::nas::construction
