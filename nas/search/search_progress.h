// How a long search comes on, for people.
#pragma once

#include <cstdint>
#include <functional>

namespace tessera::nas {

/// For StrategyOptions::progress, with its `steps`: shows what is certified so far and an upper bound of the
/// time left, once a search has taken two seconds.
std::function<void(double gap, std::uint64_t work)> search_progress(std::int64_t steps);

} // namespace tessera::nas
