// Searches over genomes: NSGA-II and random search. Values in, values out; no training, no torch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nas/search/front.h"
#include "support/config.h"

namespace tessera::nas {

struct SearchOptions {
    std::int64_t population = 100, generations = 50;
    double crossover = 0.9;
    double mutation = 0; ///< probability per gene; 0: 1 / number of blocks
    /// Declares population, generations, crossover, mutation in the given section.
    void read(support::Section& section);
};

struct SearchResult {
    std::vector<Candidate> front;     ///< non-dominated among everything evaluated
    std::vector<Candidate> evaluated; ///< distinct genomes in order of evaluation
    /// Front after each generation as indices into `evaluated`, for the hypervolume curve.
    std::vector<std::vector<std::size_t>> generation_fronts;
    std::string ended; ///< how: "50 generations", "space exhausted after 12 generations"
    /// Certified: at most this share of the hypervolume that is reachable is missing; 0: the front is the
    /// true one. None: nothing is known.
    std::optional<double> gap = {};
};

/// NSGA-II (Deb et al. 2002): constraint domination, crowding distance, binary tournaments, uniform
/// crossover, categorical mutation, no genome evaluated twice (a duplicate child is mutated again; where a
/// space is smaller than the budget all of it is visited). The population starts with each block's first
/// choice, the random rest seeded. Evaluation is parallel (oneTBB) and the result independent of it. `seed`
/// fixes everything.
SearchResult nsga2(const Problem& problem, const SearchOptions& options, std::uint64_t seed);

/// Distinct uniformly drawn genomes; fewer where the space is smaller.
SearchResult random_search(const Problem& problem, std::int64_t evaluations, std::uint64_t seed);

/// Hypervolume after each generation, all scaled alike.
std::vector<double> hypervolume_curve(const SearchResult& result, const Problem& problem,
                                      const Scaling& scaling);

} // namespace tessera::nas
