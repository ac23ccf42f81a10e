// Ridge regression with a closed-form leave-one-out choice of lambda.
#pragma once

#include <span>
#include <vector>

namespace tessera::predictors {

/// Row-major n x p.
struct Matrix {
    std::size_t rows = 0, columns = 0;
    std::vector<double> values;
    double& at(std::size_t r, std::size_t c) { return values[r * columns + c]; }
    double at(std::size_t r, std::size_t c) const { return values[r * columns + c]; }
};

/// y ~ intercept + sum_j weight_j (x_j - mean_j) / scale_j. Constant columns get weight 0.
struct RidgeModel {
    double intercept = 0, lambda = 0;
    std::vector<double> mean, scale, weights;
    double predict(std::span<const double> x) const;
};

struct RidgeFit {
    RidgeModel model;
    std::vector<double> leave_one_out; ///< prediction of each row by the fit without it, at the same lambda
    double leave_one_out_rmse = 0;
};

/// Fits at one lambda > 0 (on standardised columns; the intercept is not penalised).
RidgeFit fit_ridge(const Matrix& x, std::span<const double> y, double lambda);
/// Tries a logarithmic grid of lambda (1e-4 .. 1e4 times the number of rows, never 0) and keeps the smallest
/// leave-one-out error.
RidgeFit fit_ridge(const Matrix& x, std::span<const double> y);

} // namespace tessera::predictors
