// Weights for resampling one axis of an image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tessera::training {

/// For each output position the first input position that it takes part of, and the weights (sum 1) of that
/// one and its successors. A triangle, widened when shrinking so that fine detail is averaged instead of
/// aliased.
class TriangleTaps {
public:
    /// Output i is centred at input coordinate start + (i + 1/2) * scale (pixel p covers p to p + 1); only
    /// inputs low <= p < high are used.
    void fill(double start, double scale, std::int64_t output, std::int64_t low, std::int64_t high);

    std::size_t size() const { return first_.size(); }
    std::int64_t first(std::size_t output) const { return first_[output]; }
    std::span<const float> weights(std::size_t output) const {
        return {weights_.data() + ends_[output], weights_.data() + ends_[output + 1]};
    }
    /// The inputs used by any output: begin() <= p < end().
    std::int64_t begin() const { return first_.front(); }
    std::int64_t end() const {
        return first_.back() + static_cast<std::int64_t>(weights(first_.size() - 1).size());
    }

private:
    std::vector<std::int64_t> first_;
    std::vector<std::size_t> ends_; ///< of the weights before each output, and of all
    std::vector<float> weights_;
};

} // namespace tessera::training
