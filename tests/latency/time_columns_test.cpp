#include "latency/time_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"

namespace tessera::latency {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(TimeColumn, NameTellsStatisticAndUnit) {
    const auto expect = [](const std::string& name, Statistic statistic, double ms) {
        const auto column = time_column(name);
        ASSERT_TRUE(column.has_value()) << name;
        EXPECT_EQ(column->statistic, statistic) << name;
        EXPECT_EQ(column->ms, ms) << name;
    };
    expect("latency_ms", Statistic::typical, 1);
    expect("latency_us", Statistic::typical, 1e-3);
    expect("latency_s", Statistic::typical, 1000);
    expect("Latency_MS", Statistic::typical, 1);
    expect("mean_ms", Statistic::mean, 1);
    expect("p50_us", Statistic::p50, 1e-3);
    expect("median_s", Statistic::p50, 1000);
    expect("p10_ms", Statistic::p10, 1);
    expect("p90_ms", Statistic::p90, 1);
    expect("std_us", Statistic::deviation, 1e-3);
    for (const char* other : {"block", "choice", "", "latencies_ms", "comment", "p99_ms", "time"}) {
        EXPECT_FALSE(time_column(other).has_value()) << other;
    }
}

TEST(TimeColumn, RefusesATimeWithoutAKnownUnit) {
    for (const std::string name : {"latency", "latency_ns", "latency_", "latency (ms)", "mean_min", "p50",
                                   "p50_latency_ms", "std", "latency_ms_p50"}) {
        EXPECT_THAT([&] { time_column(name); },
                    ThrowsMessage<support::RunError>(
                        AllOf(HasSubstr("column '" + name + "'"), HasSubstr("latency_ms, latency_us or "
                                                                            "latency_s"))))
            << name;
    }
}

TEST(RowTimes, TheMedianGoesBeforeTheLatencyAndThatBeforeTheMean) {
    RowTimes times;
    times[Statistic::mean] = 3;
    EXPECT_EQ(times.timing(1).p50_ms, 3);
    times[Statistic::typical] = 2;
    EXPECT_EQ(times.timing(1).p50_ms, 2);
    times[Statistic::p50] = 1;
    const Timing t = times.timing(9);
    EXPECT_EQ(t.count, 9);
    EXPECT_EQ(t.p50_ms, 1);
    EXPECT_EQ(t.mean_ms, 3);
    EXPECT_EQ(t.p10_ms, 1);
    EXPECT_EQ(t.p90_ms, 1);
    EXPECT_EQ(t.variance_ms2, 0);
    times[Statistic::deviation] = 0.5;
    times[Statistic::p10] = 0.5;
    times[Statistic::p90] = 4;
    EXPECT_EQ(times.timing(1).variance_ms2, 0.25);
    EXPECT_EQ(times.timing(1).p10_ms, 0.5);
    EXPECT_EQ(times.timing(1).p90_ms, 4);
}

TEST(RowTimes, RefusesNothingAndQuantilesOutOfOrder) {
    RowTimes times;
    times[Statistic::p10] = 1;
    EXPECT_THAT([&] { times.timing(1); }, ThrowsMessage<support::RunError>(HasSubstr("no latency")));
    times[Statistic::typical] = 0.5;
    EXPECT_THAT([&] { times.timing(1); }, ThrowsMessage<support::RunError>(HasSubstr("p10 <= p50 <= p90")));
}

} // namespace
} // namespace tessera::latency
