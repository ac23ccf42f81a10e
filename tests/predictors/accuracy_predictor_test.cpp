#include "predictors/accuracy_predictor.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "predictors/features.h"
#include "predictors/ranking.h"
#include "support/error.h"
#include "synthetic.h"

namespace tessera::predictors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(AccuracyPredictor, RecoversSignsAndOrderFrom30Samples) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        LinearWorld world(seed);
        const auto predictor = AccuracyPredictor::fit(world.samples(30), {});
        std::vector<double> predicted, truth;
        for (int i = 0; i < 300; ++i) {
            const auto q = world.qualities();
            predicted.push_back(predictor.predict(q).accuracy);
            truth.push_back(world.truth(q));
        }
        EXPECT_GT(kendall_tau_b(predicted, truth), 0.9) << "seed " << seed;
        const std::vector<double> middle(5, 0.3);
        for (std::size_t b = 0; b < 5; ++b) {
            auto worse = middle;
            worse[b] += 0.1;
            EXPECT_LT(predictor.predict(worse).accuracy, predictor.predict(middle).accuracy)
                << "seed " << seed;
        }
    }
}

TEST(AccuracyPredictor, FindsCurvatureAndCrossTermsWhereThereAreSome) {
    support::Rng rng(9);
    std::vector<Sample> crossed, bent, straight, logarithmic;
    for (int i = 0; i < 40; ++i) {
        const double a = rng.uniform(), b = rng.uniform(), c = rng.uniform();
        crossed.push_back({{a, b, c}, 0.9 - 0.1 * a - 0.6 * a * b});
        bent.push_back({{a, b, c}, 0.9 - 0.5 * a * a - 0.2 * b});
        straight.push_back({{a, b, c}, 0.9 - 0.3 * a - 0.2 * b - 0.1 * c + 0.003 * rng.normal()});
        logarithmic.push_back({{a, b, c}, 1.001 - std::exp(-5 + 2 * a + 2 * b + 0.8 * c)});
    }
    FitOptions accuracy;
    accuracy.target = Target::accuracy;
    accuracy.monotone =
        false; // with signs, unused features cost nothing and richer forms tie with the right one
    const auto first = [&](const std::vector<Sample>& samples, const FitOptions& options) {
        return AccuracyPredictor::fit(samples, options).regressions().front();
    };
    EXPECT_EQ(first(crossed, accuracy).form, Form::second_order);
    EXPECT_EQ(first(bent, accuracy).form, Form::additive);
    EXPECT_EQ(first(straight, accuracy).form, Form::linear);
    FitOptions plain;
    plain.monotone = false;
    EXPECT_EQ(first(logarithmic, plain).target, Target::log_error);
    EXPECT_EQ(first(logarithmic, plain).form, Form::linear);
    EXPECT_GT(first(logarithmic, plain).weight, 0.5);
}

TEST(AccuracyPredictor, AveragesWhatIsOpenByHowWellItPredictsWhatWasLeftOut) {
    LinearWorld world(8, 0.02);
    const auto samples = world.samples(15);
    const auto predictor = AccuracyPredictor::fit(samples, {});
    const auto& regressions = predictor.regressions();
    ASSERT_EQ(regressions.size(), 6U);
    const auto q = world.qualities();
    double sum = 0, mean = 0;
    for (std::size_t i = 0; i < regressions.size(); ++i) {
        const auto alone = AccuracyPredictor::fit(samples, {regressions[i].form, regressions[i].target, 0.9});
        EXPECT_EQ(alone.predict(q).accuracy, regressions[i].predict(q));
        EXPECT_LE(regressions[i].weight, regressions[0].weight);
        sum += regressions[i].weight;
        mean += regressions[i].weight * regressions[i].predict(q);
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_NEAR(predictor.predict(q).accuracy, mean, 1e-12);
    // Inverse fourth power of the left-out error.
    const auto compared = assess(samples, {}).compared;
    for (const auto& c : compared) {
        EXPECT_NEAR(c.weight / compared[0].weight, std::pow(compared[0].rmse / c.rmse, 4), 1e-2);
    }
}

TEST(AccuracyPredictor, KeepsTheFormAndTargetThatWereAskedFor) {
    LinearWorld world(3);
    const auto samples = world.samples(12);
    for (const Form form : {Form::linear, Form::additive, Form::second_order}) {
        for (const Target target : {Target::accuracy, Target::log_error}) {
            const auto predictor = AccuracyPredictor::fit(samples, {form, target, 0.8});
            EXPECT_EQ(predictor.blocks(), 5u);
            ASSERT_EQ(predictor.regressions().size(), 1u);
            const Regression& only = predictor.regressions().front();
            EXPECT_EQ(only.form, form);
            EXPECT_EQ(only.target, target);
            EXPECT_EQ(only.weight, 1);
            EXPECT_GT(only.model.lambda, 0);
        }
    }
}

TEST(AccuracyPredictor, NamesItsFeatures) {
    EXPECT_THAT(feature_names(Form::linear, 3), ElementsAre("x1", "x2", "x3"));
    EXPECT_THAT(feature_names(Form::additive, 3), ElementsAre("x1", "x2", "x3", "x1^2", "x2^2", "x3^2"));
    EXPECT_THAT(feature_names(Form::second_order, 3),
                ElementsAre("x1", "x2", "x3", "x1^2", "x1*x2", "x1*x3", "x2^2", "x2*x3", "x3^2"));
}

TEST(AccuracyPredictor, IntervalCoversNewNetworksAsOftenAsItSays) {
    for (const double coverage : {0.8, 0.9}) {
        for (const std::size_t count : {12u, 20u, 30u}) {
            int covered = 0, all = 0;
            for (std::uint64_t seed = 1; seed <= 20; ++seed) {
                LinearWorld world(100 + seed, 0.02);
                const auto predictor = AccuracyPredictor::fit(world.samples(count),
                                                              {Form::automatic, Target::automatic, coverage});
                for (int i = 0; i < 25; ++i, ++all) {
                    const Sample fresh = world.sample();
                    const Prediction p = predictor.predict(fresh.qualities);
                    covered += p.low <= fresh.accuracy && fresh.accuracy <= p.high ? 1 : 0;
                }
            }
            const double share = static_cast<double>(covered) / all;
            EXPECT_GT(share, coverage - 0.04) << count << " samples";
            EXPECT_LT(share, coverage + 0.09) << count << " samples";
        }
    }
}

TEST(AccuracyPredictor, TooFewSamplesForTheCoverageGiveTheWholeRange) {
    LinearWorld world(1);
    const auto samples = world.samples(8); // 0.9 needs nine: the ninth smallest of n errors
    const Prediction p = AccuracyPredictor::fit(samples, {}).predict(samples[0].qualities);
    EXPECT_EQ(p.low, 0);
    EXPECT_EQ(p.high, 1);
    LinearWorld more(1);
    const auto nine = more.samples(9);
    const Prediction q = AccuracyPredictor::fit(nine, {}).predict(nine[0].qualities);
    EXPECT_GT(q.low, 0);
    EXPECT_LT(q.high, 1);
}

TEST(AccuracyPredictor, PredictionsStayFractionsInOrder) {
    LinearWorld world(6);
    for (const Target target : {Target::accuracy, Target::log_error}) {
        const auto predictor = AccuracyPredictor::fit(world.samples(15), {Form::linear, target, 0.9});
        for (const double q : {-100.0, 0.0, 0.3, 1.0, 100.0}) {
            const Prediction p = predictor.predict(std::vector<double>(5, q));
            EXPECT_GE(p.low, 0);
            EXPECT_LE(p.low, p.accuracy);
            EXPECT_LE(p.accuracy, p.high);
            EXPECT_LE(p.high, 1);
        }
    }
}

TEST(AccuracyPredictor, EqualAccuraciesArePredictedAsTheyAre) {
    LinearWorld world(2);
    auto samples = world.samples(10);
    for (Sample& s : samples) {
        s.accuracy = 0.75;
    }
    const Prediction p = AccuracyPredictor::fit(samples, {}).predict(samples[3].qualities);
    EXPECT_NEAR(p.accuracy, 0.75, 1e-9);
    EXPECT_NEAR(p.high - p.low, 0, 1e-9);
}

TEST(AccuracyPredictor, DoesNotDependOnThreads) {
    LinearWorld world(12);
    const auto samples = world.samples(24);
    std::vector<std::string> texts;
    for (const std::size_t threads : {1u, 2u, 8u}) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        texts.push_back(AccuracyPredictor::fit(samples, {}).json());
    }
    EXPECT_EQ(texts[0], texts[1]);
    EXPECT_EQ(texts[0], texts[2]);
}

TEST(AccuracyPredictor, ABlockThatNoSampleVariesChangesNoPrediction) {
    LinearWorld world(4);
    auto samples = world.samples(7);
    for (Sample& s : samples) {
        s.qualities[2] = 0.1;
    }
    for (const bool monotone : {true, false}) {
        FitOptions options;
        options.monotone = monotone;
        options.form = Form::additive; // its square is constant as well, a product with another block is not
        const auto predictor = AccuracyPredictor::fit(samples, options);
        auto other = samples[0].qualities;
        other[2] = 0.5;
        EXPECT_EQ(predictor.predict(other).accuracy, predictor.predict(samples[0].qualities).accuracy);
    }
}

TEST(AccuracyPredictor, RefusesUnusableSamples) {
    LinearWorld world(1);
    const auto good = world.samples(10);
    const auto refused = [&](auto change, const std::string& why) {
        auto samples = good;
        change(samples);
        EXPECT_THAT([&] { AccuracyPredictor::fit(samples, {}); },
                    ThrowsMessage<support::RunError>(HasSubstr(why)))
            << why;
    };
    refused([](auto& s) { s.resize(3); }, "at least 4 fine-tuned samples, there are 3");
    refused([](auto& s) { s.clear(); }, "there are 0");
    refused([](auto& s) { s[4].qualities.pop_back(); },
            "sample 5: has 4 block qualities, the first sample has 5");
    refused(
        [](auto& s) {
            for (auto& x : s) {
                x.qualities.clear();
            }
        },
        "has 0 block qualities");
    refused([](auto& s) { s[1].qualities[2] = std::nan(""); },
            "sample 2: the quality of block 3 is not finite");
    refused([](auto& s) { s[1].qualities[2] = std::numeric_limits<double>::infinity(); }, "not finite");
    refused([](auto& s) { s[9].accuracy = 71.5; }, "sample 10: accuracy 71.5 is outside 0..1");
    refused([](auto& s) { s[9].accuracy = -0.1; }, "outside 0..1");
    refused([](auto& s) { s[9].accuracy = std::nan(""); }, "outside 0..1");
    const auto predictor = AccuracyPredictor::fit(good, {});
    EXPECT_THROW(predictor.predict(std::vector<double>(4, 0.1)), std::invalid_argument);
}

} // namespace
} // namespace tessera::predictors
