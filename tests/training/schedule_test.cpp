// The learning rate over a training.
#include "training/schedule.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tessera::training {
namespace {

TEST(CosineFactor, RisesThenFallsToZero) {
    EXPECT_DOUBLE_EQ(cosine_factor(0, 100, 0), 1);
    EXPECT_DOUBLE_EQ(cosine_factor(50, 100, 0), 0.5);
    EXPECT_DOUBLE_EQ(cosine_factor(100, 100, 0), 0);
    EXPECT_DOUBLE_EQ(cosine_factor(0, 12, 3), 0.25);
    EXPECT_DOUBLE_EQ(cosine_factor(1, 12, 3), 0.5);
    EXPECT_DOUBLE_EQ(cosine_factor(2, 12, 3), 0.75);
    EXPECT_DOUBLE_EQ(cosine_factor(3, 12, 3), 1);
    EXPECT_NEAR(cosine_factor(6, 12, 3), 0.75, 1e-12);
    EXPECT_DOUBLE_EQ(cosine_factor(1, 2, 4), 0.4); // a schedule shorter than its warm-up
    EXPECT_DOUBLE_EQ(cosine_factor(2, 2, 4), 0);
}

TEST(Schedule, IsOneCosineToZeroBehindItsRise) {
    const Schedule schedule; // an epoch of rise
    for (std::int64_t step = 0; step < 40; ++step) {
        EXPECT_EQ(schedule.rate(0.3, step, 40, 10), 0.3 * cosine_factor(step, 40, 10)) << step;
    }
    EXPECT_EQ(Schedule{}.essence(), "warmup: 1\n"); // trainings from before there was more stay valid
}

TEST(Schedule, StartsAgainEachTimeTwiceAsLong) {
    // The published one: 0.05 to 0.001, first over 20 epochs.
    const Schedule schedule{.warmup = 0, .final_rate = 0.001, .restarts = 20};
    const std::int64_t epoch = 351, total = 855 * epoch;
    const auto rate = [&](double epochs) {
        return schedule.rate(0.05, static_cast<std::int64_t>(epochs * static_cast<double>(epoch)), total,
                             epoch);
    };
    for (const double begin : {0, 20, 60, 140, 300, 620}) {
        EXPECT_DOUBLE_EQ(rate(begin), 0.05) << begin;
    }
    for (const double middle : {10, 40, 100, 220, 460}) {
        EXPECT_NEAR(rate(middle), 0.0255, 1e-12) << middle;
    }
    EXPECT_NEAR(schedule.rate(0.05, 60 * epoch - 1, total, epoch), 0.001, 1e-6);
    EXPECT_EQ(schedule.essence(), "warmup: 0\nfinal_rate: 0.001\nrestarts: 20\n");
}

TEST(Schedule, RisesBeforeItsFirstCosineAlone) {
    const Schedule schedule{.warmup = 2, .final_rate = 0, .restarts = 1};
    EXPECT_DOUBLE_EQ(schedule.rate(1, 0, 1000, 10), 1.0 / 21);
    EXPECT_DOUBLE_EQ(schedule.rate(1, 19, 1000, 10), 20.0 / 21);
    EXPECT_DOUBLE_EQ(schedule.rate(1, 20, 1000, 10), 1);
    EXPECT_DOUBLE_EQ(schedule.rate(1, 25, 1000, 10), 0.5); // half of the first ten steps
    EXPECT_DOUBLE_EQ(schedule.rate(1, 30, 1000, 10), 1);
    EXPECT_DOUBLE_EQ(schedule.rate(1, 40, 1000, 10), 0.5); // of twenty
}

TEST(Schedule, NeverEndsAboveItsTop) {
    const Schedule schedule{.warmup = 0, .final_rate = 5, .restarts = 0};
    EXPECT_DOUBLE_EQ(schedule.rate(0.1, 7, 10, 10), 0.1);
}

TEST(SteadySchedule, IsTakenDownEveryFewEpochs) {
    const SteadySchedule steady{0.999, 2};
    EXPECT_DOUBLE_EQ(steady.rate(0.04, 0, 900), 0.04);
    EXPECT_DOUBLE_EQ(steady.rate(0.04, 1799, 900), 0.04);
    EXPECT_DOUBLE_EQ(steady.rate(0.04, 1800, 900), 0.04 * 0.999);
    EXPECT_DOUBLE_EQ(steady.rate(0.04, 9000, 900), 0.04 * std::pow(0.999, 5));
    EXPECT_DOUBLE_EQ((SteadySchedule{1, 0.1}.rate(0.04, 9000, 3)), 0.04);
}

} // namespace
} // namespace tessera::training
