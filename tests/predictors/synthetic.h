// Fine-tuned networks whose accuracy is known.
#pragma once

#include <vector>

#include "predictors/accuracy_predictor.h"
#include "support/seed.h"

namespace tessera::predictors {

/// accuracy = c0 - sum c_i q_i + noise, with c_i > 0 of different sizes and qualities between 0.01 and 0.6.
class LinearWorld {
public:
    explicit LinearWorld(std::uint64_t seed, double noise = 0.003, std::size_t blocks = 5)
        : noise_(noise), rng_(seed) {
        for (std::size_t b = 0; b < blocks; ++b) {
            slopes_.push_back(0.05 + 0.25 * rng_.uniform());
        }
    }
    std::vector<Quality> qualities() {
        std::vector<Quality> q;
        for (std::size_t b = 0; b < slopes_.size(); ++b) {
            q.emplace_back(0.01 + 0.59 * rng_.uniform());
        }
        return q;
    }
    double truth(const std::vector<Quality>& q) const {
        double accuracy = 0.95;
        for (std::size_t b = 0; b < q.size(); ++b) {
            accuracy -= slopes_[b] * q[b].nsr;
        }
        return accuracy;
    }
    Sample sample() {
        Sample s{qualities(), 0};
        s.accuracy = truth(s.qualities) + noise_ * rng_.normal();
        return s;
    }
    std::vector<Sample> samples(std::size_t count) {
        std::vector<Sample> all;
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(sample());
        }
        return all;
    }

private:
    double noise_;
    support::Rng rng_;
    std::vector<double> slopes_;
};

} // namespace tessera::predictors
