#include "training/class_balance.h"

#include <gtest/gtest.h>

namespace tessera::training {
namespace {

TEST(ClassBalance, IsMentionedAboveARatioOfTwo) {
    EXPECT_EQ(describe_balance({10, 20, 15}, {"a", "b", "c"}), "");
    EXPECT_EQ(describe_balance({10, 21, 15}, {"a", "b", "c"}),
              "; unbalanced: 10 training images of a (fewest), 21 of b (most)");
    EXPECT_EQ(describe_balance({3, 0}, {"a", "b"}),
              "; unbalanced: 0 training images of b (fewest), 3 of a (most)");
    EXPECT_EQ(describe_balance({}, {}), "");
}

} // namespace
} // namespace tessera::training
