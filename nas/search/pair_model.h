// What pairs of blocks add to a sum of effects.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tessera::nas {

/// With x and y two blocks' effects: x y (w0 + w1 x + w2 y + w3 x y), weights of its own for each pair,
/// fitted by least squares. It is 0 where one effect is, smooth, and needs no more samples than it has
/// weights: enough for sums that pass a bent response, and for products of two blocks' noise.
class PairModel {
public:
    static constexpr std::size_t most_blocks = 10;
    static constexpr std::size_t terms = 4;
    static std::size_t weights(std::size_t blocks) { return terms * blocks * (blocks - 1) / 2; }

    /// `effects`: one row of all blocks' effects a sample; `rest`: what their sums leave unexplained.
    void fit(std::size_t blocks, std::span<const double> effects, std::span<const double> rest);
    bool empty() const { return weights_.empty(); }
    /// Of one row of effects.
    double operator()(const double* effects) const;

private:
    std::size_t blocks_ = 0;
    std::vector<double> weights_; ///< of the pairs a < b, row by row
};

} // namespace tessera::nas
