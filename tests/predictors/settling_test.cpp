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
    EXPECT_TRUE(std::isnan(test.curve().front().correlation));
    EXPECT_FALSE(test.settled());
    test.add(200, Values{4, 3, 2, 1});
    EXPECT_DOUBLE_EQ(test.curve().back().correlation, -1);
    test.add(300, Values{40, 30, 20, 10});
    EXPECT_FALSE(test.settled()); // one of two
    test.add(400, Values{9, 8, 1, 0.5});
    EXPECT_TRUE(test.settled());
    EXPECT_EQ(test.curve().back().step, 400);
    test.add(500, Values{8, 9, 1, 0.5}); // 0.8
    EXPECT_DOUBLE_EQ(test.curve().back().correlation, 0.8);
    EXPECT_FALSE(test.settled());
}

TEST(SettlingTest, NotANumberRanksLast) {
    SettlingTest test({0.95, 1});
    test.add(1, Values{0, 1, 2});
    test.add(2, Values{std::nan(""), 1, std::numeric_limits<double>::infinity()});
    EXPECT_DOUBLE_EQ(test.curve().back().correlation, 1);
    EXPECT_TRUE(test.settled());
}

TEST(SettlingTest, EqualValuesSettleNothing) {
    SettlingTest test({0.95, 1});
    test.add(1, Values{1, 1});
    test.add(2, Values{1, 1});
    EXPECT_TRUE(std::isnan(test.curve().back().correlation));
    EXPECT_FALSE(test.settled());
}

} // namespace
} // namespace tessera::predictors
