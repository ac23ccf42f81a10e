// Chains through a space: stem, one choice of each block, head, called one after the other and timed one by
// one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "latency/deployed.h"
#include "latency/stopwatch.h"
#include "support/seed.h"

namespace tessera::latency {

/// What has been measured so far.
struct Measurements {
    Samples stem, head;
    Samples call; ///< of a module that hands its input on: what calling any module costs
    /// By placed_key(): blocks that offer the same choice for the same maps share their timings.
    std::map<std::string, Samples> choices;
};

/// How many parts a space's choices are cut into so that the deployed modules of one part fit `bytes` of
/// memory.
std::int64_t parts_for(const search_spaces::SearchSpace& space, double bytes);

/// Stem, head and one part of every block's choices, deployed. All of them together are one round's work.
///
/// Why chains and not each choice alone in a loop: a block in a network finds its input in the cache, just
/// written by the block before, and its own weights displaced by the others'. Called alone again and again it
/// finds everything in the cache. Summed over 16 networks of 0.5-1.5 ms (one thread of an EPYC, maps of 32 x
/// 32, 16-64 channels), blocks timed alone were 3-15 % too fast.
///
/// A chain is called once for each of its modules, a network once. A call costs 1 us (3 us where its code has
/// left the cache), which is all there is to a pass-through. So every chain also calls a module that does
/// nothing, whose time comes off every row. What remains too much in networks of small blocks, which find
/// more in the cache than they do among large neighbours, is nearly the same for all networks of a space:
/// LatencyTable's correction takes it off, provided that it meets such networks (networks_to_check()). Of
/// held-out networks of mostly pass-throughs, 0.04-0.9 ms, the corrected sum then misses 1 % and 3 % (two
/// spaces) in the mean, where it missed 3 % and 10 % before.
class Chains {
public:
    Chains(const search_spaces::SearchSpace& space, const torch::Tensor& input, std::int64_t part,
           std::int64_t parts, std::uint64_t seed);

    /// Number of chains in which every choice of the part occurs at least once.
    std::int64_t count() const { return count_; }
    /// Draws which choices form a chain in the coming round.
    void shuffle(support::Rng& rng);
    /// Walks chain `k` of the round without looking at the clock.
    void walk(std::int64_t k);
    /// The same, adding the time of each module.
    void time(std::int64_t k, Stopwatch& watch, Measurements& into);

private:
    struct Option {
        std::string key;
        Deployed module;
    };
    Option& option(std::size_t block, std::int64_t k);

    torch::Tensor input_;
    Deployed stem_, head_, nothing_;
    std::vector<std::vector<Option>> blocks_;
    std::vector<std::vector<std::size_t>> order_; ///< per block, indices into its options
    std::int64_t count_ = 0;
};

} // namespace tessera::latency
