#include "nas/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

using Quality = std::vector<std::vector<double>>;
constexpr double unusable = std::numeric_limits<double>::quiet_NaN();

Quality random_quality(std::size_t blocks, std::size_t choices, support::Rng& rng) {
    Quality q(blocks);
    for (auto& block : q) {
        block.push_back(0); // the reference's own
        while (block.size() < choices) {
            block.push_back(0.02 + rng.uniform());
        }
    }
    return q;
}

TEST(QualitySpread, GivesDistinctValidGenomesAfterTheReference) {
    support::Rng rng(3);
    for (int repeat = 0; repeat < 200; ++repeat) {
        const Quality q = random_quality(1 + rng.below(6), 1 + rng.below(30), rng);
        double size = 1;
        for (const auto& block : q) {
            size *= static_cast<double>(block.size());
        }
        const auto count = static_cast<std::int64_t>(1 + rng.below(40));
        const auto genomes = quality_spread(q, count, rng.next());
        EXPECT_EQ(static_cast<double>(genomes.size()), std::min(size, static_cast<double>(count)));
        EXPECT_EQ(genomes[0], std::vector<int>(q.size(), 0));
        EXPECT_EQ(std::set<std::vector<int>>(genomes.begin(), genomes.end()).size(), genomes.size());
        for (const auto& genome : genomes) {
            ASSERT_EQ(genome.size(), q.size());
            for (std::size_t b = 0; b < q.size(); ++b) {
                EXPECT_GE(genome[b], 0);
                EXPECT_LT(genome[b], static_cast<int>(q[b].size()));
            }
        }
    }
}

TEST(QualitySpread, EveryBlockMeetsEveryStratum) {
    support::Rng rng(4);
    const Quality q = random_quality(5, 60, rng);
    const auto genomes = quality_spread(q, 21, 8); // 20 draws, 3 choices a stratum
    for (std::size_t b = 0; b < q.size(); ++b) {
        std::vector<double> sorted = q[b];
        std::sort(sorted.begin(), sorted.end());
        std::set<std::size_t> strata;
        for (std::size_t s = 1; s < genomes.size(); ++s) {
            const double value = q[b][static_cast<std::size_t>(genomes[s][b])];
            strata.insert(
                static_cast<std::size_t>(std::find(sorted.begin(), sorted.end(), value) - sorted.begin()) /
                3);
        }
        EXPECT_EQ(strata.size(), 20u) << "block " << b;
    }
}

TEST(QualitySpread, ReachesUniformlyGoodAndPoorNetworks) {
    support::Rng rng(5);
    const Quality q = random_quality(8, 100, rng);
    const auto total = [&](const std::vector<int>& genome) {
        double sum = 0;
        for (std::size_t b = 0; b < q.size(); ++b) {
            sum += q[b][static_cast<std::size_t>(genome[b])] / 8;
        }
        return sum;
    };
    const auto genomes = quality_spread(q, 25, 1);
    double low = 1, high = 0, independent_low = 1, independent_high = 0;
    for (std::size_t s = 1; s < genomes.size(); ++s) {
        low = std::min(low, total(genomes[s]));
        high = std::max(high, total(genomes[s]));
    }
    for (int draw = 0; draw < 24; ++draw) {
        std::vector<int> genome;
        for (int b = 0; b < 8; ++b) {
            genome.push_back(static_cast<int>(rng.below(100)));
        }
        independent_low = std::min(independent_low, total(genome));
        independent_high = std::max(independent_high, total(genome));
    }
    EXPECT_LT(low, 0.1);
    EXPECT_GT(high, 0.95);
    EXPECT_GT(independent_low, 0.2); // what drawing each block by itself gives
    EXPECT_LT(independent_high, 0.85);
}

TEST(QualitySpread, LeavesOutUnusableChoices) {
    support::Rng rng(6);
    Quality q = random_quality(3, 10, rng);
    q[0][4] = unusable;
    q[1][7] = std::numeric_limits<double>::infinity();
    for (const auto& genome : quality_spread(q, 60, 2)) {
        EXPECT_NE(genome[0], 4);
        EXPECT_NE(genome[1], 7);
    }
    q[2].assign(10, unusable);
    EXPECT_THAT([&] { quality_spread(q, 5, 2); }, testing::ThrowsMessage<support::RunError>(
                                                      testing::HasSubstr("block 3: none of its 10 choices")));
}

TEST(QualitySpread, IsFixedByItsSeed) {
    support::Rng rng(7);
    const Quality q = random_quality(5, 40, rng);
    EXPECT_EQ(quality_spread(q, 20, 3), quality_spread(q, 20, 3));
    EXPECT_NE(quality_spread(q, 20, 3), quality_spread(q, 20, 4));
    EXPECT_TRUE(quality_spread(q, 0, 3).empty());
}

TEST(QualitySpread, ReturnsAllOfASmallSpace) {
    const Quality q = {{0, 0.1}, {0, 0.2, 0.3}};
    EXPECT_EQ(quality_spread(q, 100, 1).size(), 6u);
    EXPECT_EQ(quality_spread({{0.0}}, 5, 1).size(), 1u);
}

} // namespace
} // namespace tessera::nas
