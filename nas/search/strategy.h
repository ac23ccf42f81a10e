// One way in to all searches. Torch-free.
#pragma once

#include <cstdint>
#include <functional>

#include "nas/search/cross_entropy.h"
#include "nas/search/search.h"
#include "nas/search/table_model.h"

namespace tessera::nas {

enum class Strategy {
    exact, ///< the whole front where objectives are additive, a certified one where pairs of blocks add terms
    nsga2, ///< evolution
    local, ///< single changes of what is best so far
    cross_entropy, ///< distributions that move towards the best drawn
    greedy,        ///< the best single change again and again
    random
};

/// The name in configurations and on command lines: exact, nsga2, local, cem, greedy, random.
std::string_view to_text(Strategy strategy);
/// Throws UsageError naming the nearest strategy.
Strategy strategy_of(const std::string& text);

struct StrategyOptions {
    Strategy strategy = Strategy::exact;
    double gap = 1e-3; ///< exact with terms of pairs: stop when no more than this share of the hypervolume
                       ///< can be missing
    std::int64_t steps = 500'000'000; ///< CertifiedOptions::work
    SearchOptions search;
    CrossEntropyOptions cross_entropy;
    std::int64_t evaluations = 0; ///< budget of strategies other than nsga2; 0: population x generations
    /// Of nsga2 over a table, as Problem::preference; empty: preference_of() the table.
    std::vector<std::vector<double>> preference = {};
    /// CertifiedOptions::progress, for searches that take more than a moment.
    std::function<void(double gap, std::uint64_t work)> progress = {};
    /// Reads strategy, gap, steps, what SearchOptions reads, and the section `cem`.
    void read(support::Section& section);
};

/// Runs the strategy. `exact` needs no budget. Evolution gets the preference, given or of the model,
/// unless it is to be steered by what it learns alone; where it is to be seeded by the solver, seeds are
/// drawn from the exact front of the model without its terms of pairs.
SearchResult solve(const TableModel& model, const StrategyOptions& options, std::uint64_t seed);
/// For problems that are no tables. Throws UsageError for `exact`.
SearchResult solve(const Problem& problem, const StrategyOptions& options, std::uint64_t seed);

} // namespace tessera::nas
