#pragma once

#include <cstddef>
#include <vector>

namespace tessera::predictors {

/// Row-major n x p.
struct Matrix {
    std::size_t rows = 0, columns = 0;
    std::vector<double> values;
    double& at(std::size_t r, std::size_t c) { return values[r * columns + c]; }
    double at(std::size_t r, std::size_t c) const { return values[r * columns + c]; }
};

} // namespace tessera::predictors
