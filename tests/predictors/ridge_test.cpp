#include "predictors/ridge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "support/seed.h"

namespace tessera::predictors {
namespace {

Matrix random_matrix(std::size_t n, std::size_t p, support::Rng& rng) {
    Matrix x{n, p, {}};
    for (std::size_t i = 0; i < n * p; ++i) {
        x.values.push_back(3 + 2 * rng.normal());
    }
    return x;
}

std::vector<double> row(const Matrix& x, std::size_t r) {
    return {x.values.begin() + static_cast<std::ptrdiff_t>(r * x.columns),
            x.values.begin() + static_cast<std::ptrdiff_t>((r + 1) * x.columns)};
}

/// Gaussian elimination with pivoting.
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t c = 0; c < n; ++c) {
        std::size_t pivot = c;
        for (std::size_t r = c + 1; r < n; ++r) {
            pivot = std::abs(a[r][c]) > std::abs(a[pivot][c]) ? r : pivot;
        }
        std::swap(a[c], a[pivot]);
        std::swap(b[c], b[pivot]);
        for (std::size_t r = c + 1; r < n; ++r) {
            const double f = a[r][c] / a[c][c];
            for (std::size_t k = c; k < n; ++k) {
                a[r][k] -= f * a[c][k];
            }
            b[r] -= f * b[c];
        }
    }
    for (std::size_t c = n; c-- > 0;) {
        for (std::size_t k = c + 1; k < n; ++k) {
            b[c] -= a[c][k] * b[k];
        }
        b[c] /= a[c][c];
    }
    return b;
}

/// Intercept and weights from the normal equations of the raw columns: dividing by given scales, not
/// penalising the intercept.
std::vector<double> normal_equations(const Matrix& x, const std::vector<double>& y,
                                     const std::vector<double>& scale, double lambda, std::size_t left_out) {
    const std::size_t p = x.columns;
    std::vector<std::vector<double>> a(p + 1, std::vector<double>(p + 1, 0.0));
    std::vector<double> b(p + 1, 0.0);
    for (std::size_t i = 0; i < x.rows; ++i) {
        if (i == left_out) {
            continue;
        }
        std::vector<double> z{1};
        for (std::size_t j = 0; j < p; ++j) {
            z.push_back(x.at(i, j) / scale[j]);
        }
        for (std::size_t j = 0; j <= p; ++j) {
            for (std::size_t k = 0; k <= p; ++k) {
                a[j][k] += z[j] * z[k];
            }
            b[j] += z[j] * y[i];
        }
    }
    for (std::size_t j = 1; j <= p; ++j) {
        a[j][j] += lambda;
    }
    return solve(a, b);
}

double predict(const std::vector<double>& w, const std::vector<double>& scale, const std::vector<double>& x) {
    double sum = w[0];
    for (std::size_t j = 0; j < x.size(); ++j) {
        sum += w[j + 1] * x[j] / scale[j];
    }
    return sum;
}

TEST(Ridge, EqualsTheNormalEquationsAndItsLeaveOneOutBruteForceRefits) {
    support::Rng rng(11);
    for (int repeat = 0; repeat < 200; ++repeat) {
        const std::size_t n = 3 + rng.below(25), p = 1 + rng.below(40); // both sides of p = n
        const Matrix x = random_matrix(n, p, rng);
        std::vector<double> y;
        for (std::size_t i = 0; i < n; ++i) {
            y.push_back(5 + x.at(i, 0) - 2 * x.at(i, p - 1) + rng.normal());
        }
        const double lambda = std::pow(10.0, -2 + 4 * rng.uniform());
        const RidgeFit fit = fit_ridge(x, y, lambda);
        const auto whole = normal_equations(x, y, fit.model.scale, lambda, n);
        double square = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const auto r = row(x, i);
            EXPECT_NEAR(fit.model.predict(r), predict(whole, fit.model.scale, r), 1e-7) << n << "x" << p;
            const auto others = normal_equations(x, y, fit.model.scale, lambda, i);
            const double held_out = predict(others, fit.model.scale, r);
            EXPECT_NEAR(fit.leave_one_out[i], held_out, 1e-6) << n << "x" << p << " lambda " << lambda;
            square += (y[i] - held_out) * (y[i] - held_out);
        }
        EXPECT_NEAR(fit.leave_one_out_rmse, std::sqrt(square / static_cast<double>(n)), 1e-6);
        for (std::size_t j = 0; j < p; ++j) {
            EXPECT_NEAR(fit.model.weights[j], whole[j + 1], 1e-7);
        }
    }
}

TEST(Ridge, KnownAnswerByHand) {
    // x = -1, 0, 1 has population variance 2/3; with lambda = 3 the slope halves: S^2 / (S^2 + 3), S^2 = 3.
    const Matrix x{3, 1, {-1, 0, 1}};
    const RidgeFit fit = fit_ridge(x, std::vector<double>{1, 2, 6}, 3);
    EXPECT_DOUBLE_EQ(fit.model.intercept, 3);
    EXPECT_NEAR(fit.model.scale[0], std::sqrt(2.0 / 3), 1e-15);
    EXPECT_NEAR(fit.model.predict(std::vector<double>{1.0}), 3 + 1.25, 1e-12);
    EXPECT_NEAR(fit.model.predict(std::vector<double>{3.0}), 3 + 3.75, 1e-12);
    EXPECT_NEAR(fit.leave_one_out[1], 3.5, 1e-12); // without the middle: the mean of 1 and 6, slope or not
}

TEST(Ridge, InfinitePenaltyPredictsTheMean) {
    support::Rng rng(2);
    const Matrix x = random_matrix(12, 4, rng);
    std::vector<double> y;
    double mean = 0;
    for (std::size_t i = 0; i < x.rows; ++i) {
        y.push_back(rng.uniform());
    }
    for (const double v : y) {
        mean += v / 12;
    }
    for (const double lambda : {1e15, std::numeric_limits<double>::infinity()}) {
        const RidgeFit fit = fit_ridge(x, y, lambda);
        for (std::size_t i = 0; i < x.rows; ++i) {
            EXPECT_NEAR(fit.model.predict(row(x, i)), mean, 1e-12);
            EXPECT_NEAR(fit.leave_one_out[i], (mean * 12 - y[i]) / 11, 1e-12);
        }
    }
}

TEST(Ridge, ChoosesAGridPointWithTheSmallestLeaveOneOutError) {
    support::Rng rng(8);
    for (int repeat = 0; repeat < 30; ++repeat) {
        const Matrix x = random_matrix(15, 3 + rng.below(20), rng);
        std::vector<double> y;
        for (std::size_t i = 0; i < x.rows; ++i) {
            y.push_back(x.at(i, 1) + 3 * rng.normal());
        }
        const RidgeFit chosen = fit_ridge(x, y);
        EXPECT_GE(chosen.model.lambda, 15e-4 * 0.999);
        EXPECT_LE(chosen.model.lambda, 15e4 * 1.001);
        const RidgeFit same = fit_ridge(x, y, chosen.model.lambda);
        EXPECT_EQ(same.model.weights, chosen.model.weights);
        for (const double factor : {1e-3, 1e-2, 0.1, 0.5, 2.0, 10.0, 100.0}) {
            const double lambda = chosen.model.lambda * factor;
            if (lambda < 15e-4 || lambda > 15e4) {
                continue;
            }
            EXPECT_LE(chosen.leave_one_out_rmse, fit_ridge(x, y, lambda).leave_one_out_rmse * 1.02);
        }
    }
}

TEST(Ridge, IsIndependentOfUnitsAndOfConstantColumns) {
    support::Rng rng(4);
    const Matrix x = random_matrix(10, 3, rng);
    Matrix moved{10, 4, {}};
    std::vector<double> y;
    for (std::size_t i = 0; i < 10; ++i) {
        y.push_back(x.at(i, 0) + rng.normal());
        for (const double v : {1e6 * x.at(i, 0) + 5, x.at(i, 1), -0.001 * x.at(i, 2), 0.1}) {
            moved.values.push_back(v);
        }
    }
    const RidgeFit a = fit_ridge(x, y, 2), b = fit_ridge(moved, y, 2);
    EXPECT_EQ(b.model.weights[3], 0);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_NEAR(a.model.predict(row(x, i)), b.model.predict(row(moved, i)), 1e-9);
    }
}

TEST(Ridge, ConstantTargetsAndFeaturesGiveTheMean) {
    support::Rng rng(4);
    const Matrix x = random_matrix(8, 3, rng);
    const RidgeFit flat = fit_ridge(x, std::vector<double>(8, 0.7));
    EXPECT_NEAR(flat.model.predict(std::vector<double>{9, 9, 9}), 0.7, 1e-12);
    EXPECT_NEAR(flat.leave_one_out_rmse, 0, 1e-12);
    const Matrix constant{4, 2, std::vector<double>(8, 5.0)};
    const RidgeFit mean = fit_ridge(constant, std::vector<double>{1, 2, 3, 6});
    EXPECT_EQ(mean.model.predict(std::vector<double>{5, 5}), 3);
    EXPECT_EQ(mean.model.weights, (std::vector<double>{0, 0}));
    const Matrix none{3, 0, {}};
    EXPECT_EQ(fit_ridge(none, std::vector<double>{1, 2, 3}).model.predict({}), 2);
}

TEST(Ridge, RefusesWhatItCannotFit) {
    const Matrix x{3, 1, {1, 2, 3}};
    const std::vector<double> y{1, 2, 3};
    EXPECT_THROW(fit_ridge(x, y, 0), std::invalid_argument);
    EXPECT_THROW(fit_ridge(x, y, -1), std::invalid_argument);
    EXPECT_THROW(fit_ridge(x, y, std::nan("")), std::invalid_argument);
    EXPECT_THROW(fit_ridge(x, std::vector<double>{1, 2}, 1), std::invalid_argument);
    EXPECT_THROW(fit_ridge(x, std::vector<double>{1, 2, std::nan("")}, 1), std::invalid_argument);
    EXPECT_THROW(fit_ridge(Matrix{3, 1, {1, 2, std::nan("")}}, y, 1), std::invalid_argument);
    EXPECT_THROW(fit_ridge(Matrix{3, 1, {1, 2}}, y, 1), std::invalid_argument);
    EXPECT_THROW(fit_ridge(Matrix{1, 1, {1}}, std::vector<double>{1}), std::invalid_argument);
    EXPECT_THROW(fit_ridge(x, y, 1).model.predict(std::vector<double>{1, 2}), std::invalid_argument);
}

} // namespace
} // namespace tessera::predictors
