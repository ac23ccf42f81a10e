// The genetic operators of the evolutionary search.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nas/search/search.h"
#include "nas/search/steering.h"
#include "support/seed.h"

namespace tessera::nas {

using Genome = std::vector<int>;

class Breeder {
public:
    Breeder(const Problem& problem, const SearchOptions& options, const Steering& steering,
            support::Rng& rng);

    /// Genomes in which every choice of a block occurs as often as any other, as far as the count allows.
    std::vector<Genome> spread(std::size_t count);
    /// Crossover, then each block's choice redrawn with the mutation's probability.
    void child(std::span<const int> mother, std::span<const int> father, Genome& out);
    /// Redraws the choice of one block that has several.
    void mutate_one(Genome& genome);
    /// Uniform in 0..n-1.
    std::size_t draw(std::size_t n) { return static_cast<std::size_t>(rng_.below(n)); }

private:
    void cross(std::span<const int> father, Genome& out);
    /// Another choice: one that is learnt to be promising, or any, by the problem's preference.
    void mutate(Genome& genome, std::size_t block);

    std::vector<int> choices_;
    std::vector<std::size_t> free_; ///< blocks that have a choice
    double crossover_, mutation_;
    Crossover kind_;
    const Steering& steering_;
    std::vector<std::vector<double>> cumulated_; ///< preferences, summed up; empty: none
    support::Rng& rng_;
};

} // namespace tessera::nas
