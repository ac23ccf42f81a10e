#include "nas/search/surrogate.h"

#include <algorithm>
#include <cmath>

namespace tessera::nas {
namespace {

constexpr double prior = 0.1; ///< sightings of an effect of 0 that every choice starts from

} // namespace

Surrogate::Surrogate(const Problem& problem)
    : problem_(problem), width_(problem.objectives.size()), mean_(width_, 0.0) {
    std::size_t total = 0;
    for (const int n : problem.choices) {
        offsets_.push_back(total);
        total += static_cast<std::size_t>(n);
    }
    effects_.assign(total * width_, 0.0);
}

void Surrogate::learn(std::span<const Candidate> evaluated) {
    // One sweep over the blocks a call: the effects are kept between calls, so that they settle as the search
    // goes on.
    std::vector<const Candidate*> usable;
    for (const Candidate& c : evaluated) {
        if (std::isfinite(c.violation)) {
            usable.push_back(&c);
        }
    }
    if (usable.empty()) {
        return;
    }
    std::vector<double> rest(usable.size() * width_), guessed(width_);
    std::fill(mean_.begin(), mean_.end(), 0.0);
    for (const Candidate* c : usable) {
        for (std::size_t k = 0; k < width_; ++k) {
            mean_[k] += c->values[k] / static_cast<double>(usable.size());
        }
    }
    for (std::size_t i = 0; i < usable.size(); ++i) {
        guess(usable[i]->genome, guessed);
        for (std::size_t k = 0; k < width_; ++k) {
            rest[i * width_ + k] = usable[i]->values[k] - guessed[k];
        }
    }
    for (std::size_t b = 0; b < offsets_.size(); ++b) {
        sweep(b, usable, rest);
    }
}

void Surrogate::sweep(std::size_t block, const std::vector<const Candidate*>& usable,
                      std::vector<double>& rest) {
    const auto choices = static_cast<std::size_t>(problem_.choices[block]);
    std::vector<double> change(choices * width_, 0.0), counts(choices, 0.0);
    for (std::size_t i = 0; i < usable.size(); ++i) {
        const auto m = static_cast<std::size_t>(usable[i]->genome[block]);
        counts[m] += 1;
        for (std::size_t k = 0; k < width_; ++k) {
            change[m * width_ + k] += rest[i * width_ + k];
        }
    }
    for (std::size_t m = 0; m < choices; ++m) {
        for (std::size_t k = 0; k < width_; ++k) {
            double& effect = effects_[(offsets_[block] + m) * width_ + k];
            const double next = (change[m * width_ + k] + counts[m] * effect) / (counts[m] + prior);
            change[m * width_ + k] = next - effect;
            effect = next;
        }
    }
    for (std::size_t i = 0; i < usable.size(); ++i) {
        const auto m = static_cast<std::size_t>(usable[i]->genome[block]);
        for (std::size_t k = 0; k < width_; ++k) {
            rest[i * width_ + k] -= change[m * width_ + k];
        }
    }
}

double Surrogate::guess(std::span<const int> genome, std::span<double> values) const {
    std::copy(mean_.begin(), mean_.end(), values.begin());
    for (std::size_t b = 0; b < genome.size(); ++b) {
        const double* effects =
            effects_.data() + (offsets_[b] + static_cast<std::size_t>(genome[b])) * width_;
        for (std::size_t k = 0; k < width_; ++k) {
            values[k] += effects[k];
        }
    }
    double violation = 0;
    for (std::size_t k = 0; k < width_; ++k) {
        violation += problem_.objectives[k].violation(values[k]);
    }
    return violation;
}

} // namespace tessera::nas
