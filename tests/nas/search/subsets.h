// Subsets whose value is a sum over candidates and over pairs of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nas/search/search.h"
#include "support/seed.h"

namespace tessera::nas {

struct Pairs {
    std::vector<double> alone;                 ///< [candidate]
    std::vector<std::vector<double>> together; ///< [candidate][later candidate], else 0

    /// Normal values, with pairs that matter as often as `density` says.
    static Pairs random(std::size_t candidates, double density, std::uint64_t seed) {
        support::Rng rng(seed);
        Pairs pairs;
        for (std::size_t i = 0; i < candidates; ++i) {
            pairs.alone.push_back(rng.normal() - 0.3);
            pairs.together.emplace_back(candidates, 0.0);
        }
        for (std::size_t i = 0; i < candidates; ++i) {
            for (std::size_t j = i + 1; j < candidates; ++j) {
                pairs.together[i][j] = rng.uniform() < density ? rng.normal() : 0.0;
            }
        }
        return pairs;
    }

    double of(std::span<const int> genome) const {
        double sum = 0;
        for (std::size_t i = 0; i < genome.size(); ++i) {
            for (std::size_t j = i; genome[i] != 0 && j < genome.size(); ++j) {
                sum += genome[j] == 0 ? 0.0 : j == i ? alone[i] : together[i][j];
            }
        }
        return sum;
    }

    /// Refers to this object.
    Problem problem() const {
        return {std::vector<int>(alone.size(), 2),
                {{"score", Direction::maximize, {}, {}}},
                [this](std::span<const int> genome, std::span<double> values) { values[0] = of(genome); }};
    }
};

/// The value of the only member of a front.
inline double best(const SearchResult& result) { return result.front.at(0).values.at(0); }

} // namespace tessera::nas
