#include "predictors/rank_study.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "predictors/ranking.h"
#include "support/error.h"
#include "synthetic.h"

namespace tessera::predictors {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

RankOptions options(std::vector<std::size_t> sizes, std::size_t draws = 5) {
    RankOptions o;
    o.sizes = std::move(sizes);
    o.draws = draws;
    return o;
}

TEST(RankStudy, WithoutSamplesQualitiesOrderAlone) {
    LinearWorld world(3);
    const auto networks = world.samples(60);
    std::vector<double> expected, truth;
    for (const Sample& s : networks) {
        expected.push_back(AccuracyPredictor::expected_order(s.qualities));
        truth.push_back(s.accuracy);
    }
    const auto rows = study_ranking(networks, {}, options({0}));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].draws, 1U);
    EXPECT_EQ(rows[0].tau.mean, kendall_tau_b(expected, truth));
    EXPECT_EQ(rows[0].tau.deviation, 0);
    EXPECT_TRUE(std::isnan(rows[0].rmse.mean));
    EXPECT_EQ(rows[0].predicted, expected);
}

TEST(RankStudy, MoreSamplesRankBetterAndTheRestAloneCounts) {
    LinearWorld world(5, 0.001);
    auto networks = world.samples(80);
    const auto rows = study_ranking(networks, {}, options({6, 40}, 20));
    EXPECT_GT(rows[1].tau.mean, rows[0].tau.mean);
    EXPECT_GT(rows[1].tau.mean, 0.95);
    EXPECT_LT(rows[1].rmse.mean, rows[0].rmse.mean);
    EXPECT_EQ(rows[1].precision.size(), 3U);
    EXPECT_TRUE(std::isnan(rows[1].precision[2].mean)); // 40 are left, not 100
    for (const double p : rows[1].predicted) {
        EXPECT_TRUE(std::isfinite(p)); // each was left out of some draw
    }
}

TEST(RankStudy, SeesNothingOfTheNetworksThatAreNotDrawn) {
    // Accuracies of the rest turned upside down: what is predicted for them is the same.
    LinearWorld world(7);
    auto networks = world.samples(30);
    const auto before = study_ranking(networks, {}, options({10}, 1));
    std::size_t rest = 0;
    for (std::size_t i = 0; i < networks.size(); ++i) {
        if (std::isfinite(before[0].predicted[i])) {
            networks[i].accuracy = 1 - networks[i].accuracy;
            ++rest;
        }
    }
    ASSERT_EQ(rest, 20U);
    const auto after = study_ranking(networks, {}, options({10}, 1));
    for (std::size_t i = 0; i < networks.size(); ++i) {
        if (std::isfinite(before[0].predicted[i])) {
            EXPECT_EQ(after[0].predicted[i], before[0].predicted[i]);
        }
    }
    EXPECT_NEAR(after[0].tau.mean, -before[0].tau.mean, 1e-12);
}

TEST(RankStudy, RegretIsWhatTrustingThePredictorCosts) {
    // Quality orders them exactly wrong, so the first ten are the ten worst of all.
    std::vector<Sample> networks;
    std::vector<double> macs;
    for (int i = 0; i < 40; ++i) {
        networks.push_back({{0.01 * i}, 0.5 + 0.01 * i});
        macs.push_back(100.0 * (i + 1));
    }
    const auto row = study_ranking(networks, macs, options({0}))[0];
    ASSERT_EQ(row.regret.size(), 4U);
    EXPECT_FALSE(row.regret[0].macs.has_value());
    EXPECT_EQ(row.regret[0].networks, 40U);
    EXPECT_NEAR(row.regret[0].best, 0.89, 1e-12);
    EXPECT_NEAR(row.regret[0].of_top[0].mean, 0.39, 1e-12);
    EXPECT_NEAR(row.regret[0].of_top[1].mean, 0.35, 1e-12);
    EXPECT_NEAR(row.regret[0].of_top[2].mean, 0.30, 1e-12);
    EXPECT_EQ(row.regret[2].macs, 2000); // the middle
    EXPECT_EQ(row.regret[2].networks, 20U);
    EXPECT_NEAR(row.regret[2].best, 0.69, 1e-12);
    EXPECT_NEAR(row.regret[2].of_top[0].mean, 0.19, 1e-12);
}

TEST(RankStudy, DoesNotDependOnThreadsAndSizesShareTheirDraws) {
    LinearWorld world(9);
    const auto networks = world.samples(40);
    std::vector<double> taus;
    for (const std::size_t threads : {1U, 2U, 8U}) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        taus.push_back(study_ranking(networks, {}, options({10}, 8))[0].tau.mean);
    }
    EXPECT_EQ(taus[0], taus[1]);
    EXPECT_EQ(taus[0], taus[2]);
    EXPECT_EQ(study_ranking(networks, {}, options({20, 10}, 8))[1].tau.mean, taus[0]);
    RankOptions other = options({10}, 8);
    other.seed = 2;
    EXPECT_NE(study_ranking(networks, {}, other)[0].tau.mean, taus[0]);
}

TEST(RankStudy, RefusesSizesThatCannotBe) {
    LinearWorld world(1);
    const auto networks = world.samples(10);
    EXPECT_THAT([&] { study_ranking(networks, {}, options({3})); },
                ThrowsMessage<support::UsageError>(HasSubstr("a fit needs at least 4")));
    EXPECT_THAT([&] { study_ranking(networks, {}, options({9})); },
                ThrowsMessage<support::UsageError>(HasSubstr("the table has 10 networks")));
    EXPECT_EQ(study_ranking(networks, {}, options({8})).size(), 1U);
}

} // namespace
} // namespace tessera::predictors
