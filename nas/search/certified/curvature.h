// The least diagonal that makes a symmetric matrix positive semidefinite. Torch-free.
#pragma once

#include <cstddef>
#include <vector>

namespace tessera::nas::certified {

class Curvature {
public:
    explicit Curvature(std::size_t size)
        : size_(size), diagonal_(size), matrix_(size * size), factor_(size * size), inverse_(size * size),
          row_(size) {}

    /// `matrix` is symmetric with a diagonal of 0. Returns q >= 0, nearly of least sum, with
    /// matrix + diag(q) positive semidefinite. Proven: a factorisation with that diagonal succeeded.
    const std::vector<double>& of(const std::vector<double>& matrix);

private:
    void dominate();
    void lessen();
    void invert();
    bool semidefinite(double factor);

    std::size_t size_;
    std::vector<double> diagonal_, matrix_, factor_, inverse_, row_;
};

} // namespace tessera::nas::certified
