#include "latency/whole_networks.h"

#include <algorithm>
#include <set>

#include "support/interrupt.h"

namespace tessera::latency {
namespace {

/// Genomes, the reference's first. Drawn one by one: a space may have more than could be listed.
std::vector<std::vector<int>> draw(const search_spaces::SearchSpace& space, std::int64_t count,
                                   support::Rng rng) {
    const auto wanted = static_cast<std::size_t>(std::min(static_cast<double>(count), space.size()));
    std::vector<std::vector<int>> drawn;
    std::set<std::vector<int>> seen;
    std::vector<int> genome(space.blocks().size(), 0);
    while (drawn.size() < wanted) {
        if (seen.insert(genome).second) {
            drawn.push_back(genome);
        }
        for (std::size_t i = 0; i < genome.size(); ++i) {
            genome[i] = static_cast<int>(rng.below(space.blocks()[i].choices.size()));
        }
    }
    return drawn;
}

} // namespace

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

std::vector<Whole> deploy_networks(const search_spaces::SearchSpace& space, const torch::Tensor& input,
                                   std::int64_t count, std::uint64_t seed) {
    std::vector<Whole> result;
    for (const auto& genome : draw(space, count, support::Rng(support::derive_seed(seed, {"networks"})))) {
        support::check_interrupt();
        search_spaces::Network network(space, space.architecture(genome));
        search_spaces::initialise(*network,
                                  support::derive_seed(seed, {"network", network->architecture.text()}));
        result.push_back(deploy_network(network, input));
    }
    return result;
}

} // namespace tessera::latency
