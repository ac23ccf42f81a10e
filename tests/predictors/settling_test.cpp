// When a ranking has come to rest.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "predictors/settling.h"

namespace tessera::predictors {
namespace {

using Values = std::vector<double>;

TEST(SettlingTest, SettlesAfterEnoughEqualRankings) {
    SettlingTest test({0.95, 2});
    test.add(100, Values{1, 2, 3, 4});
    EXPECT_TRUE(std::isnan(test.curve().front().with_previous));
    EXPECT_FALSE(test.settled());
    test.add(200, Values{4, 3, 2, 1});
    EXPECT_DOUBLE_EQ(test.curve().back().with_previous, -1);
    test.add(300, Values{40, 30, 20, 10});
    EXPECT_FALSE(test.settled()); // one of two
    test.add(400, Values{9, 8, 1, 0.5});
    EXPECT_TRUE(test.settled());
    EXPECT_EQ(test.curve().back().step, 400);
    test.add(500, Values{8, 9, 1, 0.5}); // 0.8
    EXPECT_DOUBLE_EQ(test.curve().back().with_previous, 0.8);
    EXPECT_FALSE(test.settled());
}

TEST(SettlingTest, TheCurveSaysHowFarTheLastOrderWasKnownBefore) {
    SettlingTest test({0.95, 2});
    test.add(10, Values{4, 3, 2, 1});
    test.add(20, Values{2, 1, 3, 4});
    test.add(30, Values{1, 2, 3, 4});
    const auto curve = test.curve();
    ASSERT_EQ(curve.size(), 3);
    EXPECT_DOUBLE_EQ(curve[0].with_last, -1);
    EXPECT_DOUBLE_EQ(curve[1].with_last, 0.8);
    EXPECT_DOUBLE_EQ(curve[2].with_last, 1);
}

TEST(SettlingTest, OneThatIsGivenTheSnapshotsSaysTheSame) {
    SettlingTest test({0.9, 2}), again({0.9, 2});
    test.add(10, Values{std::nan(""), 3, 2, std::numeric_limits<double>::infinity()});
    test.add(20, Values{0, 3, 2, 7});
    test.add(30, Values{0, 3, 2, 8});
    for (const auto& snapshot : test.snapshots()) {
        again.add(snapshot.step, snapshot.values);
    }
    EXPECT_TRUE(test.settled());
    EXPECT_TRUE(again.settled());
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(again.curve()[i].step, test.curve()[i].step);
        EXPECT_EQ(again.curve()[i].with_last, test.curve()[i].with_last);
        EXPECT_EQ(again.snapshots()[i].values, test.snapshots()[i].values);
    }
}

TEST(SettlingTest, NotANumberRanksLast) {
    SettlingTest test({0.95, 1});
    test.add(1, Values{0, 1, 2});
    test.add(2, Values{std::nan(""), 1, std::numeric_limits<double>::infinity()});
    EXPECT_DOUBLE_EQ(test.curve().back().with_previous, 1);
    EXPECT_TRUE(test.settled());
}

TEST(SettlingTest, EqualValuesSettleNothing) {
    SettlingTest test({0.95, 1});
    test.add(1, Values{1, 1});
    test.add(2, Values{1, 1});
    EXPECT_TRUE(std::isnan(test.curve().back().with_previous));
    EXPECT_FALSE(test.settled());
}

} // namespace
} // namespace tessera::predictors
