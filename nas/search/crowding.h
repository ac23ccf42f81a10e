// Crowding distance (Deb et al. 2002).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nas/search/non_dominated_sort.h"

namespace tessera::nas {

/// One distance per member of the front (rows of `costs`): the sum over objectives of the gap between its
/// neighbours, relative to the front's width; infinite at the extremes.
std::vector<double> crowding(const Costs& costs, std::span<const std::size_t> front);

/// The `count` members of the front that stay when the most crowded one is removed again and again, distances
/// taken anew each time: removing all by their first distances would empty whole clusters. Keeps the order.
std::vector<std::size_t> least_crowded(const Costs& costs, std::span<const std::size_t> front,
                                       std::size_t count);

} // namespace tessera::nas
