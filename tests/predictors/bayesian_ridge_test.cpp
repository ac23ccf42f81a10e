#include "predictors/bayesian_ridge.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/seed.h"

namespace tessera::predictors {
namespace {

/// Standard normal features, and the target of given weights with noise.
struct World {
    Matrix x;
    std::vector<double> y;
};

World world(std::size_t rows, std::vector<double> weights, double noise, std::uint64_t seed = 1) {
    support::Rng rng(seed);
    World w{{rows, weights.size(), {}}, {}};
    for (std::size_t r = 0; r < rows; ++r) {
        double sum = 0.7;
        for (const double weight : weights) {
            w.x.values.push_back(rng.normal());
            sum += weight * w.x.values.back();
        }
        w.y.push_back(sum + noise * rng.normal());
    }
    return w;
}

BayesianFit fit_one(const std::vector<FeatureGroup>& groups, const std::vector<double>& y) {
    return fit_bayesian(groups, -1.5, std::vector<std::vector<double>>{y}).at(0);
}

TEST(BayesianRidge, ApproachesLeastSquaresWithMuchDataAndLittleNoise) {
    const World w = world(400, {0.5, -0.3, 0.1}, 0.01);
    const BayesianFit fit = fit_one({{w.x, 0}}, w.y);
    EXPECT_NEAR(fit.intercept, 0.7, 0.01);
    EXPECT_NEAR(fit.weights[0], 0.5, 0.01);
    EXPECT_NEAR(fit.weights[1], -0.3, 0.01);
    EXPECT_NEAR(fit.weights[2], 0.1, 0.01);
}

TEST(BayesianRidge, AVanishingPriorPredictsTheMean) {
    const World w = world(20, {0.5, -0.3}, 0.01);
    const BayesianFit fit = fit_one({{w.x, -60}}, w.y); // lambda towards infinity
    double mean = 0;
    for (const double y : w.y) {
        mean += y / 20;
    }
    EXPECT_NEAR(fit.intercept, mean, 1e-12);
    EXPECT_NEAR(fit.weights[0], 0, 1e-12);
}

TEST(BayesianRidge, EqualsTheRidgeOfAKnownPenaltyWhereAllPointsAgree) {
    // Two rows, one column: z = +-1 after centring and scaling, so w = s^2 z'y / (2 s^2 + noise^2) at every
    // point of the prior, whose shares sum to 1: between the smallest and the largest such value.
    const Matrix x{2, 1, {-3, 3}};
    const BayesianFit fit = fit_one({{x, 0}}, {1, 2});
    const auto at = [](double log_s, double log_noise) {
        const double s = std::exp(2 * log_s), noise = std::exp(2 * log_noise);
        return 0.5 / 3 * 2 * s / (2 * s + noise); // in the column's units; deviation of the target 0.5
    };
    const double wide = std::sqrt(3.0);
    EXPECT_GT(fit.weights[0], at(-wide, -1.5 + wide));
    EXPECT_LT(fit.weights[0], at(wide, -1.5 - wide));
    EXPECT_NEAR(fit.intercept, 1.5, 1e-12);
}

TEST(BayesianRidge, TallAndWideDataAgreeOnTheSameModel) {
    // A column of noise-free copies changes which of rows and columns are fewer, not the model: eight copies
    // of a column in one group span the same functions with the same prior variance as the column alone.
    const World w = world(6, {0.5}, 0.1);
    Matrix copies{6, 8, {}};
    for (std::size_t r = 0; r < 6; ++r) {
        copies.values.insert(copies.values.end(), 8, w.x.at(r, 0));
    }
    const BayesianFit tall = fit_one({{w.x, 0}}, w.y), wide = fit_one({{copies, 0}}, w.y);
    double sum = 0;
    for (const double weight : wide.weights) {
        sum += weight;
    }
    EXPECT_NEAR(sum, tall.weights[0], 1e-9);
    EXPECT_NEAR(wide.intercept, tall.intercept, 1e-9);
    EXPECT_NEAR(wide.log_evidence, tall.log_evidence, 1e-9);
}

TEST(BayesianRidge, EvidencePrefersTheFeaturesThatExplain) {
    const World w = world(15, {0.5, 0.4}, 0.05);
    const World other = world(15, {0.5, 0.4}, 0.05, 99);
    EXPECT_GT(fit_one({{w.x, 0}}, w.y).log_evidence, fit_one({{other.x, 0}}, w.y).log_evidence + 5);
}

TEST(BayesianRidge, GroupsShrinkApart) {
    // Twelve useless columns beside one that explains: alone in its group it keeps its weight.
    const World w = world(16, {0.5}, 0.05);
    const World useless = world(16, std::vector<double>(12, 0.0), 0, 7);
    const BayesianFit fit = fit_one({{w.x, 0}, {useless.x, -1.5}}, w.y);
    EXPECT_NEAR(fit.weights[0], 0.5, 0.1);
    for (std::size_t c = 1; c < 13; ++c) {
        EXPECT_LT(std::abs(fit.weights[c]), 0.1);
    }
}

TEST(BayesianRidge, SeveralTargetsAreFittedAsEachAlone) {
    const World w = world(10, {0.5, 0.2}, 0.1);
    std::vector<double> other = w.y;
    for (double& y : other) {
        y = std::exp(y);
    }
    const std::vector<FeatureGroup> groups{{w.x, 0}};
    const auto both = fit_bayesian(groups, -1.5, std::vector<std::vector<double>>{w.y, other});
    EXPECT_NEAR(both[0].weights[0], fit_one(groups, w.y).weights[0], 1e-12);
    EXPECT_NEAR(both[0].weights[1], fit_one(groups, w.y).weights[1], 1e-12);
    EXPECT_NEAR(both[1].log_evidence, fit_one(groups, other).log_evidence, 1e-9);
}

TEST(BayesianRidge, MovingAndScalingFeaturesChangesNoPrediction) {
    const World w = world(9, {0.4, 0.1}, 0.1);
    Matrix moved = w.x;
    for (double& v : moved.values) {
        v = 5 + 20 * v;
    }
    const BayesianFit a = fit_one({{w.x, 0}}, w.y), b = fit_one({{moved, 0}}, w.y);
    EXPECT_NEAR(a.intercept + a.weights[0] * 0.3 + a.weights[1] * 0.2,
                b.intercept + b.weights[0] * 11 + b.weights[1] * 9, 1e-9);
}

TEST(BayesianRidge, ConstantsAreLeftAlone) {
    const World w = world(8, {0.4}, 0.1);
    const BayesianFit flat = fit_one({{w.x, 0}}, std::vector<double>(8, 0.25));
    EXPECT_EQ(flat.intercept, 0.25);
    EXPECT_EQ(flat.weights[0], 0);
    const BayesianFit constant = fit_one({{Matrix{8, 1, std::vector<double>(8, 3.0)}, 0}}, w.y);
    EXPECT_EQ(constant.weights[0], 0);
    const BayesianFit none = fit_one({{w.x, 0}, {Matrix{8, 0, {}}, 0}}, w.y); // an empty group
    EXPECT_EQ(none.weights.size(), 1U);
}

TEST(BayesianRidge, RefusesWhatItCannotFit) {
    const Matrix x{2, 1, {1, 2}};
    EXPECT_THROW(fit_one({}, {1, 2}), std::invalid_argument);
    EXPECT_THROW(fit_one({{Matrix{1, 1, {1}}, 0}}, {1}), std::invalid_argument);
    EXPECT_THROW(fit_one({{x, 0}}, {1, 2, 3}), std::invalid_argument);
    EXPECT_THROW(fit_one({{x, 0}}, {1, std::nan("")}), std::invalid_argument);
    EXPECT_THROW(fit_one({{Matrix{2, 1, {1, std::nan("")}}, 0}}, {1, 2}), std::invalid_argument);
    EXPECT_THROW(fit_one({{Matrix{2, 2, {1, 2}}, 0}}, {1, 2}), std::invalid_argument);
    EXPECT_THROW(fit_one({{x, 0}, {Matrix{3, 1, {1, 2, 3}}, 0}}, {1, 2}), std::invalid_argument);
}

} // namespace
} // namespace tessera::predictors
