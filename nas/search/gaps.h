// Which members of a front in two dimensions add most to its hypervolume.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tessera::nas {

/// At most `count` open members of a front, in order: between two members that are there lies a gap; the best
/// of a gap adds the rectangle between its neighbours, and splits it. The outermost of an open end comes
/// first. `costs`: the members' first costs, ascending; `others`: their second ones, descending; none: there
/// is a single cost. `open[i]` is 0 for members that are there.
std::vector<std::size_t> fill_gaps(std::span<const double> costs, std::span<const double> others,
                                   std::span<const char> open, std::size_t count);

} // namespace tessera::nas
