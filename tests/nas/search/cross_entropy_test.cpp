#include "nas/search/cross_entropy.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "nas/search/choice_distribution.h"
#include "nas/search/greedy.h"
#include "subsets.h"
#include "support/error.h"
#include "tables.h"

namespace tessera::nas {
namespace {

std::size_t distinct(const SearchResult& result) {
    std::set<std::vector<int>> genomes;
    for (const Candidate& c : result.evaluated) {
        genomes.insert(c.genome);
    }
    return genomes.size();
}

TEST(CrossEntropy, FindsTheBestOfAllSubsets) {
    for (const std::size_t candidates : {8u, 11u, 14u}) {
        for (std::uint64_t problem = 0; problem < 6; ++problem) {
            const Pairs pairs =
                Pairs::random(candidates, problem % 2 == 0 ? 0.3 : 1.0, 10 * candidates + problem);
            const auto truth = brute_force(pairs.problem());
            for (std::uint64_t seed = 1; seed <= 4; ++seed) {
                const SearchResult result = cross_entropy(pairs.problem(), {}, 1200, seed);
                EXPECT_EQ(result.front.at(0).genome, truth.at(0).genome)
                    << candidates << " candidates, " << problem;
                EXPECT_LE(result.evaluated.size(), 1200u);
            }
        }
    }
}

// 30 problems on which the greedy path ends beside the best.
TEST(CrossEntropy, IsNotTrappedWhereGreedySelectionIs) {
    int trapped = 0, optimal = 0;
    for (std::uint64_t seed = 1; trapped < 30; ++seed) {
        const Pairs pairs = Pairs::random(14, 0.5, seed);
        const Problem problem = pairs.problem();
        const double truth = brute_force(problem).at(0).values[0], path = best(greedy(problem, 1200));
        ASSERT_LE(path, truth);
        if (path == truth) {
            continue;
        }
        ++trapped;
        const double reached = best(cross_entropy(problem, {}, 1200, seed));
        EXPECT_GT(reached, path) << seed;
        optimal += reached == truth ? 1 : 0;
    }
    EXPECT_GE(optimal, 29);
}

TEST(CrossEntropy, IsAtLeastAsGoodAsGreedySelectionOnLargerSpaces) {
    int better = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        const Pairs pairs = Pairs::random(30, 0.5, seed);
        const double reached = best(cross_entropy(pairs.problem(), {}, 3000, seed)),
                     path = best(greedy(pairs.problem(), 3000));
        EXPECT_GE(reached, path) << seed;
        better += reached > path ? 1 : 0;
        EXPECT_GT(reached, best(random_search(pairs.problem(), 3000, seed)));
    }
    EXPECT_GE(better, 15);
}

TEST(CrossEntropy, NearsTheFrontOfATable) {
    for (const Shape shape : {Shape::independent, Shape::trade_off, Shape::steps, Shape::heavy_tail}) {
        for (const bool crossed : {false, true}) {
            const Tables tables = Tables::random(5, 6, 9, shape, crossed, 21);
            const Problem problem = tables.problem();
            const auto truth = brute_force(problem);
            const Scaling scaling = Scaling::of(truth, problem.objectives);
            const double most = hypervolume(truth, problem.objectives, scaling);
            for (std::uint64_t seed = 1; seed <= 2; ++seed) {
                const SearchResult result = cross_entropy(problem, {}, 3000, seed);
                EXPECT_GE(hypervolume(result.front, problem.objectives, scaling), 0.999 * most)
                    << static_cast<int>(shape) << crossed;
                EXPECT_LE(result.evaluated.size(), 3000u);
            }
        }
    }
}

TEST(CrossEntropy, TakesThreeObjectivesAndOnesThatOnlyBound) {
    const Tables tables = Tables::random(5, 5, 7, Shape::trade_off, true, 8);
    Problem problem = tables.problem(3);
    for (const bool bounded : {false, true}) {
        problem.objectives[2].bounds_only = bounded;
        if (bounded) {
            problem.objectives[2].high = 3.0;
        }
        const auto truth = brute_force(problem);
        ASSERT_FALSE(truth.empty());
        const Scaling scaling = Scaling::of(truth, problem.objectives);
        const SearchResult result = cross_entropy(problem, {}, 4000, 3);
        EXPECT_GE(hypervolume(result.front, problem.objectives, scaling),
                  0.98 * hypervolume(truth, problem.objectives, scaling));
        for (const Candidate& c : result.front) {
            EXPECT_TRUE(c.feasible());
        }
    }
}

TEST(CrossEntropy, MeetsBoundsOfOneObjectiveBeforeItsBest) {
    const Pairs pairs = Pairs::random(14, 0.5, 5);
    Problem problem = pairs.problem();
    problem.objectives.push_back({"count", Direction::minimize, 4.0, 5.0, true});
    problem.evaluate = [&](std::span<const int> genome, std::span<double> values) {
        values[0] = pairs.of(genome);
        values[1] = static_cast<double>(std::ranges::count(genome, 1));
    };
    const auto truth = brute_force(problem);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const SearchResult result = cross_entropy(problem, {}, 1500, seed);
        ASSERT_EQ(result.front.size(), 1u);
        EXPECT_EQ(result.front[0].genome, truth.at(0).genome);
    }
    problem.objectives[1].low = 20.0;
    problem.objectives[1].high = 21.0;
    const SearchResult none = cross_entropy(problem, {}, 1500, 1);
    EXPECT_TRUE(none.front.empty());
    const auto nearest = std::ranges::min(none.evaluated, {}, &Candidate::violation);
    EXPECT_EQ(nearest.genome, std::vector<int>(14, 1)); // the most there are
}

TEST(CrossEntropy, EvaluatesEachGenomeOnceAndUsesTheWholeBudget) {
    const Tables tables = Tables::random(4, 3, 9, Shape::trade_off, false, 5);
    for (const std::size_t width : {1u, 2u}) {
        Problem problem = tables.problem();
        problem.objectives.resize(width);
        std::atomic<int> calls = 0;
        problem.evaluate = [&](std::span<const int> genome, std::span<double> values) {
            ++calls;
            std::vector<double> both(2);
            tables.evaluate(genome, both);
            std::copy_n(both.begin(), values.size(), values.begin());
        };
        for (const std::int64_t evaluations : {1, 2, 49, 50, 51, 333}) {
            calls = 0;
            const SearchResult result = cross_entropy(problem, {}, evaluations, 2);
            EXPECT_EQ(result.evaluated.size(), static_cast<std::size_t>(evaluations));
            EXPECT_EQ(calls, evaluations);
            EXPECT_EQ(distinct(result), result.evaluated.size());
            EXPECT_EQ(result.evaluated[0].genome, (std::vector<int>{0, 0, 0, 0}));
            EXPECT_EQ(result.ended,
                      evaluations == 1 ? "1 evaluation" : std::to_string(evaluations) + " evaluations");
            EXPECT_EQ(non_dominated(result.evaluated, problem.objectives).size(), result.front.size());
        }
    }
}

TEST(CrossEntropy, VisitsAllOfASmallSpace) {
    support::Rng rng(3);
    for (int repeat = 0; repeat < 40; ++repeat) {
        const Tables tables = Tables::random(1 + rng.below(4), 1, 5, Shape::independent, false, rng.next());
        const Problem problem = tables.problem();
        double size = 1;
        for (const int n : problem.choices) {
            size *= n;
        }
        const SearchResult result = cross_entropy(problem, {10, 0.2, 1.0}, 1000, rng.next());
        EXPECT_EQ(static_cast<double>(distinct(result)), size);
        EXPECT_EQ(result.evaluated.size(), distinct(result));
        EXPECT_TRUE(result.ended.starts_with("space exhausted after ")) << result.ended;
        EXPECT_EQ(result.front.size(), brute_force(problem).size());
    }
}

TEST(CrossEntropy, StartsAnewWhereItHasCollapsed) {
    // Every candidate costs, all of them together are worth most: the distribution falls to none at once.
    Problem problem;
    problem.choices.assign(10, 2);
    problem.objectives = {{"score", Direction::maximize, {}, {}}};
    problem.evaluate = [](std::span<const int> genome, std::span<double> values) {
        const auto count = std::ranges::count(genome, 1);
        values[0] = count == 10 ? 1.0 : -static_cast<double>(count);
    };
    const SearchResult result = cross_entropy(problem, {}, 1024, 1);
    EXPECT_EQ(result.evaluated.size(), 1024u);
    EXPECT_EQ(result.front.at(0).genome, std::vector<int>(10, 1));
}

TEST(CrossEntropy, IsTheSameForAnyNumberOfThreadsAndFixedByItsSeed) {
    const Tables tables = Tables::random(6, 5, 30, Shape::trade_off, true, 12);
    const Problem problem = tables.problem(3);
    const auto run = [&](std::size_t threads, std::uint64_t seed) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        return cross_entropy(problem, {}, 900, seed);
    };
    const SearchResult one = run(1, 7);
    for (const std::size_t threads : {1u, 2u, 8u}) {
        const SearchResult other = run(threads, 7);
        EXPECT_EQ(other.generation_fronts, one.generation_fronts);
        ASSERT_EQ(other.evaluated.size(), one.evaluated.size());
        for (std::size_t i = 0; i < one.evaluated.size(); ++i) {
            EXPECT_EQ(other.evaluated[i].genome, one.evaluated[i].genome);
            EXPECT_EQ(other.evaluated[i].values, one.evaluated[i].values);
        }
    }
    EXPECT_NE(run(2, 8).evaluated.back().genome, one.evaluated.back().genome);
}

TEST(CrossEntropy, ValuesThatAreNotNumbersNeverReachTheFront) {
    const Tables tables = Tables::random(4, 8, 8, Shape::trade_off, false, 3);
    Problem problem = tables.problem();
    problem.evaluate = [&](std::span<const int> genome, std::span<double> values) {
        tables.evaluate(genome, values);
        values[0] = genome[1] % 2 == 0 ? std::nan("") : values[0];
        values[1] = genome[2] == 1 ? -std::numeric_limits<double>::infinity() : values[1];
    };
    for (const std::size_t width : {1u, 2u}) {
        Problem narrow = problem;
        narrow.objectives[1].bounds_only = width == 1;
        const SearchResult result = cross_entropy(narrow, {}, 800, 1);
        EXPECT_FALSE(result.front.empty());
        for (const Candidate& c : result.front) {
            EXPECT_EQ(c.genome[1] % 2, 1);
            EXPECT_NE(c.genome[2], 1);
        }
    }
    problem.evaluate = [](std::span<const int>, std::span<double> values) {
        std::ranges::fill(values, std::nan(""));
    };
    EXPECT_TRUE(cross_entropy(problem, {}, 300, 1).front.empty());
}

TEST(CrossEntropy, RefusesWhatCannotBeSearched) {
    const Pairs pairs = Pairs::random(5, 0.5, 1);
    const Problem good = pairs.problem();
    Problem none = good, empty = good, aimless = good, blind = good, bounded = good;
    none.choices.clear();
    empty.choices[1] = 0;
    aimless.objectives.clear();
    blind.evaluate = nullptr;
    bounded.objectives[0].bounds_only = true;
    for (const Problem& p : {none, empty, aimless, blind, bounded}) {
        EXPECT_THROW(cross_entropy(p, {}, 10, 1), std::invalid_argument);
    }
    for (const std::int64_t evaluations : {0, -1}) {
        EXPECT_THROW(cross_entropy(good, {}, evaluations, 1), std::invalid_argument);
    }
    for (const CrossEntropyOptions options :
         {CrossEntropyOptions{1, 0.1, 0.7}, CrossEntropyOptions{50, 0, 0.7},
          CrossEntropyOptions{50, 1.1, 0.7}, CrossEntropyOptions{50, 0.1, 0},
          CrossEntropyOptions{50, 0.1, std::nan("")}}) {
        EXPECT_THROW(cross_entropy(good, options, 10, 1), std::invalid_argument);
    }
}

TEST(CrossEntropy, PassesOnWhatEvaluationThrows) {
    Problem problem = Pairs::random(5, 0.5, 1).problem();
    problem.evaluate = [](std::span<const int>, std::span<double>) {
        throw support::RunError("no such row");
    };
    EXPECT_THROW(cross_entropy(problem, {}, 10, 1), support::RunError);
}

TEST(CrossEntropyOptionsTest, AreReadWithTheirRanges) {
    const auto read = [](const std::string& text) {
        auto root = support::Document::parse(text, "c.yaml").root();
        CrossEntropyOptions options;
        options.read(root);
        root.finish();
        return options;
    };
    const CrossEntropyOptions defaults = read("{}"), given = read("samples: 20\nelite: 0.25\nsmoothing: 1\n");
    EXPECT_EQ(defaults.samples, 50);
    EXPECT_EQ(defaults.elite, 0.1);
    EXPECT_EQ(defaults.smoothing, 0.7);
    EXPECT_EQ(given.samples, 20);
    EXPECT_EQ(given.elite, 0.25);
    EXPECT_EQ(given.smoothing, 1.0);
    for (const std::string text :
         {"samples: 1\n", "elite: 0\n", "elite: 1.5\n", "smoothing: 0\n", "rho: 0.1\n"}) {
        EXPECT_THROW(read(text), support::UsageError) << text;
    }
}

TEST(ChoiceDistributionTest, FollowsTheEliteAndKeepsEveryChoicePossible) {
    ChoiceDistribution distribution({2, 4, 1});
    const Candidate a{{1, 3, 0}, {}, 0}, b{{1, 0, 0}, {}, 0};
    const std::vector<const Candidate*> elite{&a, &b};
    // Block 0: 0.5 * 0.5 + 0.5 * (0.9 * {0, 1} + 0.1 / 2) = {0.275, 0.725}.
    // Block 1: 0.5 * 0.25 + 0.5 * (0.9 * {0.5, 0, 0, 0.5} + 0.1 / 4) = {0.3625, 0.1375, 0.1375, 0.3625}.
    distribution.follow(elite, 0.5, 0.1);
    support::Rng rng(1);
    std::vector<std::vector<int>> counts{{0, 0}, {0, 0, 0, 0}, {0}};
    std::vector<int> genome(3);
    for (int i = 0; i < 40'000; ++i) {
        distribution.draw(rng, genome);
        for (std::size_t g = 0; g < 3; ++g) {
            ++counts[g].at(static_cast<std::size_t>(genome[g]));
        }
    }
    const std::vector<std::vector<double>> expected{{0.275, 0.725}, {0.3625, 0.1375, 0.1375, 0.3625}, {1}};
    for (std::size_t g = 0; g < 3; ++g) {
        for (std::size_t c = 0; c < counts[g].size(); ++c) {
            EXPECT_NEAR(counts[g][c] / 40'000.0, expected[g][c], 0.0125) << g << " " << c; // five deviations
        }
    }
}

} // namespace
} // namespace tessera::nas
