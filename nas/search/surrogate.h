// A guess at the values of genomes that were not evaluated.
#pragma once

#include <span>
#include <vector>

#include "nas/search/objective.h"

namespace tessera::nas {

/// Every objective as a constant plus one effect per (block, choice), learnt from what was evaluated by
/// backfitting: effects are means of what the other blocks leave unexplained, pulled to 0 where a choice was
/// seldom seen.
class Surrogate {
public:
    explicit Surrogate(const Problem& problem);
    /// Learns from all candidates evaluated so far.
    void learn(std::span<const Candidate> evaluated);
    /// Guesses the values and returns the violation that follows from them.
    double guess(std::span<const int> genome, std::span<double> values) const;

private:
    void sweep(std::size_t block, const std::vector<const Candidate*>& usable, std::vector<double>& rest);

    const Problem& problem_;
    std::size_t width_;
    std::vector<std::size_t> offsets_; ///< of a block's first choice
    std::vector<double> mean_, effects_;
};

} // namespace tessera::nas
