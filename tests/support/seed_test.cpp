// Expected values were computed with an independent implementation in Python, itself checked against the
// published sequences of splitmix64 (seed 1234567) and xoshiro256** (state 1, 2, 3, 4).
#include "support/seed.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tessera::support {
namespace {

using ::testing::ElementsAre;

TEST(Rng, FollowsThePublishedSequence) {
    Rng rng(0);
    rng.restore({1, 2, 3, 4});
    EXPECT_EQ(rng.next(), 11520U);
    EXPECT_EQ(rng.next(), 0U);
    EXPECT_EQ(rng.next(), 1509978240U);
    EXPECT_EQ(rng.next(), 1215971899390074240U);
    EXPECT_EQ(rng.next(), 1216172134540287360U);
    EXPECT_EQ(rng.next(), 607988272756665600U);
}

TEST(Rng, IsSeededBySplitmix) {
    EXPECT_EQ(Rng(0).state(), (Rng::State{16294208416658607535U, 7960286522194355700U, 487617019471545679U,
                                          17909611376780542444U}));
    EXPECT_EQ(Rng(1234567).state()[0], 6457827717110365317U);
    EXPECT_EQ(Rng(1234567).state()[1], 3203168211198807973U);
    Rng rng(42);
    EXPECT_EQ(rng.next(), 0x15780b2e0c2ec716U);
    EXPECT_EQ(rng.next(), 0x6104d9866d113a7eU);
    Rng last(std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(last.next(), 0x8f5520d52a7ead08U);
}

TEST(Rng, DrawsBelow) {
    Rng rng(42);
    std::vector<std::uint64_t> drawn;
    for (int i = 0; i < 12; ++i) {
        drawn.push_back(rng.below(10));
    }
    EXPECT_THAT(drawn, ElementsAre(2, 2, 9, 3, 6, 4, 4, 7, 8, 5, 9, 3));
    EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, DrawsBelowWithoutBias) {
    // With n = 3 * 2^62 a plain remainder gives the lowest third twice as often.
    constexpr std::uint64_t n = 3ULL << 62;
    Rng rng(7);
    int lowest = 0;
    for (int i = 0; i < 30'000; ++i) {
        lowest += rng.below(n) < n / 3 ? 1 : 0;
    }
    EXPECT_NEAR(lowest, 10'000, 400); // five standard deviations
}

TEST(Rng, DrawsUniformAndNormal) {
    Rng uniform(42);
    EXPECT_DOUBLE_EQ(uniform.uniform(), 0.08386297105988216);
    EXPECT_DOUBLE_EQ(uniform.uniform(), 0.3789802506626686);
    Rng normal(42);
    EXPECT_DOUBLE_EQ(normal.normal(), -0.7262191382447857);
    EXPECT_DOUBLE_EQ(normal.normal(), 0.2216227015035933);
    EXPECT_DOUBLE_EQ(normal.normal(), 0.46417731016247366);
}

TEST(Rng, HasTheMomentsOfItsDistributions) {
    Rng rng(3);
    constexpr int count = 100'000;
    double mean = 0, square = 0, least = 1, most = 0, uniform = 0;
    for (int i = 0; i < count; ++i) {
        const double x = rng.normal(), u = rng.uniform();
        mean += x / count;
        square += x * x / count;
        uniform += u / count;
        least = std::min(least, u);
        most = std::max(most, u);
    }
    EXPECT_NEAR(mean, 0.0, 0.02);
    EXPECT_NEAR(square, 1.0, 0.03);
    EXPECT_NEAR(uniform, 0.5, 0.005);
    EXPECT_GE(least, 0.0);
    EXPECT_LT(most, 1.0);
}

TEST(Rng, ContinuesFromItsState) {
    Rng rng(9);
    rng.normal();
    Rng copy(0);
    copy.restore(rng.state());
    EXPECT_EQ(copy.normal(), rng.normal());
    EXPECT_EQ(copy.next(), rng.next());
}

TEST(Rng, Shuffles) {
    std::vector<int> values = {0, 1, 2, 3, 4, 5, 6, 7};
    Rng(42).shuffle(values);
    EXPECT_THAT(values, ElementsAre(7, 2, 4, 0, 3, 5, 1, 6));
    std::vector<int> none;
    Rng(42).shuffle(none);
    EXPECT_TRUE(none.empty());
}

TEST(DeriveSeed, DependsOnSeedAndEveryPart) {
    EXPECT_EQ(derive_seed(1, {"distil", "b2", "mbconv(kernel=3)"}), 0x4e61728eb0ff8b5dU);
    EXPECT_EQ(derive_seed(1, {}), 0x0d2684ea2cf4cb93U);
    EXPECT_EQ(derive_seed(std::numeric_limits<std::uint64_t>::max(), {"x"}), 0xeebb3d6a720de7f9U);
    EXPECT_NE(derive_seed(1, {"ab", "c"}), derive_seed(1, {"a", "bc"}));
}

} // namespace
} // namespace tessera::support
