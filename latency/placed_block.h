// A choice as it is timed: with what its block does before it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "search_spaces/block_module.h"

namespace tessera::latency {

/// Everything that a choice's time in its block depends on, as one text: choice, input shape, output
/// channels, stride, and the maps that the block's skips bring. Blocks that agree in it share their timings.
std::string placed_key(const search_spaces::SearchSpace& space, const search_spaces::Block& block,
                       const search_spaces::Choice& choice);

/// The choice as a module from the map of the block before, `batch` of Block::sequential_input(), to its
/// block's own. Where the block has skips they are pooled, scaled and joined inside, from maps of seeded
/// noise that the module holds: whatever receives one map can time it.
std::shared_ptr<search_spaces::BlockImpl> build_placed(const search_spaces::SearchSpace& space,
                                                       const search_spaces::Block& block,
                                                       const search_spaces::Choice& choice,
                                                       std::int64_t batch, std::uint64_t seed);

} // namespace tessera::latency
