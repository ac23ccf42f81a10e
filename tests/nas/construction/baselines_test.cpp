#include "nas/construction/baselines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/nas/construction/networks.h"

namespace tessera::nas::construction {
namespace {

using O = Operator;

/// How often each operator occurs in each stage.
std::vector<std::array<int, 6>> operators_of(const EnvelopeNetwork& network) {
    std::vector<std::array<int, 6>> counts;
    for (const auto& cells : stage_cells(network)) {
        counts.emplace_back();
        for (const int number : cells) {
            for (const O branch : network.cell(number)->branches) {
                ++counts.back()[static_cast<std::size_t>(branch)];
            }
        }
    }
    return counts;
}

void expect_comparable(const EnvelopeNetwork& baseline, const EnvelopeNetwork& network) {
    check(baseline);
    EXPECT_EQ(operators_of(baseline), operators_of(network));
    const auto stages = stage_cells(network);
    EXPECT_EQ(stage_cells(baseline), stages);
    const double wanted = static_cast<double>(network_costs(network, {3, 32, 32}, 10).parameters);
    const double found = static_cast<double>(network_costs(baseline, {3, 32, 32}, 10).parameters);
    EXPECT_LE(std::abs(found / wanted - 1), 0.05);
}

std::size_t skips_of(const EnvelopeNetwork& network) {
    std::size_t count = 0;
    for (const Entry& entry : network.entries) {
        count += std::holds_alternative<Cell>(entry) ? std::get<Cell>(entry).skips.size() : 0;
    }
    return count;
}

TEST(Baselines, AreComparableWithAnyConstructedNetwork) {
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
        GrowthOptions options = seed % 4 == 3 ? ablation_options() : published_options();
        options.skips = seed % 4 < 2;
        options.worst_case = seed % 3 == 1;
        options.width = std::array{8, 16, 64}[seed % 3];
        const EnvelopeNetwork network = constructed(options, seed);
        const EnvelopeNetwork random = random_placement(network, seed), hand = hand_built(network);
        expect_comparable(random, network);
        expect_comparable(hand, network);
        EXPECT_EQ(random.width, network.width);
        EXPECT_EQ(skips_of(random), skips_of(network));
        EXPECT_LE(skips_of(hand), skips_of(network));
        EXPECT_NE(random, network);
        EXPECT_NE(hand, network);
    }
}

TEST(Baselines, RandomPlacementFollowsItsSeed) {
    const EnvelopeNetwork network = published();
    std::set<std::string> different;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        different.insert(network_text(random_placement(network, seed)));
        EXPECT_EQ(random_placement(network, seed), random_placement(network, seed));
    }
    EXPECT_EQ(different.size(), 20u);
}

TEST(Baselines, RandomPlacementReachesEveryPlace) {
    // Three cells and four branches: one cell has two.
    const EnvelopeNetwork network{
        64,
        3,
        false,
        {Cell{{O::separable3, O::separable5}, {}}, Cell{{O::separable3}, {}}, Cell{{O::separable7}, {1}}}};
    std::set<std::string> placements;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        const EnvelopeNetwork random = random_placement(network, seed);
        expect_comparable(random, network);
        placements.insert(network_text(random));
    }
    // Which two share a cell: not the two equal ones (5 pairs; 2 x 2 of them are alike) in 3! orders: 5x5sep
    // or 7x7sep with 3x3sep, 6 orders each; 5x5sep with 7x7sep, 3 orders.
    EXPECT_EQ(placements.size(), 15u);
}

TEST(Baselines, HandBuiltDealsEvenlyAndSkipsFromTheNearest) {
    const EnvelopeNetwork hand = hand_built(published());
    EXPECT_EQ(hand.width, 126); // 127 costs 5.3 % more than the published network
    EXPECT_EQ(branch_text(hand.cell(1)->branches), "1x1+5x5+7x7sep");
    EXPECT_EQ(branch_text(hand.cell(4)->branches), "3x3+5x5sep+7x7sep");
    EXPECT_EQ(branch_text(hand.cell(6)->branches), "3x3sep+5x5sep");
    for (const auto& cells : stage_cells(hand)) {
        std::size_t least = 6, most = 1;
        for (const int number : cells) {
            const Cell& cell = *hand.cell(number);
            least = std::min(least, cell.branches.size());
            most = std::max(most, cell.branches.size());
            EXPECT_EQ(cell.skips.size(), published().cell(number)->skips.size());
            EXPECT_TRUE(cell.skips.empty() || cell.skips.back() == number - 2);
            EXPECT_TRUE(cell.skips.empty() ||
                        cell.skips.back() - cell.skips.front() == static_cast<int>(cell.skips.size()) - 1);
        }
        EXPECT_LE(most - least, 1u);
    }
}

TEST(Baselines, RefuseWhatCannotBeDone) {
    EXPECT_THROW(random_placement({}, 1), support::UsageError);
    EXPECT_THROW(hand_built({}), support::UsageError);
    EXPECT_THROW(hand_built(published(), {3, 0}), support::UsageError);
    // Six branches in one layer and one in the other: any other dealing is far off at this width.
    const EnvelopeNetwork narrow{
        6, 3, false, {Cell{{all_operators.begin(), all_operators.end()}, {}}, Cell{{O::conv5}, {}}}};
    expect_comparable(hand_built(narrow), narrow);
}

} // namespace
} // namespace tessera::nas::construction
