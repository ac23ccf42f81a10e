#include "nas/search/strategy.h"

#include <algorithm>

#include <fmt/format.h>

#include "nas/search/certified.h"
#include "nas/search/exact.h"
#include "nas/search/greedy.h"
#include "nas/search/local_search.h"
#include "nas/search/preference.h"
#include "support/error.h"

namespace tessera::nas {
namespace {

const support::EnumNames<Strategy>& strategies() {
    static const support::EnumNames<Strategy> names = {
        {"exact", Strategy::exact},       {"nsga2", Strategy::nsga2},   {"local", Strategy::local},
        {"cem", Strategy::cross_entropy}, {"greedy", Strategy::greedy}, {"random", Strategy::random}};
    return names;
}

/// Genomes evenly along the exact front of the model without its terms of pairs.
std::vector<std::vector<int>> relaxed_front(TableModel model, std::size_t count) {
    for (TableColumn& column : model.columns) {
        column.pairs = {};
        column.objective.low = column.objective.high = std::nullopt; // pairs decide whether bounds are kept
    }
    std::erase_if(model.columns, [](const TableColumn& c) { return c.objective.bounds_only; });
    const auto front = exact_front(model).front;
    std::vector<std::vector<int>> genomes;
    count = std::min(count, front.size());
    for (std::size_t i = 0; i < count; ++i) {
        genomes.push_back(front[count == 1 ? 0 : i * (front.size() - 1) / (count - 1)].genome);
    }
    return genomes;
}

} // namespace

std::string_view to_text(Strategy strategy) {
    const auto& names = strategies();
    return std::ranges::find(names, strategy, [](const auto& n) { return n.second; })->first;
}

Strategy strategy_of(const std::string& text) {
    std::vector<std::string> known;
    for (const auto& [name, strategy] : strategies()) {
        if (name == text) {
            return strategy;
        }
        known.emplace_back(name);
    }
    const std::string near = support::nearest(text, known);
    throw support::UsageError(fmt::format("unknown strategy '{}'{}", text,
                                          near.empty()
                                              ? "; there are exact, nsga2, local, cem, greedy, random"
                                              : fmt::format("; did you mean '{}'?", near)));
}

void StrategyOptions::read(support::Section& section) {
    section.read(
        "strategy", strategy, strategies(),
        "How the front is searched: exact (certified where pairs of blocks add terms), or nsga2, local, "
        "cem, greedy, random with a budget of population x generations.");
    section.read(
        "gap", gap, {0.0, 1.0},
        "Exact with terms of pairs: stop when at most this share of the hypervolume can be missing.");
    section.read("steps", steps, {1, 1'000'000'000'000'000},
                 "Exact with terms of pairs: stop after so many elementary steps (some 70 million a second), "
                 "with the share that is certified by then.");
    search.read(section);
    support::Section cem = section.section("cem", "The cross-entropy method.");
    cross_entropy.read(cem);
    cem.finish();
}

SearchResult solve(const TableModel& model, const StrategyOptions& options, std::uint64_t seed) {
    model.check();
    if (options.strategy == Strategy::exact) {
        return model.additive() ? exact_front(model)
                                : certified_front(model, {.target_gap = options.gap,
                                                          .work = static_cast<std::uint64_t>(options.steps),
                                                          .progress = options.progress});
    }
    Problem problem = model.problem();
    if (options.strategy == Strategy::nsga2 && options.search.steering != SteeredBy::learned) {
        problem.preference = options.preference.empty() ? preference_of(model) : options.preference;
    }
    if (options.strategy == Strategy::nsga2 && options.search.seeding == Seeding::solver) {
        StrategyOptions seeded = options;
        seeded.search.seeds = relaxed_front(model, static_cast<std::size_t>(options.search.population));
        return solve(problem, seeded, seed);
    }
    return solve(problem, options, seed);
}

SearchResult solve(const Problem& problem, const StrategyOptions& options, std::uint64_t seed) {
    const std::int64_t evaluations = options.evaluations > 0
                                         ? options.evaluations
                                         : options.search.population * options.search.generations;
    switch (options.strategy) {
    case Strategy::exact:
        throw support::UsageError("strategy exact needs tables; choose nsga2, local, cem, greedy or random");
    case Strategy::nsga2:
        return nsga2(problem, options.search, seed);
    case Strategy::local:
        return local_search(problem, evaluations, seed);
    case Strategy::cross_entropy:
        return cross_entropy(problem, options.cross_entropy, evaluations, seed);
    case Strategy::greedy:
        return greedy(problem, evaluations, seed);
    case Strategy::random:
        return random_search(problem, evaluations, seed);
    }
    throw std::logic_error("a strategy without a search");
}

} // namespace tessera::nas
