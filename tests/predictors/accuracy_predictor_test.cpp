#include "predictors/accuracy_predictor.h"

#include <cmath>
#include <limits>
#include <stdexcept>

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
        const std::vector<Quality> middle(5, 0.3);
        for (std::size_t b = 0; b < 5; ++b) {
            auto worse = middle;
            worse[b].nsr += 0.1;
            EXPECT_LT(predictor.predict(worse).accuracy, predictor.predict(middle).accuracy)
                << "seed " << seed;
        }
    }
}

TEST(AccuracyPredictor, EstimatesTheCeilingTowardsWhichAccuracySaturates) {
    support::Rng rng(9);
    std::vector<Sample> samples;
    for (int i = 0; i < 60; ++i) {
        const double a = rng.uniform(), b = rng.uniform();
        samples.push_back({{a, b}, 0.93 - std::exp(-5 + 2 * a + 2 * b)});
    }
    const auto predictor = AccuracyPredictor::fit(samples, {});
    EXPECT_NEAR(predictor.ceiling(), 0.93, 0.02); // not 1: an error that shrinks to 7 % and no further
    EXPECT_EQ(predictor.regressions().front().scale, Scale::noise);
    EXPECT_GT(predictor.regressions().front().weight, 0.9);
}

TEST(AccuracyPredictor, TellsTheScaleInWhichNoiseAddsUp) {
    support::Rng rng(4);
    std::vector<Sample> samples;
    for (int i = 0; i < 40; ++i) {
        const double a = rng.uniform(), b = rng.uniform(), c = rng.uniform();
        samples.push_back({{a, b, c}, 1.001 - std::exp(-4 + std::sqrt(a) + std::sqrt(b) + std::sqrt(c))});
    }
    const auto predictor = AccuracyPredictor::fit(samples, {});
    EXPECT_EQ(predictor.regressions().front().scale, Scale::root);
    EXPECT_GT(predictor.regressions().front().weight, 0.9);
}

TEST(AccuracyPredictor, SecondOrderSeesProductsOfBlocksThatAdditiveCannot) {
    support::Rng rng(9);
    std::vector<Sample> samples, fresh;
    for (int i = 0; i < 160; ++i) {
        const double a = rng.uniform(), b = rng.uniform(), c = rng.uniform();
        (i < 60 ? samples : fresh)
            .push_back({{a, b, c}, 0.95 - std::exp(-4 + 0.3 * a + 0.2 * b + 2.5 * a * b)});
    }
    const auto error = [&](Form form) {
        const auto predictor = AccuracyPredictor::fit_mean(samples, {form, 0.9});
        double squares = 0;
        for (const Sample& s : fresh) {
            squares += std::pow(predictor.predict(s.qualities).accuracy - s.accuracy, 2);
        }
        return std::sqrt(squares / static_cast<double>(fresh.size()));
    };
    EXPECT_LT(error(Form::second_order), 0.5 * error(Form::additive));
    const auto predictor = AccuracyPredictor::fit_mean(samples, {Form::second_order, 0.9});
    ASSERT_EQ(predictor.regressions().size(), 1U); // one scalar a block
    EXPECT_EQ(predictor.regressions()[0].products.size(), 3U);
}

TEST(AccuracyPredictor, LearnsWhatAChoiceCostsBesidesItsQuality) {
    support::Rng rng(2);
    std::vector<Sample> samples;
    for (int i = 0; i < 60; ++i) {
        Sample s{{}, 0, {}};
        double score = -3;
        for (int b = 0; b < 3; ++b) {
            const bool other = rng.below(2) == 1;
            s.qualities.emplace_back(0.3 + 0.2 * rng.uniform());
            s.choices.push_back(other ? "conv" : "mbconv");
            score += s.qualities.back().nsr *
                     (other && b == 1 ? 3.0 : 1.0); // one choice hurts more than its noise
        }
        s.accuracy = 1.001 - std::exp(score);
        samples.push_back(s);
    }
    const auto predictor = AccuracyPredictor::fit(samples, {});
    const std::vector<Quality> q(3, 0.4);
    const auto accuracy = [&](const std::string& second) {
        return predictor.predict(q, std::vector<std::string>{"mbconv", second, "mbconv"}).accuracy;
    };
    EXPECT_NEAR(accuracy("mbconv"), 1.001 - std::exp(-3 + 1.2), 0.01);
    EXPECT_NEAR(accuracy("conv"), 1.001 - std::exp(-3 + 2.0), 0.01);
    EXPECT_GT(accuracy("never seen"), accuracy("conv")); // what the block's choices have in common
}

TEST(AccuracyPredictor, SumsOfTermsAreThePrediction) {
    LinearWorld world(8, 0.02);
    for (const Form form : {Form::additive, Form::second_order}) {
        const auto predictor = AccuracyPredictor::fit(world.samples(15), {form, 0.9});
        const auto q = world.qualities();
        std::vector<Term> terms;
        for (std::size_t b = 0; b < q.size(); ++b) {
            terms.push_back(predictor.term(b, q[b], ""));
        }
        EXPECT_EQ(predictor.predict(terms).accuracy, predictor.predict(q).accuracy);
        EXPECT_EQ(predictor.predict(terms).low, predictor.predict(q).low);
        double sum = 0;
        for (const Regression& r : predictor.regressions()) {
            sum += r.weight;
        }
        EXPECT_NEAR(sum, 1, 1e-12);
    }
}

TEST(AccuracyPredictor, NoiseNeverHelps) {
    support::Rng rng(5);
    std::vector<Sample> samples; // the second block's noise seems to raise the accuracy
    for (int i = 0; i < 30; ++i) {
        const double a = rng.uniform(), b = rng.uniform();
        samples.push_back({{a, b}, 0.6 - 0.2 * a + 0.2 * b});
    }
    const auto predictor = AccuracyPredictor::fit(samples, {});
    EXPECT_EQ(predictor.predict(std::vector<Quality>{0.5, 0.1}).accuracy,
              predictor.predict(std::vector<Quality>{0.5, 0.9}).accuracy);
}

TEST(AccuracyPredictor, WithoutSamplesLessNoiseIsBetter) {
    EXPECT_GT(AccuracyPredictor::expected_order(std::vector<Quality>{0.1, 0.2}),
              AccuracyPredictor::expected_order(std::vector<Quality>{0.2, 0.2}));
}

TEST(AccuracyPredictor, WithoutSamplesTheRiseOfTheLossCountsWithTheNoise) {
    // 0.25^1.5 + sqrt(0.04) and 0.04^1.5 + sqrt(0.09).
    const std::vector<Quality> networks = {{0.25, 0.04}, {0.04, 0.09}};
    EXPECT_NEAR(AccuracyPredictor::expected_order(networks), -(0.125 + 0.2 + 0.008 + 0.3), 1e-12);
    // Of one block it is not known: then the noise alone counts.
    EXPECT_NEAR(AccuracyPredictor::expected_order(std::vector<Quality>{{0.25, 0.04}, {0.04}}), -0.29, 1e-12);
}

/// Noise and rise of the loss are independent, and accuracy follows the measure `of` them.
template <class Measure>
std::vector<Sample> with_rises(std::size_t count, std::uint64_t seed, Measure of) {
    support::Rng rng(seed);
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < count; ++i) {
        Sample s{{}, 0, {}};
        double score = -4;
        for (int b = 0; b < 4; ++b) {
            s.qualities.emplace_back(rng.uniform(), 0.5 * rng.uniform());
            score += of(s.qualities.back());
        }
        s.accuracy = 1.001 - std::exp(score);
        samples.push_back(std::move(s));
    }
    return samples;
}

TEST(AccuracyPredictor, EvidenceTellsWhetherTheRiseOfTheLossSaysMoreThanTheNoise) {
    const auto both = [](const Quality& q) { return 0.4 * (std::pow(q.nsr, 1.5) + std::sqrt(*q.loss_rise)); };
    const auto noise = [](const Quality& q) { return 0.7 * q.nsr; };
    const auto weight_of_combined = [](const std::vector<Sample>& samples) {
        double weight = 0;
        const auto predictor = AccuracyPredictor::fit_mean(samples, {});
        EXPECT_EQ(predictor.regressions().size(), 4U);
        for (const Regression& r : predictor.regressions()) {
            weight += r.scale == Scale::combined ? r.weight : 0;
        }
        return weight;
    };
    EXPECT_GT(weight_of_combined(with_rises(40, 3, both)), 0.95);
    EXPECT_LT(weight_of_combined(with_rises(40, 3, noise)), 0.05);

    const auto second = AccuracyPredictor::fit_mean(with_rises(40, 3, both), {Form::second_order, 0.9});
    ASSERT_EQ(second.regressions().size(), 1U);
    EXPECT_EQ(second.regressions()[0].scale, Scale::combined);
    EXPECT_NEAR(second.term(1, {0.25, 0.04}, "").noise, 0.325, 1e-12); // one scalar a block
}

TEST(AccuracyPredictor, WithoutRisesItIsTheSameAsBeforeThereWereAny) {
    auto samples = with_rises(20, 5, [](const Quality& q) { return 0.7 * q.nsr; });
    for (Sample& s : samples) {
        for (Quality& q : s.qualities) {
            q.loss_rise.reset();
        }
    }
    const auto predictor = AccuracyPredictor::fit_mean(samples, {});
    EXPECT_EQ(predictor.regressions().size(), 3U);
    EXPECT_GT(predictor.predict(std::vector<Quality>(4, {0.1, 0.2})).accuracy,
              0); // what is not needed is ignored
}

TEST(AccuracyPredictor, RisesThatAreMissingAreRefused) {
    auto samples = with_rises(20, 5, [](const Quality& q) { return 0.7 * q.nsr; });
    const auto predictor = AccuracyPredictor::fit_mean(samples, {});
    EXPECT_THAT([&] { predictor.predict(std::vector<Quality>(4, 0.1)); },
                ThrowsMessage<support::RunError>(HasSubstr("fitted with the rise of the loss")));
    samples[3].qualities[2].loss_rise.reset();
    EXPECT_THAT(
        [&] { AccuracyPredictor::fit(samples, {}); },
        ThrowsMessage<support::RunError>(HasSubstr("sample 4: the rise of the loss is known of some")));
    samples[3].qualities[2].loss_rise = -0.1;
    EXPECT_THAT([&] { AccuracyPredictor::fit(samples, {}); },
                ThrowsMessage<support::RunError>(HasSubstr("sample 4: the quality of block 3 is negative")));
    samples[3].qualities[2].loss_rise = std::nan("");
    EXPECT_THAT(
        [&] { AccuracyPredictor::fit(samples, {}); },
        ThrowsMessage<support::RunError>(HasSubstr("sample 4: the quality of block 3 is not finite")));
}

TEST(AccuracyPredictor, IntervalCoversNewNetworksAsOftenAsItSays) {
    for (const double coverage : {0.8, 0.9}) {
        for (const std::size_t count : {12u, 20u, 30u}) {
            int covered = 0, all = 0;
            for (std::uint64_t seed = 1; seed <= 20; ++seed) {
                LinearWorld world(100 + seed, 0.02);
                const auto predictor =
                    AccuracyPredictor::fit(world.samples(count), {Form::additive, coverage});
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
    for (const Form form : {Form::additive, Form::second_order}) {
        const auto predictor = AccuracyPredictor::fit(world.samples(15), {form, 0.9});
        for (const double q : {0.0, 0.3, 1.0, 100.0}) {
            const Prediction p = predictor.predict(std::vector<Quality>(5, q));
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

TEST(AccuracyPredictor, ABlockThatNoSampleVariesCostsWhatBlocksCost) {
    LinearWorld world(4);
    auto samples = world.samples(7);
    for (Sample& s : samples) {
        s.qualities[2] = 0.1;
    }
    // Nothing is known of it, so it costs what blocks cost in the mean.
    const auto predictor = AccuracyPredictor::fit(samples, {});
    auto other = samples[0].qualities;
    other[2] = 0.5;
    EXPECT_LT(predictor.predict(other).accuracy, predictor.predict(samples[0].qualities).accuracy);
    for (const Regression& r : predictor.regressions()) {
        double mean = 0;
        for (const double slope : r.slopes) {
            mean += slope / 5;
        }
        EXPECT_NEAR(r.slopes[2], mean, 0.5 * mean);
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
    refused([](auto& s) { s.resize(3); }, "at least 4 samples, there are 3");
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
    refused([](auto& s) { s[1].qualities[2] = -0.1; }, "sample 2: the quality of block 3 is negative");
    refused([](auto& s) { s[1].choices = {"identity"}; }, "sample 2: has 1 choices and 5 block qualities");
    refused([](auto& s) { s[9].accuracy = 71.5; }, "sample 10: accuracy 71.5 is outside 0..1");
    refused([](auto& s) { s[9].accuracy = -0.1; }, "outside 0..1");
    refused([](auto& s) { s[9].accuracy = std::nan(""); }, "outside 0..1");
    const auto predictor = AccuracyPredictor::fit(good, {});
    EXPECT_THROW(predictor.predict(std::vector<Quality>(4, 0.1)), std::invalid_argument);
}

} // namespace
} // namespace tessera::predictors
