// Searches over genomes: NSGA-II and random search. Values in, values out; no training, no torch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nas/search/front.h"
#include "support/config.h"

namespace tessera::nas {

/// How a child mixes its parents.
enum class Crossover {
    uniform, ///< each block from either parent
    segment  ///< a run of neighbouring blocks from the father: what works together stays together
};

/// What is evaluated before anything is bred.
enum class Seeding {
    none,       ///< nothing but the first, spread population
    own_fronts, ///< every single-block change of the first genome: each block's own front, which costs as
                ///< many evaluations as there are choices
    solver      ///< SearchOptions::seeds
};

/// What tells nsga2() which choices promise most.
enum class SteeredBy {
    learned,    ///< what it has evaluated, of which it learns a model
    preference, ///< Problem::preference alone: the plain algorithm, but for its mutation
    both        ///< the model, and the preference where the problem has one
};

struct SearchOptions {
    std::int64_t population = 100, generations = 50;
    double crossover = 0.9;
    double mutation = 0; ///< probability per gene; 0: 1 / number of blocks
    Crossover crossover_kind = Crossover::uniform;
    /// Generations without a change of the front after which random genomes replace the worse half of the
    /// population; 0: never.
    std::int64_t stagnation = 5;
    Seeding seeding = Seeding::none;
    SteeredBy steering = SteeredBy::both;
    std::vector<std::vector<int>> seeds =
        {}; ///< Seeding::solver: genomes, e.g. of an exact front of part of it
    /// Declares population, generations, crossover, mutation, crossover_kind, stagnation, seeding,
    /// steering in the given section.
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

/// NSGA-II (Deb et al. 2002): constraint domination, crowding distance, binary tournaments, crossover,
/// categorical mutation, no genome evaluated twice (a duplicate child is mutated again; where a space is
/// smaller than the budget all of it is visited). The population starts with each block's first choice, the
/// random rest spread evenly over the choices. Most children are chosen by a model that is learnt on the way:
/// some are good genomes with one choice that nobody tried yet, and tell what it does; most are variations of
/// the front that the model expects to join it. The rest is bred as in the plain algorithm. Evaluation is
/// parallel (oneTBB) and the result independent of it. `seed` fixes everything.
/// Throws std::invalid_argument for a problem without content, fewer than one individual or generation, seeds
/// that are no genomes.
SearchResult nsga2(const Problem& problem, const SearchOptions& options, std::uint64_t seed);

/// Distinct uniformly drawn genomes; fewer where the space is smaller.
SearchResult random_search(const Problem& problem, std::int64_t evaluations, std::uint64_t seed);

/// Hypervolume after each generation, all scaled alike.
std::vector<double> hypervolume_curve(const SearchResult& result, const Problem& problem,
                                      const Scaling& scaling);

} // namespace tessera::nas
