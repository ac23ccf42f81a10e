#include "latency/latency_table.h"

#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "support/seed.h"

namespace tessera::latency {
namespace {

Timing median(double ms) { return {10, ms, 0, ms, ms, ms}; }

TEST(Timing, OrderStatisticsOfKnownSamples) {
    const Timing t =
        Timing::of({5, 1, 4, 2, 3}); // NumPy: percentile 10, 50, 90 = 1.4, 3, 4.6; var(ddof=1) = 2.5
    EXPECT_EQ(t.count, 5);
    EXPECT_DOUBLE_EQ(t.mean_ms, 3);
    EXPECT_DOUBLE_EQ(t.variance_ms2, 2.5);
    EXPECT_DOUBLE_EQ(t.p10_ms, 1.4);
    EXPECT_DOUBLE_EQ(t.p50_ms, 3);
    EXPECT_DOUBLE_EQ(t.p90_ms, 4.6);
    const Timing one = Timing::of({7});
    EXPECT_EQ(one.variance_ms2, 0);
    EXPECT_EQ(one.p10_ms, 7);
    EXPECT_EQ(one.p90_ms, 7);
    EXPECT_DOUBLE_EQ(Timing::of({1, 2}).p50_ms, 1.5);
    EXPECT_THROW(Timing::of({}), std::invalid_argument);
}

TEST(Timing, QuantilesAreOrderedAndShiftWithTheSamples) {
    support::Rng rng(3);
    for (int repeat = 0; repeat < 300; ++repeat) {
        std::vector<double> samples(1 + rng.below(50)), shifted;
        for (double& s : samples) {
            s = 1 + rng.uniform();
        }
        for (const double s : samples) {
            shifted.push_back(s + 8);
        }
        const Timing a = Timing::of(samples), b = Timing::of(shifted);
        EXPECT_LE(a.p10_ms, a.p50_ms);
        EXPECT_LE(a.p50_ms, a.p90_ms);
        EXPECT_NEAR(b.p50_ms, a.p50_ms + 8, 1e-12);
        EXPECT_NEAR(b.mean_ms, a.mean_ms + 8, 1e-12);
        EXPECT_NEAR(b.variance_ms2, a.variance_ms2, 1e-12);
    }
}

TEST(Timing, WithoutAConstantStaysPositive) {
    const Timing t = Timing{7, 3, 0.25, 0.5, 2, 9}.without(1);
    EXPECT_EQ(t.count, 7);
    EXPECT_EQ(t.mean_ms, 2);
    EXPECT_EQ(t.variance_ms2, 0.25);
    EXPECT_EQ(t.p10_ms, 1e-6);
    EXPECT_EQ(t.p50_ms, 1);
    EXPECT_EQ(t.p90_ms, 8);
}

TEST(LatencyTable, AddsMediansOfStemBlocksAndHead) {
    LatencyTable table;
    table.stem = {3, 9, 1, 0.4, 0.5, 20}; // the median counts, not the mean
    table.head = median(0.25);
    table.add("b1", "conv", median(1));
    table.add("b1", "mbconv", median(2));
    table.add("b2", "conv", median(4));
    EXPECT_DOUBLE_EQ(table.network_ms({{"b1", "mbconv"}, {"b2", "conv"}}), 6.75);
    EXPECT_DOUBLE_EQ(table.network_ms({}), 0.75);
    table.offset_ms = 1;
    table.scale = 0.5;
    EXPECT_DOUBLE_EQ(table.network_ms({{"b1", "conv"}, {"b2", "conv"}}), 1 + 0.5 * 5.75);
    table.add("b1", "conv", median(3)); // measured again
    EXPECT_EQ(table.rows().size(), 3u);
    EXPECT_DOUBLE_EQ(table.find("b1", "conv")->p50_ms, 3);
    EXPECT_EQ(table.find("b1", "pool"), nullptr);
}

TEST(LatencyTable, NamesTheFirstMissingRow) {
    LatencyTable table;
    table.context.device = "phone";
    table.add("b1", "conv", median(1));
    EXPECT_THAT(
        [&] {
            table.network_ms({{"b1", "conv"}, {"b2", "dw(kernel=3)"}, {"b9", "conv"}});
        },
        testing::ThrowsMessage<support::RunError>(testing::AllOf(
            testing::HasSubstr("phone"), testing::HasSubstr("'b2'"), testing::HasSubstr("'dw(kernel=3)'"))));
}

TEST(LatencyTable, ErrorsOfThePlainSum) {
    LatencyTable table;
    EXPECT_EQ(table.additivity_error(), 0);
    EXPECT_EQ(table.corrected_error(), 0);
    table.additivity = {{"a", 9, 10}, {"b", 6, 5}};
    EXPECT_NEAR(table.additivity_error(), 0.15, 1e-15);
    table.fit_correction(); // two networks are no evidence for a line
    EXPECT_EQ(table.offset_ms, 0);
    EXPECT_EQ(table.scale, 1);
}

TEST(LatencyTable, FindsAnExactLine) {
    LatencyTable table;
    for (const double p : {2.0, 3.0, 5.0, 8.0}) {
        table.additivity.push_back({"a", p, 0.7 + 0.9 * p});
    }
    table.fit_correction();
    EXPECT_NEAR(table.offset_ms, 0.7, 1e-9);
    EXPECT_NEAR(table.scale, 0.9, 1e-9);
    EXPECT_NEAR(table.corrected_error(), 0, 1e-9);
    EXPECT_GT(table.additivity_error(), 0.05);
}

TEST(LatencyTable, TheCorrectionStaysOnlyWhereItHelpsOnNetworksItHasNotSeen) {
    support::Rng rng(7);
    int kept = 0;
    for (int repeat = 0; repeat < 300; ++repeat) {
        LatencyTable table;
        const double offset = repeat % 2 == 0 ? 2 : 0;
        for (int i = 0; i < 8; ++i) {
            const double p = 1 + 5 * rng.uniform();
            table.additivity.push_back({"a", p, (offset + p) * (1 + 0.02 * rng.normal())});
        }
        table.fit_correction();
        const bool corrected = table.offset_ms != 0 || table.scale != 1;
        EXPECT_EQ(corrected, table.corrected_error() < table.additivity_error());
        EXPECT_GT(table.scale, 0);
        if (offset > 0) {
            EXPECT_TRUE(corrected);
            EXPECT_NEAR(table.offset_ms, 2, 0.6);
        } else {
            kept += corrected ? 1 : 0;
        }
    }
    EXPECT_LT(kept, 75); // of 150 tables without a systematic error
}

TEST(LatencyTable, IsNotCorrectedByALineThatFallsOrByEqualPredictions) {
    LatencyTable falling;
    for (const double p : {1.0, 2.0, 3.0, 4.0}) {
        falling.additivity.push_back({"a", p, 10 - p});
    }
    falling.fit_correction();
    EXPECT_EQ(falling.scale, 1);
    EXPECT_EQ(falling.offset_ms, 0);
    LatencyTable equal;
    for (const double m : {3.0, 3.1, 2.9}) {
        equal.additivity.push_back({"a", 2, m});
    }
    equal.fit_correction();
    EXPECT_EQ(equal.scale, 1);
    EXPECT_EQ(equal.corrected_error(), equal.additivity_error());
}

} // namespace
} // namespace tessera::latency
