#include <algorithm>

#include <fmt/format.h>

#include "nas/search/evaluation.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

constexpr std::size_t batch =
    100; // one entry of the hypervolume curve, like a generation of the default search

/// The whole space in random order.
std::vector<std::vector<int>> shuffled(const Problem& problem, support::Rng& rng) {
    std::vector<std::vector<int>> all{std::vector<int>(problem.choices.size(), 0)};
    for (std::size_t b = 0; b < problem.choices.size(); ++b) {
        for (std::size_t i = 0, known = all.size(); i < known; ++i) {
            for (int choice = 1; choice < problem.choices[b]; ++choice) {
                all.push_back(all[i]);
                all.back()[b] = choice;
            }
        }
    }
    rng.shuffle(all);
    return all;
}

} // namespace

SearchResult random_search(const Problem& problem, std::int64_t evaluations, std::uint64_t seed) {
    SearchResult result;
    Evaluation evaluation(problem);
    support::Rng rng(support::derive_seed(seed, {"random search"}));
    // Drawing again until something new turns up is quick while most of the space is new.
    std::vector<std::vector<int>> deck;
    if (evaluation.size() <= 2 * static_cast<double>(evaluations)) {
        deck = shuffled(problem, rng);
    }
    const bool dealt = !deck.empty();
    const auto count = static_cast<std::size_t>(
        std::min(static_cast<double>(std::max<std::int64_t>(evaluations, 0)), evaluation.size()));
    std::vector<int> genome(problem.choices.size());
    for (std::size_t done = 0; done < count;) {
        const std::size_t end = std::min(count, done + batch);
        for (; done < end; ++done) {
            if (dealt) {
                evaluation.claim(deck[done]);
                continue;
            }
            do {
                for (std::size_t b = 0; b < genome.size(); ++b) {
                    genome[b] = static_cast<int>(rng.below(static_cast<std::uint64_t>(problem.choices[b])));
                }
            } while (!evaluation.claim(genome));
        }
        evaluation.run(result);
    }
    result.ended = evaluation.exhausted() ? fmt::format("space exhausted after {} evaluations", count)
                                          : fmt::format("{} evaluations", count);
    evaluation.finish(result);
    return result;
}

} // namespace tessera::nas
