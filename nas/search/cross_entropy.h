// The cross-entropy method (Rubinstein 1999; for subsets Ge et al., arXiv 1811.06096). Torch-free.
#pragma once

#include <cstdint>

#include "nas/search/search.h"

namespace tessera::nas {

struct CrossEntropyOptions {
    std::int64_t samples = 50; ///< genomes a round, >= 2
    double elite = 0.1;        ///< share of a round's samples that the distribution follows, in (0, 1]
    double smoothing = 0.7;    ///< share of the elite in the new distribution, in (0, 1]
    /// Declares samples, elite, smoothing in the given section.
    void read(support::Section& section);
};

/// Draws genomes from a categorical distribution per block (for two choices: Bernoulli), keeps the elite of
/// what was drawn and the elite before, and moves the distribution towards it: p <- (1 - a) p + a * elite
/// mean. With one objective the elite are the best by violation and value; with several the first by
/// constrained non-domination and crowding, and one distribution each follows a stretch of them along the
/// first objective sought, since one distribution cannot lie in several places of a front.
///
/// The first genome drawn has each block's first choice (of a subset: nothing). No genome is evaluated twice:
/// a repeated one is drawn anew. So that it does not collapse early, the elite's mean is mixed with the
/// uniform distribution, half a block of the genome in expectation; and where the elite has stayed the same
/// for some rounds, or nothing new is drawn, it starts anew from the uniform distribution (with one objective
/// without the elite; with several, whose elite is the front, with it). Goes on until the evaluations are
/// used or the space is exhausted.
///
/// The constants are ours, chosen on 90 random quadratic functions of 20, 30 and 40 bits each (couplings
/// between 10, 30 or 100 % of the pairs) at 3 000 evaluations by how often the best known value was found,
/// and on random tables of several objectives by the hypervolume missed. Samples (30 to 200), elite (0.05 to
/// 0.3) and smoothing (0.3 to 1) make little difference around the defaults. Of 60 further functions of 24
/// bits, 2 000 evaluations find the optimum of 98 %; greedy selection, which ends after 302 on average, of
/// 45 %; random search of none.
///
/// Evaluation is parallel and the result independent of it; `seed` fixes everything. One entry of
/// generation_fronts a round. Throws std::invalid_argument for fewer than one evaluation, options out of
/// range and problems without content.
SearchResult cross_entropy(const Problem& problem, const CrossEntropyOptions& options,
                           std::int64_t evaluations, std::uint64_t seed);

} // namespace tessera::nas
