#include "predictors/bayesian_ridge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <Eigen/Dense>

namespace tessera::predictors {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Of the low-discrepancy set: with four scales, more change predictions by less than the noise does.
constexpr int prior_points = 63;

/// All groups' columns, centred, each group scaled to a total variance of 1.
struct Features {
    MatrixXd z;
    VectorXd mean, scale;              ///< of each column
    std::vector<Eigen::Index> columns; ///< of each group
};

Features join(std::span<const FeatureGroup> groups) {
    const std::size_t rows = groups.empty() ? 0 : groups[0].x.rows;
    Features f;
    Eigen::Index total = 0;
    for (const FeatureGroup& g : groups) {
        if (g.x.rows != rows || g.x.values.size() != rows * g.x.columns ||
            !std::ranges::all_of(g.x.values, [](double v) { return std::isfinite(v); })) {
            throw std::invalid_argument("a regression needs finite features, as many rows in each group");
        }
        f.columns.push_back(static_cast<Eigen::Index>(g.x.columns));
        total += f.columns.back();
    }
    if (rows < 2) {
        throw std::invalid_argument("a regression needs at least two rows");
    }
    f.z.resize(static_cast<Eigen::Index>(rows), total);
    f.scale.resize(total);
    Eigen::Index at = 0;
    for (const FeatureGroup& g : groups) {
        for (std::size_t c = 0; c < g.x.columns; ++c) {
            for (std::size_t r = 0; r < rows; ++r) {
                f.z(static_cast<Eigen::Index>(r), at + static_cast<Eigen::Index>(c)) = g.x.at(r, c);
            }
        }
        at += static_cast<Eigen::Index>(g.x.columns);
    }
    f.mean = f.z.colwise().mean();
    f.z.rowwise() -= f.mean.transpose();
    at = 0;
    for (const Eigen::Index columns : f.columns) {
        auto block = f.z.middleCols(at, columns);
        const double deviation = std::sqrt(block.squaredNorm() / static_cast<double>(rows));
        const double scale = deviation > 1e-12 ? deviation : 1; // nothing varies: weight 0
        block /= scale;
        f.scale.segment(at, columns).setConstant(scale);
        at += columns;
    }
    return f;
}

/// Point k of the additive recurrence whose steps are powers of the generalised golden ratio, in (0, 1)^d.
std::vector<double> low_discrepancy(int k, std::size_t dimensions) {
    double ratio = 2; // root of r^(d+1) = r + 1
    for (int i = 0; i < 64; ++i) {
        ratio = std::pow(1 + ratio, 1.0 / static_cast<double>(dimensions + 1));
    }
    std::vector<double> point(dimensions);
    for (std::size_t d = 0; d < dimensions; ++d) {
        const double step = 0.5 + k * std::pow(ratio, -static_cast<double>(d + 1));
        point[d] = step - std::floor(step);
    }
    return point;
}

/// Targets that vary, standardised, in as few dimensions as the features span.
struct Reduced {
    MatrixXd z;                  ///< m x p
    MatrixXd y;                  ///< m x targets
    VectorXd rest;               ///< squared length of each target outside of the features' span
    VectorXd mean, deviation;    ///< of each target; deviation 0: constant
    double noise_dimensions = 0; ///< of which the features see nothing; -1 where z still holds the mean's
};

Reduced reduce(const MatrixXd& z, std::span<const std::vector<double>> targets) {
    const Eigen::Index n = z.rows(), k = static_cast<Eigen::Index>(targets.size());
    Reduced r{z, MatrixXd(n, k), VectorXd::Zero(k), VectorXd(k), VectorXd(k), -1};
    for (Eigen::Index j = 0; j < k; ++j) {
        const auto& target = targets[static_cast<std::size_t>(j)];
        if (static_cast<Eigen::Index>(target.size()) != n ||
            !std::ranges::all_of(target, [](double v) { return std::isfinite(v); })) {
            throw std::invalid_argument("a regression needs one finite target a row");
        }
        r.y.col(j) = Eigen::Map<const VectorXd>(target.data(), n);
        r.mean(j) = r.y.col(j).mean();
        r.y.col(j).array() -= r.mean(j);
        const double deviation = std::sqrt(r.y.col(j).squaredNorm() / static_cast<double>(n));
        r.deviation(j) = deviation > 1e-12 ? deviation : 0;
        r.y.col(j) /= deviation > 1e-12 ? deviation : 1;
    }
    if (n > z.cols()) {
        const Eigen::HouseholderQR<MatrixXd> qr(z);
        const MatrixXd turned = qr.householderQ().adjoint() * r.y;
        r.z = qr.matrixQR().topRows(z.cols()).triangularView<Eigen::Upper>();
        r.y = turned.topRows(z.cols());
        r.rest = turned.bottomRows(n - z.cols()).colwise().squaredNorm();
        r.noise_dimensions = static_cast<double>(n - 1 - z.cols());
    }
    return r;
}

} // namespace

std::vector<BayesianFit> fit_bayesian(std::span<const FeatureGroup> groups, double noise_centre,
                                      std::span<const std::vector<double>> targets) {
    const Features features = join(groups);
    const Reduced data = reduce(features.z, targets);
    const Eigen::Index m = data.z.rows(), p = data.z.cols(), k = data.y.cols();
    std::vector<MatrixXd> grams;
    Eigen::Index at = 0;
    for (const Eigen::Index columns : features.columns) {
        const auto block = data.z.middleCols(at, columns);
        grams.emplace_back(block * block.transpose());
        at += columns;
    }

    MatrixXd likelihood(prior_points, k);
    std::vector<MatrixXd> weights; // of each point, p x k
    for (int point = 0; point < prior_points; ++point) {
        const auto u = low_discrepancy(point + 1, groups.size() + 1);
        const auto variance = [&](double centre, std::size_t d) {
            return std::exp(2 * (centre + std::sqrt(3.0) * (2 * u[d] - 1)));
        };
        const double noise = variance(noise_centre, groups.size());
        MatrixXd covariance = noise * MatrixXd::Identity(m, m);
        VectorXd prior(p);
        at = 0;
        for (std::size_t g = 0; g < groups.size(); ++g) {
            const double v = variance(groups[g].centre, g);
            covariance += v * grams[g];
            prior.segment(at, features.columns[g]).setConstant(v);
            at += features.columns[g];
        }
        const Eigen::LLT<MatrixXd> factor(covariance);
        const MatrixXd dual = factor.solve(data.y);
        const double half_log_det = factor.matrixLLT().diagonal().array().log().sum();
        likelihood.row(point) = (-0.5 * ((data.y.array() * dual.array()).colwise().sum() +
                                         data.rest.transpose().array() / noise) -
                                 half_log_det - 0.5 * data.noise_dimensions * std::log(noise))
                                    .matrix();
        weights.emplace_back(prior.asDiagonal() * (data.z.transpose() * dual));
    }

    std::vector<BayesianFit> fits;
    for (Eigen::Index j = 0; j < k; ++j) {
        const double best = likelihood.col(j).maxCoeff();
        const VectorXd share = (likelihood.col(j).array() - best).exp();
        VectorXd mean = VectorXd::Zero(p);
        for (int point = 0; point < prior_points; ++point) {
            mean += share(point) / share.sum() * weights[static_cast<std::size_t>(point)].col(j);
        }
        mean = data.deviation(j) * mean.cwiseQuotient(features.scale);
        const double spread = std::max(data.deviation(j), 1e-12);
        fits.push_back(
            {data.mean(j) - mean.dot(features.mean),
             {mean.data(), mean.data() + mean.size()},
             best + std::log(share.mean()) - static_cast<double>(features.z.rows() - 1) * std::log(spread)});
    }
    return fits;
}

} // namespace tessera::predictors
