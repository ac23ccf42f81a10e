// Whole networks timed among the chains: what the sum of blocks is checked against.
#pragma once

#include <cstdint>
#include <vector>

#include "latency/deployed.h"
#include "latency/stopwatch.h"
#include "support/seed.h"

namespace tessera::latency {

struct Whole {
    search_spaces::Architecture architecture;
    Deployed module;
    Samples samples;

    /// One untimed call, then `calls` timed ones.
    void time(const torch::Tensor& input, std::int64_t calls, Stopwatch& watch);
};

/// Genomes of the networks that a sum of blocks is checked against, all distinct, `count` together; fewer
/// where the space is smaller. The reference first; then, a third of them, sparse ones: the choice of fewest
/// MACs in every block, next to which more and more blocks take random ones. A front's cheap end is made of
/// such networks, and random ones never are. The rest is random.
std::vector<std::vector<int>> networks_to_check(const search_spaces::SearchSpace& space, std::int64_t count,
                                                std::uint64_t seed);

/// Deploys those networks.
std::vector<Whole> deploy_networks(const search_spaces::SearchSpace& space, const torch::Tensor& input,
                                   std::int64_t count, std::uint64_t seed);

/// Deploys a copy of this network and settles it.
Whole deploy_network(const search_spaces::Network& network, const torch::Tensor& input);

} // namespace tessera::latency
