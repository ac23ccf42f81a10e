#include "latency/whole_networks.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "support/interrupt.h"

namespace tessera::latency {
namespace {

using search_spaces::SearchSpace;

/// Per block the choice of fewest MACs.
std::vector<int> cheapest(const SearchSpace& space) {
    std::vector<int> genome;
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        const auto& choices = space.blocks()[b].choices;
        const auto macs = [&](const auto& choice) { return space.block_costs(b, choice).macs; };
        genome.push_back(static_cast<int>(std::ranges::min_element(choices, {}, macs) - choices.begin()));
    }
    return genome;
}

} // namespace

std::vector<std::vector<int>> networks_to_check(const SearchSpace& space, std::int64_t count,
                                                std::uint64_t seed) {
    support::Rng rng(support::derive_seed(seed, {"networks"}));
    const auto wanted = static_cast<std::size_t>(std::min(static_cast<double>(count), space.size()));
    const std::size_t blocks = space.blocks().size(), sparse = wanted / 3;
    const std::vector<int> least = cheapest(space);
    std::vector<std::vector<int>> drawn;
    std::set<std::vector<int>> seen;
    std::vector<int> genome(blocks, 0);
    std::size_t repeats = 0; // of one that is there already
    while (drawn.size() < wanted) {
        const bool fresh = seen.insert(genome).second;
        repeats = fresh ? 0 : repeats + 1;
        if (fresh) {
            drawn.push_back(genome);
        }
        const std::size_t place = drawn.size() - 1; // among the sparse ones
        std::size_t free = blocks;                  // as many as may take a random choice
        if (place < sparse) {
            genome = least;
            free = place == 0 ? 0 : std::max<std::size_t>(1, blocks * place / (2 * sparse));
            free = std::min(free + repeats, blocks);
        }
        std::vector<std::size_t> order(blocks);
        std::iota(order.begin(), order.end(), std::size_t{0});
        rng.shuffle(order);
        for (std::size_t i = 0; i < free; ++i) {
            genome[order[i]] = static_cast<int>(rng.below(space.blocks()[order[i]].choices.size()));
        }
    }
    return drawn;
}

void Whole::time(const torch::Tensor& input, std::int64_t calls, Stopwatch& watch) {
    module(input);
    for (std::int64_t call = 0; call < calls; ++call) {
        watch.start();
        const torch::Tensor y = module(input);
        watch.stop(samples);
    }
}

Whole deploy_network(const search_spaces::Network& network, const torch::Tensor& input) {
    Whole whole{network->architecture, Deployed(network, input), {}};
    for (int i = 0; i < settling_calls; ++i) {
        whole.module(input);
    }
    return whole;
}

std::vector<Whole> deploy_networks(const SearchSpace& space, const torch::Tensor& input, std::int64_t count,
                                   std::uint64_t seed) {
    std::vector<Whole> result;
    for (const auto& genome : networks_to_check(space, count, seed)) {
        support::check_interrupt();
        search_spaces::Network network(space, space.architecture(genome));
        search_spaces::initialise(*network,
                                  support::derive_seed(seed, {"network", network->architecture.text()}));
        result.push_back(deploy_network(network, input));
    }
    return result;
}

} // namespace tessera::latency
