#include "latency/whole_network_fit.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/seed.h"

namespace tessera::latency {
namespace {

/// Four blocks of five choices whose times have little to do with their MACs.
struct Truth {
    double constant = 0.4, rest_macs = 2e6;
    std::vector<std::vector<double>> ms, macs;

    explicit Truth(std::uint64_t seed) {
        support::Rng rng(seed);
        for (int b = 0; b < 4; ++b) {
            ms.emplace_back();
            macs.emplace_back();
            for (int m = 0; m < 5; ++m) {
                macs.back().push_back(m == 4 ? 0 : 1e6 * (1 + 9 * rng.uniform()));
                ms.back().push_back(m == 4 ? 0 : macs.back().back() / 1e7 * (0.4 + 1.2 * rng.uniform()));
            }
        }
    }
    double of(const std::vector<int>& genome) const {
        double sum = constant;
        for (std::size_t b = 0; b < genome.size(); ++b) {
            sum += ms[b][static_cast<std::size_t>(genome[b])];
        }
        return sum;
    }
    /// Distinct networks; `never`: a choice of the last block that is in none of them.
    std::vector<TimedGenome> networks(std::size_t count, double noise, std::uint64_t seed,
                                      int never = -1) const {
        support::Rng rng(seed);
        std::vector<TimedGenome> result;
        while (result.size() < count) {
            TimedGenome network;
            for (int b = 0; b < 4; ++b) {
                network.genome.push_back(static_cast<int>(rng.below(5)));
            }
            const bool known = std::ranges::any_of(
                result, [&](const TimedGenome& other) { return other.genome == network.genome; });
            if (known || network.genome[3] == never) {
                continue;
            }
            network.ms = of(network.genome) * (1 + noise * rng.normal());
            result.push_back(network);
        }
        return result;
    }
    double error(const WholeNetworkFit& fit) const {
        double sum = 0;
        std::vector<int> g(4);
        for (g[0] = 0; g[0] < 5; ++g[0]) {
            for (g[1] = 0; g[1] < 5; ++g[1]) {
                for (g[2] = 0; g[2] < 5; ++g[2]) {
                    for (g[3] = 0; g[3] < 5; ++g[3]) {
                        sum += std::abs(fit.of(g) / of(g) - 1) / 625;
                    }
                }
            }
        }
        return sum;
    }
};

TEST(WholeNetworkFit, RecoversAnAdditiveTruthWithoutNoise) {
    const Truth truth(1);
    const WholeNetworkFit fit = fit_whole_networks(truth.networks(120, 0, 2), truth.macs, truth.rest_macs);
    EXPECT_LT(truth.error(fit), 2e-3);
    EXPECT_LT(fit.held_out_error, 2e-3);
    EXPECT_GT(fit.prior_error, 0.03);
    // Differences between the choices of a block do not depend on how the constant is shared out.
    for (std::size_t b = 0; b < 4; ++b) {
        for (std::size_t m = 1; m < 5; ++m) {
            EXPECT_NEAR(fit.choices_ms[b][m] - fit.choices_ms[b][0], truth.ms[b][m] - truth.ms[b][0], 0.02);
        }
    }
}

TEST(WholeNetworkFit, NoiseIsAveragedOutAndTheErrorIsTold) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Truth truth(seed);
        const auto networks = truth.networks(120, 0.05, seed + 100);
        const WholeNetworkFit fit = fit_whole_networks(networks, truth.macs, truth.rest_macs);
        EXPECT_LT(truth.error(fit), 0.03) << seed; // of what was measured with 4 % of mean error
        EXPECT_GT(fit.held_out_error, 0.03) << seed;
        EXPECT_LT(fit.held_out_error, 0.06) << seed;
        for (const auto& block : fit.choices_ms) {
            for (const double ms : block) {
                EXPECT_GE(ms, 0);
            }
        }
    }
}

TEST(WholeNetworkFit, AChoiceThatIsNeverSeenCostsWhatItsMacsSuggest) {
    const Truth truth(3);
    const WholeNetworkFit fit =
        fit_whole_networks(truth.networks(100, 0.02, 4, 2), truth.macs, truth.rest_macs);
    EXPECT_EQ(fit.seen[3][2], 0);
    EXPECT_GT(fit.seen[3][1], 0);
    // All never-seen choices lie on one line through the origin, and the seen ones around it.
    double ms = 0, macs = 0;
    for (std::size_t b = 0; b < 4; ++b) {
        for (std::size_t m = 0; m < 5; ++m) {
            ms += fit.choices_ms[b][m];
            macs += truth.macs[b][m];
        }
    }
    const double estimate = truth.macs[3][2] * ms / macs;
    EXPECT_GT(fit.choices_ms[3][2], 0.5 * estimate);
    EXPECT_LT(fit.choices_ms[3][2], 2 * estimate);
}

TEST(WholeNetworkFit, FewerNetworksThanUnknownsLeanOnMacs) {
    Truth truth(5);
    for (std::size_t b = 0; b < 4; ++b) {
        for (std::size_t m = 0; m < 5; ++m) {
            truth.ms[b][m] = truth.macs[b][m] * 1e-7; // MACs tell everything
        }
    }
    const WholeNetworkFit fit = fit_whole_networks(truth.networks(10, 0.01, 6), truth.macs, truth.rest_macs);
    EXPECT_LT(truth.error(fit), 0.03);
}

TEST(WholeNetworkFit, MacsThatTellNothingAreIgnored) {
    Truth truth(7);
    for (auto& block : truth.macs) {
        std::ranges::reverse(block); // what has none is the slowest
    }
    const WholeNetworkFit fit = fit_whole_networks(truth.networks(200, 0.01, 8), truth.macs, truth.rest_macs);
    EXPECT_LT(truth.error(fit), 0.02);
    truth.macs.assign(4, std::vector<double>(5, 0));
    EXPECT_LT(truth.error(fit_whole_networks(truth.networks(200, 0.01, 8), truth.macs, 0)), 0.02);
}

TEST(WholeNetworkFit, IsDeterministicAndNeedsEnough) {
    const Truth truth(9);
    const auto networks = truth.networks(30, 0.1, 10);
    EXPECT_EQ(fit_whole_networks(networks, truth.macs, 0).choices_ms,
              fit_whole_networks(networks, truth.macs, 0).choices_ms);
    EXPECT_EQ(fewest_networks(4), 10U);
    EXPECT_EQ(fewest_networks(20), 40U);
    EXPECT_THROW(fit_whole_networks(truth.networks(9, 0, 1), truth.macs, 0), std::invalid_argument);
}

} // namespace
} // namespace tessera::latency
