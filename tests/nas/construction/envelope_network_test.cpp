#include "nas/construction/envelope_network.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nas/construction/envelope_costs.h"
#include "support/error.h"
#include "tests/nas/construction/networks.h"

namespace tessera::nas::construction {
namespace {

using O = Operator;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const EnvelopeNetwork& network) {
    try {
        check(network);
    } catch (const support::UsageError& error) { return error.what(); }
    return "";
}

TEST(EnvelopeNetwork, ThePublishedNetworkFromItsLists) {
    const std::vector<O> all(all_operators.begin(), all_operators.end());
    EnvelopeNetwork network;
    network.width = 128;
    network.initial_kernel = 3;
    network.entries = {Cell{{O::separable3, O::separable5, O::separable7}, {}},
                       Cell{{O::separable5, O::separable7}, {}},
                       Cell{{O::conv5, O::separable7}, {1}},
                       Cell{{O::conv3, O::conv5}, {1}},
                       Cell{{O::conv1}, {1}},
                       Cell{{O::conv5, O::separable5}, {2, 4}},
                       Cell{all, {1, 2, 3, 4, 5}},
                       Widener{},
                       Cell{{O::conv5, O::separable5, O::separable7}, {1, 7}},
                       Cell{{O::conv1, O::separable7}, {1, 7, 8}},
                       Cell{{O::conv1, O::conv3}, {6, 7, 9}},
                       Cell{{O::conv3, O::separable7}, {1, 7, 9}},
                       Cell{{O::conv1, O::separable7}, {1, 6, 7, 10}},
                       Cell{{O::conv1}, {1, 3, 7, 8, 9, 10, 12}},
                       Cell{all, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}},
                       Widener{},
                       Cell{all, {1, 6, 7, 9, 15}},
                       Cell{all, {7, 12, 14, 15, 16}}};
    EXPECT_EQ(network_costs(network, {3, 32, 32}, 10).parameters, 10'942'475);
    EXPECT_EQ(network, published());
    EXPECT_THAT(stage_branches(network), ElementsAre(18, 18, 12));
    EXPECT_EQ(network.stage_count(), 3);
}

TEST(EnvelopeNetwork, SizesFollowTheDealtWidths) {
    const auto sizes = layout(published(), {3, 33, 32});
    ASSERT_EQ(sizes.size(), 19u);
    EXPECT_EQ(sizes[0].output, (search_spaces::Shape{128, 33, 32}));
    EXPECT_EQ(sizes[1].output.channels, 3 * 42);
    EXPECT_EQ(sizes[7].output.channels, 6 * 21);
    EXPECT_EQ(sizes[7].joined, 128 + 126 + 128 + 128 + 128 + 128);
    EXPECT_EQ(sizes[8].width, 128); // half of stage 1's
    EXPECT_EQ(sizes[8].output, (search_spaces::Shape{126 + 128, 17, 16}));
    EXPECT_EQ(sizes[9].output, (search_spaces::Shape{255, 17, 16}));
    EXPECT_EQ(sizes[18].output, (search_spaces::Shape{510, 9, 8}));
    EXPECT_EQ(sizes[18].stage, 2);
    EXPECT_EQ(sizes[18].cell, 1);
    EXPECT_EQ(sizes[8].cell, -1);
}

TEST(EnvelopeNetwork, CostsOfASmallNetworkByHand) {
    // 4 filters; one cell of 1x1 and 3x3sep; 5 x 4 images of 2 channels, 3 classes.
    EnvelopeNetwork network{
        4, 1, false, {Cell{{O::conv1, O::separable3}, {}}, Widener{}, Cell{{O::conv5}, {1}}}};
    const auto sizes = layout(network, {2, 5, 4});
    EXPECT_EQ(entry_costs(network, sizes, 0), (EnvelopeCosts{2 * 4 + 4, 20 * 8}));
    // bottleneck 4 -> 4, 1x1 4 -> 2 with shifts, depthwise 9 x 4, pointwise 4 -> 2 with shifts
    EXPECT_EQ(entry_costs(network, sizes, 1),
              (EnvelopeCosts{16 + 4 + 8 + 2 + 36 + 8 + 2, 20 * (16 + 8 + 36 + 8)}));
    EXPECT_EQ(entry_costs(network, sizes, 2), (EnvelopeCosts{4 * 4 * 9 + 4, 3 * 2 * 144}));
    // 8 channels and the 4 of entry 1 -> 8, one scalar, 5x5 8 -> 8
    EXPECT_EQ(entry_costs(network, sizes, 3), (EnvelopeCosts{96 + 8 + 1 + 1600 + 8, 6 * (96 + 1600)}));
    EXPECT_EQ(network_costs(network, {2, 5, 4}, 3),
              (EnvelopeCosts{12 + 76 + 148 + 1713 + 27, 160 + 1360 + 864 + 10176 + 24}));
}

TEST(EnvelopeNetwork, LimitedWidthIsTheFormula) {
    for (std::int64_t width = 1; width < 700; ++width) {
        for (std::int64_t layers = 3; layers < 20; ++layers) {
            const std::int64_t o = limited_width(width, layers);
            EXPECT_LE(2 * width * o + (layers - 2) * o * o, width * width);
            EXPECT_GT(2 * width * (o + 1) + (layers - 2) * (o + 1) * (o + 1), width * width);
            const double n = static_cast<double>(layers);
            const double formula = static_cast<double>(width) / (n - 2) * (std::sqrt(n - 1) - 1);
            EXPECT_NEAR(static_cast<double>(o), std::floor(formula + 1e-9), 0) << width << " " << layers;
        }
    }
    EXPECT_EQ(limited_width(64, 2), 64);
    EXPECT_EQ(limited_width(128, 7), 37);
}

TEST(EnvelopeNetwork, TheLimitNarrowsAllButTheLastLayerOfAStage) {
    EnvelopeNetwork network = published();
    network.limited = true;
    const auto sizes = layout(network);
    for (int number = 1; number <= 6; ++number) {
        EXPECT_EQ(sizes[static_cast<std::size_t>(number)].width, 37) << number;
    }
    EXPECT_EQ(sizes[7].width, 128);
    EXPECT_EQ(sizes[17].width, 512); // a stage of two layers has no limit
    EXPECT_LT(network_costs(network, {3, 32, 32}, 10).parameters, 9'000'000);
}

TEST(EnvelopeNetwork, NamesHaveStageAndCell) {
    const auto names = entry_names(published());
    EXPECT_EQ(names[0], "s0c0");
    EXPECT_EQ(names[6], "s0c6");
    EXPECT_EQ(names[7], "w1");
    EXPECT_EQ(names[8], "s1c0");
    EXPECT_EQ(names[17], "s2c1");
}

TEST(EnvelopeNetwork, RefusesWhatIsNoNetwork) {
    const Cell one{{O::conv1}, {}};
    EXPECT_EQ(refusal(published()), "");
    EXPECT_THAT(refusal({8, 3, false, {}}), HasSubstr("stage 0 of the network has no layers"));
    EXPECT_THAT(refusal({8, 3, false, {one, Widener{}}}), HasSubstr("stage 1 of the network has no layers"));
    EXPECT_THAT(refusal({8, 3, false, {one, Cell{}}}),
                HasSubstr("entry 2 of the network is a cell without branches"));
    EXPECT_THAT(refusal({8, 3, false, {Cell{{O::conv3, O::conv1}, {}}}}),
                HasSubstr("3x3+1x1 are not in order"));
    EXPECT_THAT(refusal({8, 3, false, {Cell{{O::conv3, O::conv3}, {}}}}), HasSubstr("not distinct"));
    EXPECT_THAT(refusal({8, 3, false, {one, one, Cell{{O::conv1}, {0}}}}), HasSubstr("skip from entry 0"));
    EXPECT_THAT(refusal({8, 3, false, {one, one, Cell{{O::conv1}, {2}}}}), HasSubstr("before entry 2"));
    EXPECT_THAT(refusal({8, 3, false, {one, one, one, Cell{{O::conv1}, {2, 1}}}}), HasSubstr("ascending"));
    EXPECT_THAT(refusal({1, 3, false, {Cell{{O::conv1, O::conv3}, {}}}}), HasSubstr("1 filters wide"));
    EXPECT_THAT(refusal({8, 5, false, {one}}), HasSubstr("kernel"));
    EXPECT_THAT(refusal({0, 3, false, {one}}), HasSubstr("width"));
    EXPECT_THROW(network_costs(published(), {3, 0, 32}, 10), support::UsageError);
    EXPECT_THROW(network_costs(published(), {3, 32, 32}, 0), support::UsageError);
    EXPECT_THROW(network_costs(published(), {3, 1LL << 31, 1LL << 31}, 10), support::UsageError);
}

} // namespace
} // namespace tessera::nas::construction
