// How well one block's choice takes the place of the reference's own block.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

namespace tessera::predictors {

/// Both are >= 0, and 0 for the reference's own block; NaN where the choice has no weights.
struct Quality {
    double nsr = 0; ///< noise-to-signal ratio of the block's output
    /// Of the whole reference's cross entropy with this choice in it, nats; empty: not known.
    std::optional<double> loss_rise;

    Quality() = default;
    Quality(double noise, std::optional<double> rise = std::nullopt) : nsr(noise), loss_rise(rise) {}
    /// Else the choice is not used.
    bool finite() const { return std::isfinite(nsr) && std::isfinite(loss_rise.value_or(0)); }
};

/// NSR of every block's choices; NaN where the choice is not used.
inline std::vector<std::vector<double>> usable_noise(const std::vector<std::vector<Quality>>& qualities) {
    std::vector<std::vector<double>> noise(qualities.size());
    for (std::size_t b = 0; b < qualities.size(); ++b) {
        for (const Quality& q : qualities[b]) {
            noise[b].push_back(q.finite() ? q.nsr : std::nan(""));
        }
    }
    return noise;
}

} // namespace tessera::predictors
