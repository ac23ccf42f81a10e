#include "nas/search/certified/curvature.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tessera::nas::certified {

const std::vector<double>& Curvature::of(const std::vector<double>& matrix) {
    matrix_ = matrix;
    dominate();
    if (std::accumulate(diagonal_.begin(), diagonal_.end(), 0.0) == 0) {
        return diagonal_;
    }
    lessen();
    double growth = 0;
    while (!semidefinite(1 + growth) && growth < 1) {
        growth = 2 * growth + 1e-6;
    }
    for (double& q : diagonal_) {
        q *= 1 + growth;
    }
    if (growth >= 1) { // magnitudes too far apart for the barrier: what needs no proof
        dominate();
    }
    return diagonal_;
}

/// Every diagonal element at least the sum of its row's others. A hair more, against rounding.
void Curvature::dominate() {
    for (std::size_t a = 0; a < size_; ++a) {
        diagonal_[a] = 0;
        for (std::size_t b = 0; b < size_; ++b) {
            diagonal_[a] += (1 + 1e-12) * std::abs(matrix_[a * size_ + b]);
        }
    }
}

/// Minimises trace - mu log det, mu falling, one coordinate at a time: at the optimum the diagonal of the
/// inverse is 1 / mu everywhere.
void Curvature::lessen() {
    double mu = std::accumulate(diagonal_.begin(), diagonal_.end(), 0.0) / static_cast<double>(size_);
    for (double& q : diagonal_) {
        q = 1.1 * q + 1e-6 * mu;
    }
    invert();
    for (int sweep = 0; sweep < 12; ++sweep) {
        mu /= 2;
        for (std::size_t a = 0; a < size_; ++a) {
            const double change = mu - 1 / inverse_[a * size_ + a];
            const double scale = change / (1 + change * inverse_[a * size_ + a]);
            std::copy_n(inverse_.data() + a * size_, size_, row_.data());
            for (std::size_t i = 0; i < size_; ++i) {
                for (std::size_t j = 0; j < size_; ++j) {
                    inverse_[i * size_ + j] -= scale * row_[i] * row_[j];
                }
            }
            diagonal_[a] += change;
        }
    }
}

/// By Gauss and Jordan, without pivoting: the matrix is diagonally dominant.
void Curvature::invert() {
    factor_ = matrix_;
    std::ranges::fill(inverse_, 0.0);
    for (std::size_t a = 0; a < size_; ++a) {
        factor_[a * size_ + a] = diagonal_[a];
        inverse_[a * size_ + a] = 1;
    }
    for (std::size_t k = 0; k < size_; ++k) {
        const double pivot = factor_[k * size_ + k];
        for (std::size_t j = 0; j < size_; ++j) {
            factor_[k * size_ + j] /= pivot;
            inverse_[k * size_ + j] /= pivot;
        }
        for (std::size_t i = 0; i < size_; ++i) {
            const double ratio = factor_[i * size_ + k];
            for (std::size_t j = 0; j < size_ && i != k; ++j) {
                factor_[i * size_ + j] -= ratio * factor_[k * size_ + j];
                inverse_[i * size_ + j] -= ratio * inverse_[k * size_ + j];
            }
        }
    }
}

/// Whether matrix + factor * diag(diagonal) is: every pivot of its LDL' is clearly positive.
bool Curvature::semidefinite(double factor) {
    factor_ = matrix_;
    double most = 0;
    for (std::size_t a = 0; a < size_; ++a) {
        factor_[a * size_ + a] = factor * diagonal_[a];
        most = std::max(most, diagonal_[a]);
    }
    for (std::size_t k = 0; k < size_; ++k) {
        const double pivot = factor_[k * size_ + k];
        if (!(pivot > 1e-12 * most)) {
            return false;
        }
        for (std::size_t i = k + 1; i < size_; ++i) {
            const double ratio = factor_[i * size_ + k] / pivot;
            for (std::size_t j = k + 1; j <= i; ++j) {
                factor_[i * size_ + j] -= ratio * factor_[j * size_ + k];
            }
        }
    }
    return true;
}

} // namespace tessera::nas::certified
