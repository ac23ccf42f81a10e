// Independent categorical distributions, one a block.
#pragma once

#include <span>
#include <vector>

#include "nas/search/objective.h"
#include "support/seed.h"

namespace tessera::nas {

class ChoiceDistribution {
public:
    /// Uniform.
    explicit ChoiceDistribution(const std::vector<int>& choices);
    void draw(support::Rng& rng, std::vector<int>& genome) const;
    /// p <- (1 - smoothing) p + smoothing * ((1 - mixed) mean + mixed * uniform), with the share of each
    /// choice in the genomes as mean. Genomes not empty.
    void follow(std::span<const Candidate* const> elite, double smoothing, double mixed);

private:
    std::vector<std::vector<double>> shares_; ///< [block][choice], each block's sum is 1
};

} // namespace tessera::nas
