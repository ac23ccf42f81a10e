#include "predictors/standardise.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tessera::predictors {

Standardised standardise(const Matrix& x) {
    const auto finite = [](double v) { return std::isfinite(v); };
    if (x.rows < 2 || x.values.size() != x.rows * x.columns ||
        !std::all_of(x.values.begin(), x.values.end(), finite)) {
        throw std::invalid_argument("ridge regression needs at least two rows of finite numbers");
    }
    Standardised s{x, std::vector<double>(x.columns, 0), std::vector<double>(x.columns, 1)};
    const auto n = static_cast<double>(x.rows);
    for (std::size_t j = 0; j < x.columns; ++j) {
        double square = 0;
        for (std::size_t i = 0; i < x.rows; ++i) {
            s.mean[j] += x.at(i, j) / n;
        }
        for (std::size_t i = 0; i < x.rows; ++i) {
            square += (x.at(i, j) - s.mean[j]) * (x.at(i, j) - s.mean[j]) / n;
        }
        // Seven times 0.1 have a mean that is not 0.1: what rounding leaves is no signal.
        const bool constant = std::sqrt(square) <= 1e-12 * std::abs(s.mean[j]);
        if (!constant) {
            s.scale[j] = std::sqrt(square);
        }
        for (std::size_t i = 0; i < x.rows; ++i) {
            s.z.at(i, j) = constant ? 0 : (x.at(i, j) - s.mean[j]) / s.scale[j];
        }
    }
    return s;
}

} // namespace tessera::predictors
