#include <gtest/gtest.h>

#include "support/config.h"

namespace tessera::support {
namespace {

TEST(Nearest, FindsMisspellings) {
    EXPECT_EQ(nearest("epohcs", {"seed", "epochs", "epsilon"}), "epochs"); // neighbours swapped
    EXPECT_EQ(nearest("epoch", {"seed", "epochs"}), "epochs");             // a letter missing
    EXPECT_EQ(nearest("Epochs", {"seed", "epochs"}), "epochs");            // letter case
    EXPECT_EQ(nearest("learningrate", {"learning_rate", "rate"}), "learning_rate");
    EXPECT_EQ(nearest("weight-decay", {"weight_decay"}), "weight_decay");
}

TEST(Nearest, PrefersTheSmallestDistanceThenTheFirst) {
    EXPECT_EQ(nearest("kernels", {"channels", "kernel"}), "kernel");
    EXPECT_EQ(nearest("axc", {"abc", "axd"}), "abc");
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
    EXPECT_EQ(nearest("optimizer", {"epochs", "seed"}), "");
    EXPECT_EQ(nearest("a", {"b"}), "");
    EXPECT_EQ(nearest("ab", {"cd"}), "");
    EXPECT_EQ(nearest("", {"a"}), "");
    EXPECT_EQ(nearest("x", {}), "");
    EXPECT_EQ(nearest(std::string(1'000'000, 'a'), {std::string(1'000'000, 'a')}), ""); // and returns at once
}

} // namespace
} // namespace tessera::support
