#include "predictors/monotone_ridge.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/seed.h"

namespace tessera::predictors {
namespace {

Matrix random_features(std::size_t rows, std::size_t columns, support::Rng& rng) {
    Matrix x{rows, columns, {}};
    for (std::size_t i = 0; i < rows * columns; ++i) {
        x.values.push_back(rng.uniform());
    }
    return x;
}

double objective(const Matrix& x, std::span<const double> y, const RidgeModel& m) {
    double sum = 0;
    for (std::size_t r = 0; r < x.rows; ++r) {
        const double e = y[r] - m.predict(std::span(x.values).subspan(r * x.columns, x.columns));
        sum += e * e;
    }
    for (const double w : m.weights) {
        sum += m.lambda * w * w;
    }
    return sum;
}

TEST(MonotoneRidge, IsThePlainRidgeWhereItsSignsAreRightAnyway) {
    support::Rng rng(1);
    const Matrix x = random_features(40, 3, rng);
    std::vector<double> y;
    for (std::size_t r = 0; r < x.rows; ++r) {
        y.push_back(1 - 2 * x.at(r, 0) - x.at(r, 1) - 0.5 * x.at(r, 2) + 0.01 * rng.normal());
    }
    const RidgeFit fit = fit_monotone(x, y, Trend::falling), plain = fit_ridge(x, y, fit.model.lambda);
    for (std::size_t j = 0; j < 3; ++j) {
        EXPECT_NEAR(fit.model.weights[j], plain.model.weights[j], 1e-9);
    }
    for (std::size_t r = 0; r < x.rows; ++r) {
        EXPECT_NEAR(fit.leave_one_out[r], plain.leave_one_out[r], 1e-9);
    }
}

TEST(MonotoneRidge, EveryWeightHasTheSignAndNoOtherSuchWeightsAreBetter) {
    support::Rng rng(2);
    for (int round = 0; round < 50; ++round) {
        const Matrix x = random_features(12, 20, rng); // more features than rows
        std::vector<double> y(12);
        for (double& v : y) {
            v = rng.normal();
        }
        const Trend trend = round % 2 == 0 ? Trend::rising : Trend::falling;
        const RidgeFit fit = fit_monotone(x, y, trend);
        const double sign = trend == Trend::rising ? 1 : -1, best = objective(x, y, fit.model);
        for (const double w : fit.model.weights) {
            EXPECT_GE(sign * w, 0);
        }
        for (int tries = 0; tries < 50; ++tries) {
            RidgeModel other = fit.model;
            double& w = other.weights[rng.below(other.weights.size())];
            w = sign * std::max(0.0, sign * w + 0.01 * rng.normal());
            EXPECT_GE(objective(x, y, other), best - 1e-9);
        }
    }
}

TEST(MonotoneRidge, AFeatureThatActsTheWrongWayIsLeftOut) {
    Matrix x{6, 2, {0, 0, 1, 1, 2, 0, 3, 1, 4, 0, 5, 1}};
    const std::vector<double> y = {0, 0.5, 2, 2.5, 4, 4.5}; // rises with the first, falls with the second
    const RidgeFit fit = fit_monotone(x, y, Trend::rising);
    EXPECT_GT(fit.model.weights[0], 0);
    EXPECT_EQ(fit.model.weights[1], 0);
}

TEST(MonotoneRidge, ABlockThatIsConstantInTheSamplesChangesNoPrediction) {
    // The mean of seven times 0.1 is not 0.1: its deviations are rounding, 1e-17, and no scale.
    Matrix x{7, 2, {}};
    std::vector<double> y;
    support::Rng rng(3);
    for (int i = 0; i < 7; ++i) {
        x.values.insert(x.values.end(), {0.1, rng.uniform()});
        y.push_back(0.9 - 0.3 * x.values.back());
    }
    const RidgeFit fit = fit_monotone(x, y, Trend::falling);
    EXPECT_EQ(fit.model.weights[0], 0);
    EXPECT_EQ(fit.model.scale[0], 1);
    EXPECT_EQ(fit.model.predict(std::vector<double>{0.4, 0.5}),
              fit.model.predict(std::vector<double>{0.1, 0.5}));
}

TEST(MonotoneRidge, NeedsTwoRowsAndATargetForEach) {
    EXPECT_THROW(fit_monotone({1, 1, {1}}, std::vector<double>{1}, Trend::rising), std::invalid_argument);
    EXPECT_THROW(fit_monotone({2, 1, {1, 2}}, std::vector<double>{1}, Trend::rising), std::invalid_argument);
    EXPECT_THROW(fit_monotone({2, 1, {1, 2}}, std::vector<double>{1, NAN}, Trend::rising),
                 std::invalid_argument);
    EXPECT_THROW(fit_monotone({2, 1, {1, NAN}}, std::vector<double>{1, 2}, Trend::rising),
                 std::invalid_argument);
}

} // namespace
} // namespace tessera::predictors
