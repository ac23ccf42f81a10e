#include "nas/search/choice_distribution.h"

namespace tessera::nas {

ChoiceDistribution::ChoiceDistribution(const std::vector<int>& choices) {
    for (const int n : choices) {
        shares_.emplace_back(static_cast<std::size_t>(n), 1.0 / n);
    }
}

void ChoiceDistribution::draw(support::Rng& rng, std::vector<int>& genome) const {
    for (std::size_t b = 0; b < shares_.size(); ++b) {
        double rest = rng.uniform();
        std::size_t choice = 0;
        while (choice + 1 < shares_[b].size() && rest >= shares_[b][choice]) {
            rest -= shares_[b][choice++];
        }
        genome[b] = static_cast<int>(choice);
    }
}

void ChoiceDistribution::follow(std::span<const Candidate* const> elite, double smoothing, double mixed) {
    std::vector<double> mean;
    for (std::size_t b = 0; b < shares_.size(); ++b) {
        std::vector<double>& shares = shares_[b];
        mean.assign(shares.size(), 0.0);
        for (const Candidate* member : elite) {
            mean[static_cast<std::size_t>(member->genome[b])] += 1.0;
        }
        for (std::size_t c = 0; c < shares.size(); ++c) {
            const double goal = (1 - mixed) * mean[c] / static_cast<double>(elite.size()) +
                                mixed / static_cast<double>(shares.size());
            shares[c] = (1 - smoothing) * shares[c] + smoothing * goal;
        }
    }
}

} // namespace tessera::nas
