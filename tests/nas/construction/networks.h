// Networks and statistics that the construction's tests share.
#pragma once

#include <string>
#include <vector>

#include "nas/construction/growth.h"
#include "nas/construction/network_text.h"
#include "support/seed.h"

namespace tessera::nas::construction {

/// The network that the authors published for CIFAR-10.
inline const std::string published_text =
    "envelope_network(width=128,kernel=3,limited=false)"
    " 3x3sep+5x5sep+7x7sep 5x5sep+7x7sep 5x5+7x7sep[1] 3x3+5x5[1] 1x1[1] 5x5+5x5sep[2,4]"
    " 1x1+3x3+3x3sep+5x5+5x5sep+7x7sep[1,2,3,4,5] widener"
    " 5x5+5x5sep+7x7sep[1,7] 1x1+7x7sep[1,7,8] 1x1+3x3[6,7,9] 3x3+7x7sep[1,7,9] 1x1+7x7sep[1,6,7,10]"
    " 1x1[1,3,7,8,9,10,12] 1x1+3x3+3x3sep+5x5+5x5sep+7x7sep[1,2,3,4,5,6,7,8,9,10,11,12,13] widener"
    " 1x1+3x3+3x3sep+5x5+5x5sep+7x7sep[1,6,7,9,15] 1x1+3x3+3x3sep+5x5+5x5sep+7x7sep[7,12,14,15,16]";

inline EnvelopeNetwork published() { return parse_network(published_text, "published"); }

/// The construction of the published network, and the ablation's.
inline GrowthOptions published_options() {
    GrowthOptions options;
    options.stages = {{2, 7, true}, {2, 6, true}, {2, 2, false}};
    return options;
}

inline GrowthOptions ablation_options() {
    GrowthOptions options;
    options.stages = {{10, 15, true}, {1, 5, true}, {1, 3, true}, {1, 3, true}};
    options.width = 128;
    options.skips = false;
    return options;
}

inline std::vector<BranchStatistic> random_statistics(const EnvelopeNetwork& network, support::Rng& rng) {
    std::vector<BranchStatistic> statistics;
    const auto stages = stage_cells(network);
    for (int s = 0; s < static_cast<int>(stages.size()); ++s) {
        const auto& cells = stages[static_cast<std::size_t>(s)];
        for (int c = 0; c < static_cast<int>(cells.size()); ++c) {
            for (const Operator branch : network.cell(cells[static_cast<std::size_t>(c)])->branches) {
                statistics.push_back({s, c, branch, rng.uniform(), rng.uniform(), 0, 100});
            }
        }
    }
    rng.shuffle(statistics);
    return statistics;
}

inline std::vector<SkipScalar> random_scalars(const EnvelopeNetwork& network, support::Rng& rng) {
    std::vector<SkipScalar> scalars;
    for (int number = 1; number <= static_cast<int>(network.entries.size()); ++number) {
        if (const Cell* const cell = network.cell(number)) {
            for (const int source : cell->skips) {
                scalars.push_back({number, source, rng.normal()});
            }
        }
    }
    rng.shuffle(scalars);
    return scalars;
}

/// Grown from the start with random statistics, as far as it goes.
inline EnvelopeNetwork constructed(const GrowthOptions& options, std::uint64_t seed) {
    support::Rng rng(seed);
    EnvelopeNetwork network = start_network(options);
    for (int iteration = 0; iteration < options.iterations; ++iteration) {
        network =
            grow(network, random_statistics(network, rng), random_scalars(network, rng), options).network;
    }
    return network;
}

} // namespace tessera::nas::construction
