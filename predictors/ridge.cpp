#include "predictors/ridge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "predictors/ridge_path.h"

namespace tessera::predictors {
namespace {

constexpr int decades = 4, steps_a_decade = 4;

double dot(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// One-sided Jacobi (Hestenes): rotates pairs of columns until all are orthogonal, after which they are u_k
/// s_k. Small, exact to rounding and, unlike a blocked library routine, the same on every machine.
void orthogonalise(std::vector<std::vector<double>>& columns) {
    constexpr double tolerance = 1e-15;
    for (int sweep = 0; sweep < 60; ++sweep) {
        bool rotated = false;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            for (std::size_t j = i + 1; j < columns.size(); ++j) {
                auto &a = columns[i], &b = columns[j];
                const double aa = dot(a, a), bb = dot(b, b), ab = dot(a, b);
                if (std::abs(ab) <= tolerance * std::sqrt(aa) * std::sqrt(bb) || ab == 0) {
                    continue;
                }
                rotated = true;
                const double zeta = (bb - aa) / (2 * ab);
                const double t = std::copysign(1.0, zeta) / (std::abs(zeta) + std::hypot(1.0, zeta));
                const double c = 1 / std::hypot(1.0, t), s = c * t;
                for (std::size_t r = 0; r < a.size(); ++r) {
                    const double left = a[r], right = b[r];
                    a[r] = c * left - s * right;
                    b[r] = s * left + c * right;
                }
            }
        }
        if (!rotated) {
            return;
        }
    }
}

} // namespace

struct RidgePath::Projected {
    double mean = 0;
    std::vector<double> centred, coordinates; ///< y - mean, U' (y - mean)
};

RidgePath::RidgePath(const Matrix& x) : s_(standardise(x)) {
    // Where p > n the Gram matrix Z Z' = U S^2 U' is smaller; squaring the condition does no harm beside a
    // penalty.
    const bool wide = x.columns > x.rows;
    std::vector<std::vector<double>> columns(wide ? x.rows : x.columns, std::vector<double>(x.rows));
    for (std::size_t k = 0; k < columns.size(); ++k) {
        for (std::size_t i = 0; i < x.rows; ++i) {
            const std::span<const double> all(s_.z.values);
            columns[k][i] =
                wide ? dot(all.subspan(k * x.columns, x.columns), all.subspan(i * x.columns, x.columns))
                     : s_.z.at(i, k);
        }
    }
    orthogonalise(columns);
    double largest = 0;
    for (const auto& c : columns) {
        largest = std::max(largest, std::sqrt(dot(c, c)));
    }
    for (auto& c : columns) {
        const double length = std::sqrt(dot(c, c));
        if (length <= 1e-13 * largest) {
            continue;
        }
        for (double& v : c) {
            v /= length;
        }
        axes_.push_back(std::move(c));
        squares_.push_back(wide ? length : length * length);
    }
}

RidgePath::Projected RidgePath::project(std::span<const double> y) const {
    const auto finite = [](double v) { return std::isfinite(v); };
    if (y.size() != s_.z.rows || !std::all_of(y.begin(), y.end(), finite)) {
        throw std::invalid_argument("ridge regression needs one finite target a row");
    }
    Projected target;
    for (const double v : y) {
        target.mean += v / static_cast<double>(y.size());
    }
    for (const double v : y) {
        target.centred.push_back(v - target.mean);
    }
    for (const auto& axis : axes_) {
        target.coordinates.push_back(dot(axis, target.centred));
    }
    return target;
}

// Left-one-out residuals r_i / (1 - h_i) with H = 1 1'/n + U diag(s^2 / (s^2 + lambda)) U' (Allen's PRESS).
// Exact while the columns keep their scales; their means follow by themselves, the intercept being free.
std::vector<double> RidgePath::residuals(const Projected& target, double lambda) const {
    std::vector<double> residual = target.centred, free(s_.z.rows, 1 - 1 / static_cast<double>(s_.z.rows));
    for (std::size_t k = 0; k < axes_.size(); ++k) {
        const double shrink = squares_[k] / (squares_[k] + lambda), along = shrink * target.coordinates[k];
        const double* axis = axes_[k].data();
        for (std::size_t i = 0; i < residual.size(); ++i) {
            residual[i] -= along * axis[i];
            free[i] -= shrink * axis[i] * axis[i];
        }
    }
    for (std::size_t i = 0; i < residual.size(); ++i) {
        residual[i] /= std::max(free[i], 1e-12);
    }
    return residual;
}

RidgeFit RidgePath::finish(std::span<const double> y, const Projected& target, double lambda) const {
    RidgeFit fit;
    fit.model = {target.mean, lambda, s_.mean, s_.scale, std::vector<double>(s_.z.columns, 0.0)};
    std::vector<double> dual(s_.z.rows, 0.0); // weights = Z' U (S^2 + lambda)^-1 U' y
    for (std::size_t k = 0; k < axes_.size(); ++k) {
        const double along = target.coordinates[k] / (squares_[k] + lambda);
        for (std::size_t i = 0; i < dual.size(); ++i) {
            dual[i] += along * axes_[k][i];
        }
    }
    for (std::size_t i = 0; i < s_.z.rows; ++i) {
        for (std::size_t j = 0; j < s_.z.columns; ++j) {
            fit.model.weights[j] += s_.z.at(i, j) * dual[i];
        }
    }
    const auto left_out = residuals(target, lambda);
    for (std::size_t i = 0; i < y.size(); ++i) {
        fit.leave_one_out.push_back(y[i] - left_out[i]);
    }
    fit.leave_one_out_rmse = std::sqrt(dot(left_out, left_out) / static_cast<double>(y.size()));
    return fit;
}

RidgeFit RidgePath::fit(std::span<const double> y, double lambda) const {
    if (!(lambda > 0)) {
        throw std::invalid_argument("ridge regression needs lambda > 0");
    }
    return finish(y, project(y), lambda);
}

RidgeFit RidgePath::fit(std::span<const double> y) const {
    const Projected target = project(y);
    // From the strongest penalty down: a weaker one has to earn its place by more than rounding.
    const double noise = 1e-24 * target.mean * target.mean * static_cast<double>(y.size());
    double least = std::numeric_limits<double>::infinity(), best = 0;
    for (int step = decades * steps_a_decade; step >= -decades * steps_a_decade; --step) {
        const double exponent = static_cast<double>(step) / steps_a_decade;
        const double lambda = static_cast<double>(y.size()) * std::pow(10.0, exponent);
        const auto left_out = residuals(target, lambda);
        const double error = dot(left_out, left_out);
        if (best == 0 || error < least * (1 - 1e-9) - noise) {
            least = error;
            best = lambda;
        }
    }
    return finish(y, target, best);
}

double RidgeModel::predict(std::span<const double> x) const {
    if (x.size() != weights.size()) {
        throw std::invalid_argument("wrong number of features");
    }
    double sum = intercept;
    for (std::size_t j = 0; j < x.size(); ++j) {
        sum += weights[j] * ((x[j] - mean[j]) / scale[j]);
    }
    return sum;
}

RidgeFit fit_ridge(const Matrix& x, std::span<const double> y, double lambda) {
    return RidgePath(x).fit(y, lambda);
}
RidgeFit fit_ridge(const Matrix& x, std::span<const double> y) { return RidgePath(x).fit(y); }

} // namespace tessera::predictors
