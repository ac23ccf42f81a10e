// The cost meter against numbers worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/costs.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;

TEST(Shape, StridesRoundUp) {
    EXPECT_EQ((Shape{3, 5, 7}.strided(8, 2)), (Shape{8, 3, 4}));
    EXPECT_EQ((Shape{3, 1, 1}.strided(8, 8)), (Shape{8, 1, 1}));
    EXPECT_EQ((Shape{3, 32, 32}.elements()), 3072);
}

TEST(CostMeter, DenseConvolutionOnAnOddMap) {
    CostMeter meter({3, 5, 7});
    meter.convolution(8, 3, 2, 1, /*bias=*/false, /*norm=*/true);
    EXPECT_EQ(meter.shape(), (Shape{8, 3, 4}));
    EXPECT_EQ(meter.costs().macs, 3 * 3 * 3 * 8 * 12);
    EXPECT_EQ(meter.costs().parameters, 216 + 16);
    EXPECT_EQ(meter.costs().peak_elements, 3 * 35 + 8 * 12);
}

TEST(CostMeter, GroupsDivideTheWork) {
    CostMeter depthwise({8, 3, 4}), grouped({8, 3, 4});
    depthwise.convolution(8, 5, 1, 8, /*bias=*/true, /*norm=*/false);
    EXPECT_EQ(depthwise.costs(), (Costs{25 * 8 * 12, 200 + 8, 192}));
    grouped.convolution(8, 5, 1, 2, false, false);
    EXPECT_EQ(grouped.costs(), (Costs{4 * 25 * 8 * 12, 800, 192}));
}

TEST(CostMeter, SqueezeExciteMakesANewTensor) {
    CostMeter meter({8, 3, 4});
    meter.squeeze_excite(4);
    EXPECT_EQ(meter.costs(), (Costs{64, 64 + 4 + 8, 96 + 8 + 96}));
    EXPECT_EQ(meter.shape(), (Shape{8, 3, 4}));
}

TEST(CostMeter, PoolAndLinear) {
    CostMeter meter({8, 3, 4});
    meter.global_pool();
    EXPECT_EQ(meter.costs(), (Costs{0, 0, 104}));
    meter.linear(10, /*bias=*/true);
    EXPECT_EQ(meter.costs(), (Costs{80, 90, 104}));
    EXPECT_EQ(meter.shape(), (Shape{10, 1, 1}));
}

TEST(CostMeter, HeldTensorsStayAlive) {
    CostMeter meter({2, 4, 4});                  // 32 elements
    meter.convolution(6, 1, 1, 1, false, false); // 32 + 96
    meter.hold(32);                              // 96 + 32
    meter.convolution(6, 3, 1, 6, false, false); // 32 + 96 + 96
    EXPECT_EQ(meter.costs().peak_elements, 224);
    meter.side_convolution({2, 4, 4}, 20, 1, 1, 1, true); // 32 + 96 + 320
    EXPECT_EQ(meter.costs().peak_elements, 448);
    EXPECT_EQ(meter.costs().macs, 12 * 16 + 54 * 16 + 40 * 16);
    EXPECT_EQ(meter.costs().parameters, 12 + 54 + 40 + 40);
    EXPECT_EQ(meter.shape(), (Shape{6, 4, 4}));
    meter.release(32);
    meter.convolution(2, 1, 1, 1, false, false);
    EXPECT_EQ(meter.costs().peak_elements, 448);
}

TEST(Costs, ThenAddsWorkAndTakesTheLargerPeak) {
    Costs costs{10, 5, 100};
    costs.then({1, 2, 70}).then({0, 0, 120});
    EXPECT_EQ(costs, (Costs{11, 7, 120}));
}

TEST(CostMeter, RefusesWhatDoesNotFit63Bits) {
    CostMeter meter({786432, 8192, 8192});
    EXPECT_THAT(message_of([&] { meter.convolution(786432, 11, 1, 1, false, true); }),
                ::testing::HasSubstr("63 bits"));
    Costs huge{std::int64_t{1} << 62, 0, 0};
    EXPECT_THAT(message_of([&] { huge.then(huge); }), ::testing::HasSubstr("63 bits"));
}

} // namespace
} // namespace tessera::search_spaces
