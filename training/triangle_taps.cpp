#include "training/triangle_taps.h"

#include <algorithm>
#include <cmath>

namespace tessera::training {

void TriangleTaps::fill(double start, double scale, std::int64_t output, std::int64_t low,
                        std::int64_t high) {
    first_.clear();
    weights_.clear();
    ends_.assign(1, 0);
    const double reach = std::max(scale, 1.0);
    for (std::int64_t i = 0; i < output; ++i) {
        const double centre = start + (static_cast<double>(i) + 0.5) * scale;
        const auto from = std::max(low, static_cast<std::int64_t>(std::floor(centre - reach)));
        const auto to = std::min(high, static_cast<std::int64_t>(std::ceil(centre + reach)));
        std::int64_t first = from;
        double sum = 0;
        const auto begin = weights_.size();
        for (std::int64_t at = from; at < to; ++at) {
            const double weight = 1 - std::abs(static_cast<double>(at) + 0.5 - centre) / reach;
            if (weight <= 0) {
                if (weights_.size() == begin) {
                    first = at + 1;
                    continue;
                }
                break;
            }
            weights_.push_back(static_cast<float>(weight));
            sum += weight;
        }
        for (auto k = begin; k < weights_.size(); ++k) {
            weights_[k] = static_cast<float>(weights_[k] / sum);
        }
        first_.push_back(first);
        ends_.push_back(weights_.size());
    }
}

} // namespace tessera::training
