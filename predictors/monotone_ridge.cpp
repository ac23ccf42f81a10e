#include "predictors/monotone_ridge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <Eigen/Dense>

#include "predictors/standardise.h"

namespace tessera::predictors {
namespace {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Non-negative weights by coordinate descent, from a start near the solution of the neighbouring penalty.
/// What is left of the target is carried along: most weights are 0 and stay so, at no cost.
void descend(const Eigen::MatrixXd& gram, const Eigen::VectorXd& target, double lambda, Eigen::VectorXd& w) {
    constexpr int kSweeps = 500;
    Eigen::VectorXd left = target - gram * w;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        double moved = 0;
        for (Eigen::Index j = 0; j < w.size(); ++j) {
            const double next = std::max(0.0, (left(j) + gram(j, j) * w(j)) / (gram(j, j) + lambda));
            const double step = next - w(j);
            if (step != 0) {
                left -= step * gram.col(j);
                w(j) = next;
                moved = std::max(moved, std::abs(step));
            }
        }
        if (moved < 1e-10) {
            return;
        }
    }
}

/// Prediction of each row by the fit without it, for the features whose weight is not 0.
Eigen::VectorXd left_out(const Eigen::MatrixXd& z, const Eigen::VectorXd& y, double lambda,
                         const Eigen::VectorXd& w) {
    std::vector<Eigen::Index> used;
    for (Eigen::Index j = 0; j < w.size(); ++j) {
        if (w(j) > 0) {
            used.push_back(j);
        }
    }
    const Eigen::MatrixXd a = z(Eigen::all, used);
    const auto k = static_cast<Eigen::Index>(used.size());
    const Eigen::MatrixXd inverse =
        (a.transpose() * a + lambda * Eigen::MatrixXd::Identity(k, k)).llt().solve(a.transpose());
    const double n = static_cast<double>(z.rows()), mean = y.mean();
    const Eigen::VectorXd fitted = (a * (inverse * (y.array() - mean).matrix())).array() + mean;
    Eigen::VectorXd predicted(y.size());
    for (Eigen::Index i = 0; i < y.size(); ++i) {
        const double leverage = 1 / n + a.row(i).dot(inverse.col(i));
        predicted(i) = y(i) - (y(i) - fitted(i)) / std::max(1e-12, 1 - leverage);
    }
    return predicted;
}

} // namespace

RidgeFit fit_monotone(const Matrix& x, std::span<const double> y, Trend trend) {
    const auto finite = [](double v) { return std::isfinite(v); };
    if (y.size() != x.rows || !std::all_of(y.begin(), y.end(), finite)) {
        throw std::invalid_argument("ridge regression needs one finite target a row");
    }
    const double sign = trend == Trend::rising ? 1 : -1;
    const Standardised s = standardise(x);
    const Eigen::MatrixXd z = Eigen::Map<const Rows>(s.z.values.data(), static_cast<Eigen::Index>(x.rows),
                                                     static_cast<Eigen::Index>(x.columns));
    const Eigen::VectorXd target =
        sign * Eigen::Map<const Eigen::VectorXd>(y.data(), static_cast<Eigen::Index>(y.size()));
    const double n = static_cast<double>(x.rows), mean = target.mean();
    const Eigen::MatrixXd gram = z.transpose() * z;
    const Eigen::VectorXd moment = z.transpose() * (target.array() - mean).matrix();

    RidgeFit best;
    best.leave_one_out_rmse = std::numeric_limits<double>::infinity();
    Eigen::VectorXd w = Eigen::VectorXd::Zero(z.cols());
    constexpr int kSteps = 16; // from 1e4 down to 1e-4 times the number of rows, two a decade
    for (int step = 0; step <= kSteps; ++step) {
        const double lambda = n * std::pow(10.0, 4.0 - 8.0 * step / kSteps);
        descend(gram, moment, lambda, w);
        const Eigen::VectorXd predicted = left_out(z, target, lambda, w);
        const double rmse = std::sqrt((predicted - target).squaredNorm() / n);
        if (!(rmse < best.leave_one_out_rmse)) {
            continue;
        } // the larger penalty of equals
        best.leave_one_out_rmse = rmse;
        best.model = {sign * mean, lambda, s.mean, s.scale, {}};
        best.leave_one_out.clear();
        for (Eigen::Index j = 0; j < w.size(); ++j) {
            best.model.weights.push_back(sign * w(j));
        }
        for (Eigen::Index i = 0; i < predicted.size(); ++i) {
            best.leave_one_out.push_back(sign * predicted(i));
        }
    }
    return best;
}

} // namespace tessera::predictors
