#include "nas/search/greedy.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "nas/search/table_model.h"
#include "subsets.h"
#include "tables.h"

namespace tessera::nas {
namespace {

using Genome = std::vector<int>;

/// A sum over blocks, with `count` of blocks whose gene is not 0 as second value.
Problem sums(const std::vector<std::vector<double>>& table, std::vector<Objective> objectives) {
    Problem problem;
    for (const auto& block : table) {
        problem.choices.push_back(static_cast<int>(block.size()));
    }
    problem.objectives = std::move(objectives);
    problem.evaluate = [table](std::span<const int> genome, std::span<double> values) {
        values[0] = 0;
        for (std::size_t b = 0; b < genome.size(); ++b) {
            values[0] += table[b][static_cast<std::size_t>(genome[b])];
        }
        if (values.size() > 1) {
            values[1] =
                static_cast<double>(genome.size()) - static_cast<double>(std::ranges::count(genome, 0));
        }
    };
    return problem;
}

const Objective score{"score", Direction::maximize, {}, {}}, cost{"cost", Direction::minimize, {}, {}};

TEST(Greedy, TakesTheMostImprovingChangeFirst) {
    const Problem problem = sums({{0, 1, 2}, {0, 5}, {0, -1}}, {score});
    const SearchResult result = greedy(problem, 100);
    ASSERT_EQ(result.front.size(), 1u);
    EXPECT_EQ(result.front[0].genome, (Genome{2, 1, 0}));
    EXPECT_EQ(result.front[0].values[0], 7);
    // The start, its neighbours, those of 0 1 0 and of 2 1 0 that were not there: every genome but 1 0 1 and
    // 2 0 1.
    const std::vector<Genome> visited{{0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {0, 1, 0}, {0, 0, 1},
                                      {1, 1, 0}, {2, 1, 0}, {0, 1, 1}, {2, 1, 1}};
    ASSERT_EQ(result.evaluated.size(), visited.size());
    for (std::size_t i = 0; i < visited.size(); ++i) {
        EXPECT_EQ(result.evaluated[i].genome, visited[i]);
    }
    EXPECT_EQ(result.ended, "no change of one block improves after 9 evaluations");
    EXPECT_EQ(result.generation_fronts.size(), 4u);
}

TEST(Greedy, IsTrappedWhereOnlyTwoChangesTogetherImprove) {
    Pairs pairs{{1.0, -1.0, -1.0}, {{0, 0, 0}, {0, 0, 5}, {0, 0, 0}}};
    EXPECT_EQ(greedy(pairs.problem(), 100).front.at(0).genome, (Genome{1, 0, 0}));
    EXPECT_EQ(brute_force(pairs.problem()).at(0).genome, (Genome{1, 1, 1}));
}

TEST(Greedy, DropsWhatItTookWhereThatImproves) {
    // Alone the first is best; the others make up for it and do better without it.
    const Pairs pairs{{3, 2, 2}, {{0, -1.5, -1.9}, {0, 0, 0}, {0, 0, 0}}};
    EXPECT_EQ(greedy(pairs.problem(), 100).front.at(0).genome, (Genome{0, 1, 1}));
}

TEST(Greedy, TiesGoToTheFirstBlockAndChoice) {
    const SearchResult result = greedy(sums({{0, 0}, {0, 1, 1}, {0, 1, 0}}, {score}), 7);
    // From 0 0 0 three changes gain 1; the seventh evaluation is the first beyond 0 1 0.
    EXPECT_EQ(result.evaluated.back().genome, (Genome{1, 1, 0}));
    const SearchResult whole = greedy(sums({{0, 0}, {0, 1, 1}, {0, 1, 0}}, {score}), 100);
    EXPECT_EQ(whole.front.at(0).genome, (Genome{0, 1, 1}));
}

TEST(Greedy, BoundsComeFirst) {
    // At least two, at most two: the start violates, the best single changes count only once inside.
    Objective count{"count", Direction::minimize, 2.0, 2.0, true};
    const SearchResult result = greedy(sums({{0, 1}, {0, 4}, {0, 3}, {0, 9}}, {score, count}), 100);
    ASSERT_EQ(result.front.size(), 1u);
    EXPECT_EQ(result.front[0].genome, (Genome{0, 1, 0, 1}));
    // A change of two at once would be needed to go on from there, and none leaves the bounds.
    for (const Candidate& c : result.evaluated) {
        EXPECT_LE(std::ranges::count(c.genome, 1), 3);
    }
    count.low = count.high = 9.0; // out of reach: as near as possible
    const SearchResult none = greedy(sums({{0, 1}, {0, -4}}, {score, count}), 100);
    EXPECT_TRUE(none.front.empty());
    EXPECT_EQ(none.evaluated.back().genome, (Genome{1, 1}));
}

TEST(Greedy, DoesNotMoveSidewaysOutsideTheBounds) {
    // Violation is the same wherever the gene is: the value alone is no reason to go.
    Problem problem = sums({{0, 1, 2, 3}, {0, 5}}, {score, {"flat", Direction::minimize, {}, -1.0, true}});
    const auto evaluate = problem.evaluate;
    problem.evaluate = [evaluate](std::span<const int> genome, std::span<double> values) {
        evaluate(genome, values);
        values[1] = 0;
    };
    EXPECT_EQ(greedy(problem, 100).evaluated.size(), 5u); // the start and its neighbours
}

TEST(Greedy, GoesByGainForLossBetweenTheBests) {
    // Gain for one unit of cost each: 5, 3, 1. The best scores are then 5, 8 and 9 with 1, 2 and 3
    // candidates.
    const SearchResult result = greedy(sums({{0, 1}, {0, 5}, {0, 3}}, {score, cost}), 100);
    std::vector<std::vector<double>> front;
    for (const Candidate& c : result.front) {
        front.push_back(c.values);
    }
    EXPECT_EQ(front, (std::vector<std::vector<double>>{{0, 0}, {5, 1}, {8, 2}, {9, 3}}));
}

TEST(Greedy, AdditiveFrontsOfOneCostAreFoundWhole) {
    support::Rng rng(4);
    for (int repeat = 0; repeat < 20; ++repeat) {
        std::vector<std::vector<double>> table;
        for (int b = 0; b < 9; ++b) {
            table.push_back({0, rng.uniform() + 0.01});
        }
        const Problem problem = sums(table, {score, cost});
        const auto truth = brute_force(problem);
        const SearchResult result = greedy(problem, 1000);
        ASSERT_EQ(result.front.size(), truth.size());
        for (std::size_t i = 0; i < truth.size(); ++i) {
            EXPECT_EQ(result.front[i].genome, truth[i].genome);
        }
    }
}

TEST(Greedy, FrontsOfThreeObjectivesReachEachOnesLocalBest) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Tables tables = Tables::random(5, 4, 7, Shape::trade_off, false, seed);
        const Problem problem = tables.problem(3);
        const auto truth = brute_force(problem);
        const Scaling scaling = Scaling::of(truth, problem.objectives);
        const SearchResult result = greedy(problem, 100'000);
        // Additive: single changes lead to each objective's best.
        const auto first = [](const std::vector<Candidate>& front, std::size_t k, bool most) {
            const auto [low, high] =
                std::ranges::minmax(front, {}, [&](const Candidate& c) { return c.values[k]; });
            return (most ? high : low).values[k];
        };
        EXPECT_NEAR(first(result.front, 0, true), first(truth, 0, true), 1e-12);
        EXPECT_NEAR(first(result.front, 1, false), first(truth, 1, false), 1e-12);
        EXPECT_NEAR(first(result.front, 2, false), first(truth, 2, false), 1e-12);
        EXPECT_GT(hypervolume(result.front, problem.objectives, scaling),
                  0.9 * hypervolume(truth, problem.objectives, scaling));
    }
}

TEST(Greedy, KeepsToItsBudgetAndEvaluatesNothingTwice) {
    const Tables tables = Tables::random(5, 4, 7, Shape::trade_off, true, 3);
    for (const std::int64_t evaluations : {1, 2, 7, 40}) {
        const SearchResult result = greedy(tables.problem(), evaluations);
        std::set<Genome> genomes;
        for (const Candidate& c : result.evaluated) {
            genomes.insert(c.genome);
        }
        EXPECT_EQ(result.evaluated.size(), static_cast<std::size_t>(evaluations));
        EXPECT_EQ(genomes.size(), result.evaluated.size());
        EXPECT_EQ(result.ended,
                  evaluations == 1 ? "1 evaluation" : std::to_string(evaluations) + " evaluations");
        EXPECT_FALSE(result.front.empty());
    }
    EXPECT_EQ(greedy(sums({{0, 1}}, {score}), 9).ended, "space exhausted after 2 evaluations");
}

TEST(Greedy, IsTheSameForAnyNumberOfThreadsAndSeed) {
    const Tables tables = Tables::random(6, 5, 9, Shape::trade_off, true, 12);
    const auto run = [&](std::size_t threads, std::uint64_t seed) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        return greedy(tables.problem(3), 5000, seed);
    };
    const SearchResult one = run(1, 1);
    for (const std::size_t threads : {1u, 2u, 8u}) {
        const SearchResult other = run(threads, threads);
        EXPECT_EQ(other.generation_fronts, one.generation_fronts);
        ASSERT_EQ(other.evaluated.size(), one.evaluated.size());
        for (std::size_t i = 0; i < one.evaluated.size(); ++i) {
            EXPECT_EQ(other.evaluated[i].genome, one.evaluated[i].genome);
        }
    }
}

TEST(Greedy, RefusesWhatCannotBeSearched) {
    const Problem good = sums({{0, 1}}, {score});
    Problem none = good, aimless = good, bounded = good;
    none.choices.clear();
    aimless.objectives.clear();
    EXPECT_THROW(greedy(none, 10), std::invalid_argument);
    EXPECT_THROW(greedy(aimless, 10), std::invalid_argument);
    bounded.objectives[0].bounds_only = true;
    EXPECT_THROW(greedy(bounded, 10), std::invalid_argument);
    EXPECT_THROW(greedy(good, 0), std::invalid_argument);
    EXPECT_THROW(greedy(good, -5), std::invalid_argument);
}

} // namespace
} // namespace tessera::nas
