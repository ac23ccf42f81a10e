#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <tbb/global_control.h>

#include "predictors/accuracy_predictor.h"
#include "predictors/ranking.h"
#include "support/error.h"
#include "synthetic.h"

namespace tessera::predictors {
namespace {

std::vector<double> accuracies(const std::vector<Sample>& samples) {
    std::vector<double> all;
    for (const Sample& s : samples) {
        all.push_back(s.accuracy);
    }
    return all;
}

TEST(Honesty, EachHeldOutPredictionComesFromAFitOnTheOthers) {
    LinearWorld world(5, 0.01);
    const auto samples = world.samples(14);
    const HonestyReport report = assess(samples, {});
    ASSERT_EQ(report.held_out.size(), samples.size());
    std::vector<double> predicted;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        auto others = samples;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        const Prediction p = AccuracyPredictor::fit(others, {}).predict(samples[i].qualities);
        EXPECT_EQ(report.held_out[i].accuracy, p.accuracy);
        EXPECT_EQ(report.held_out[i].low, p.low);
        EXPECT_EQ(report.held_out[i].high, p.high);
        predicted.push_back(p.accuracy);
    }
    EXPECT_EQ(report.tau, kendall_tau_b(predicted, accuracies(samples)));
    EXPECT_EQ(report.rho, spearman_rho(predicted, accuracies(samples)));
    EXPECT_EQ(report.rmse, rmse(predicted, accuracies(samples)));
    EXPECT_EQ(report.top_k, 5U);
    EXPECT_EQ(report.top_tau, top_tau(predicted, accuracies(samples), 5));
    EXPECT_EQ(report.top_precision, precision_at(predicted, accuracies(samples), 5));
}

TEST(Honesty, SaysWhatQualitiesAreWorthAlone) {
    LinearWorld world(5);
    const auto samples = world.samples(12);
    std::vector<double> sums;
    for (const Sample& s : samples) {
        sums.push_back(AccuracyPredictor::expected_order(s.qualities));
    }
    EXPECT_EQ(assess(samples, {}).unfitted_tau, kendall_tau_b(sums, accuracies(samples)));
}

TEST(Honesty, BeatsTheMeanWhereThereIsSignalAndNotWhereThereIsNone) {
    LinearWorld clear(7, 0.002);
    const HonestyReport signal = assess(clear.samples(30), {});
    EXPECT_GT(signal.tau, 0.9);
    EXPECT_LT(signal.rmse, 0.2 * signal.baseline_rmse);
    support::Rng rng(1);
    double above = 0;
    for (int repeat = 0; repeat < 5; ++repeat) {
        LinearWorld world(70 + static_cast<std::uint64_t>(repeat));
        auto samples = world.samples(20);
        for (Sample& s : samples) {
            s.accuracy = 0.5 + 0.1 * rng.uniform();
        }
        const HonestyReport noise = assess(samples, {});
        above += noise.rmse / noise.baseline_rmse / 5;
        EXPECT_LT(noise.tau, 0.6);
    }
    EXPECT_GT(above, 0.9);
}

TEST(Honesty, BaselineIsTheMeanOfTheOthers) {
    std::vector<Sample> samples;
    for (int i = 0; i < 5; ++i) {
        samples.push_back({{0.1 * i}, 0.1 * i});
    }
    // Errors of i against the mean of the others: 0.25, 0.125, 0, 0.125, 0.25.
    EXPECT_NEAR(assess(samples, {}).baseline_rmse, std::sqrt(2 * (0.0625 + 0.015625) / 5), 1e-12);
}

TEST(Honesty, JsonHasNullForUndefinedMeasures) {
    LinearWorld world(3);
    auto samples = world.samples(6);
    for (Sample& s : samples) {
        s.accuracy = 0.5;
    }
    const HonestyReport report = assess(samples, {});
    EXPECT_TRUE(std::isnan(report.tau));
    const auto json = nlohmann::json::parse(report.json());
    EXPECT_EQ(json.at("schema"), "tessera-honesty-3");
    EXPECT_TRUE(json.at("tau").is_null());
    EXPECT_EQ(json.at("samples"), 6);
    EXPECT_EQ(json.at("top_k"), 5);
    EXPECT_TRUE(json.at("top_tau").is_null());
    EXPECT_TRUE(json.at("top_precision").is_number());
    EXPECT_EQ(json.at("held_out").size(), 6u);
    EXPECT_TRUE(json.contains("unfitted_tau"));
}

TEST(Honesty, DoesNotDependOnThreads) {
    LinearWorld world(21, 0.01);
    const auto samples = world.samples(12);
    std::vector<std::string> texts;
    for (const std::size_t threads : {1u, 2u, 8u}) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        texts.push_back(assess(samples, {}).json());
    }
    EXPECT_EQ(texts[0], texts[1]);
    EXPECT_EQ(texts[0], texts[2]);
}

TEST(Honesty, NeedsFiveSamples) {
    LinearWorld world(3);
    EXPECT_THAT([&] { assess(world.samples(4), {}); },
                testing::ThrowsMessage<support::RunError>(testing::HasSubstr("at least 5")));
    EXPECT_EQ(assess(world.samples(5), {}).held_out.size(), 5u);
}

} // namespace
} // namespace tessera::predictors
