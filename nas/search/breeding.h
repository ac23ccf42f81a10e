// The genetic operators of the evolutionary search.
#pragma once

#include <cstdint>
#include <vector>

#include "nas/search/search.h"
#include "support/seed.h"

namespace tessera::nas {

using Genome = std::vector<int>;

class Breeder {
public:
    Breeder(const Problem& problem, const SearchOptions& options, support::Rng& rng);

    /// Genomes in which every choice of a block occurs as often as any other, as far as the count allows.
    std::vector<Genome> spread(std::size_t count);
    /// Uniform crossover, then each block's choice redrawn with the mutation's probability.
    void child(const Genome& mother, const Genome& father, Genome& out);
    /// Redraws the choice of one block that has several.
    void mutate_one(Genome& genome);
    /// Uniform in 0..n-1.
    std::size_t draw(std::size_t n) { return static_cast<std::size_t>(rng_.below(n)); }

private:
    /// Another choice, all equally likely.
    void mutate(Genome& genome, std::size_t block);

    std::vector<int> choices_;
    std::vector<std::size_t> free_; ///< blocks that have a choice
    double crossover_, mutation_;
    support::Rng& rng_;
};

} // namespace tessera::nas
