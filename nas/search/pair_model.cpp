#include "nas/search/pair_model.h"

#include <algorithm>
#include <cmath>

namespace tessera::nas {
namespace {

constexpr double ridge = 1e-9; ///< share of the mean square of a feature

/// Solves gram * x = right in place by Cholesky's decomposition; the lower triangle is enough.
void solve(std::vector<double>& gram, std::vector<double>& right) {
    const std::size_t n = right.size();
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = j; i < n; ++i) {
            double sum = gram[i * n + j];
            for (std::size_t k = 0; k < j; ++k) {
                sum -= gram[i * n + k] * gram[j * n + k];
            }
            gram[i * n + j] = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / gram[j * n + j];
        }
        for (std::size_t k = 0; k < j; ++k) {
            right[j] -= gram[j * n + k] * right[k];
        }
        right[j] /= gram[j * n + j];
    }
    for (std::size_t j = n; j-- > 0;) {
        for (std::size_t i = j + 1; i < n; ++i) {
            right[j] -= gram[i * n + j] * right[i];
        }
        right[j] /= gram[j * n + j];
    }
}

} // namespace

void PairModel::fit(std::size_t blocks, std::span<const double> effects, std::span<const double> rest) {
    blocks_ = blocks;
    const std::size_t n = weights(blocks);
    std::vector<double> scale(blocks, 0.0), x(blocks), feature(n), gram(n * n, 0.0), right(n, 0.0);
    for (std::size_t i = 0; i < effects.size(); ++i) {
        scale[i % blocks] = std::max(scale[i % blocks], std::abs(effects[i]));
    }
    for (double& s : scale) {
        s = s > 0 ? s : 1;
    }
    for (std::size_t sample = 0; sample < rest.size(); ++sample) {
        for (std::size_t b = 0; b < blocks; ++b) {
            x[b] = effects[sample * blocks + b] / scale[b];
        }
        double* f = feature.data();
        for (std::size_t a = 0; a < blocks; ++a) {
            for (std::size_t b = a + 1; b < blocks; ++b, f += terms) {
                const double product = x[a] * x[b];
                f[0] = product;
                f[1] = product * x[a];
                f[2] = product * x[b];
                f[3] = product * product;
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (feature[i] == 0) {
                continue;
            }
            double* row = gram.data() + i * n;
            for (std::size_t j = 0; j <= i; ++j) {
                row[j] += feature[i] * feature[j];
            }
            right[i] += feature[i] * rest[sample];
        }
    }
    double trace = 0;
    for (std::size_t i = 0; i < n; ++i) {
        trace += gram[i * n + i];
    }
    for (std::size_t i = 0; i < n; ++i) {
        gram[i * n + i] += ridge * trace / static_cast<double>(n) + 1e-300;
    }
    solve(gram, right);
    weights_ = right;
    double* w = weights_.data();
    for (std::size_t a = 0; a < blocks; ++a) {
        for (std::size_t b = a + 1; b < blocks; ++b, w += terms) {
            const double product = scale[a] * scale[b];
            w[0] /= product;
            w[1] /= product * scale[a];
            w[2] /= product * scale[b];
            w[3] /= product * product;
        }
    }
}

double PairModel::operator()(const double* effects) const {
    double sum = 0;
    const double* w = weights_.data();
    for (std::size_t a = 0; a + 1 < blocks_; ++a) {
        const double x = effects[a];
        double others = 0;
        for (std::size_t b = a + 1; b < blocks_; ++b, w += terms) {
            const double y = effects[b];
            others += y * (w[0] + w[1] * x + w[2] * y + w[3] * x * y);
        }
        sum += x * others;
    }
    return sum;
}

} // namespace tessera::nas
