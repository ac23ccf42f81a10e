#include "nas/search/local_search.h"

#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "tables.h"

namespace tessera::nas {
namespace {

std::set<std::vector<int>> genomes_of(const std::vector<Candidate>& candidates) {
    std::set<std::vector<int>> all;
    for (const Candidate& c : candidates) {
        all.insert(c.genome);
    }
    return all;
}

TEST(LocalSearch, EvaluatesSoManyDistinctGenomesAndKeepsTheirFront) {
    const Tables tables = Tables::random(5, 10, 20, Shape::trade_off, true, 3);
    const Problem problem = tables.problem();
    const SearchResult result = local_search(problem, 730, 4);
    EXPECT_EQ(result.evaluated.size(), 730u);
    EXPECT_EQ(genomes_of(result.evaluated).size(), 730u);
    EXPECT_EQ(result.evaluated[0].genome, (std::vector<int>{0, 0, 0, 0, 0}));
    EXPECT_THAT(result.ended, testing::StartsWith("730 evaluations, "));
    EXPECT_EQ(genomes_of(result.front), genomes_of(non_dominated(result.evaluated, problem.objectives)));
    const auto curve = hypervolume_curve(result, problem, Scaling::of(result.front, problem.objectives));
    EXPECT_TRUE(std::is_sorted(curve.begin(), curve.end(), [](double a, double b) { return a < b - 1e-12; }));
}

TEST(LocalSearch, StartsAgainAtALocalOptimumAndLeavesNoMemberUnchanged) {
    // Both objectives are least at 0 0 0: one local optimum, the global one, then new starts.
    Problem problem;
    problem.choices = {6, 6, 6};
    problem.objectives = {{"macs", Direction::minimize, {}, {}}, {"ms", Direction::minimize, {}, {}}};
    problem.evaluate = [](std::span<const int> g, std::span<double> v) {
        v[0] = g[0] + g[1] + g[2];
        v[1] = g[0] + 2 * g[1] + g[2];
    };
    const SearchResult result = local_search(problem, 17, 1);
    ASSERT_EQ(result.front.size(), 1u);
    EXPECT_EQ(result.front[0].genome, (std::vector<int>{0, 0, 0}));
    EXPECT_EQ(result.ended, "17 evaluations, 1 local optimum"); // 1 + its 15 neighbours + a new start
    for (std::size_t i = 1; i <= 15; ++i) {
        EXPECT_EQ(std::ranges::count(result.evaluated[i].genome, 0), 2) << i;
    }
}

TEST(LocalSearch, EndsInASetThatNoSingleChangeImproves) {
    const Tables tables = Tables::random(3, 8, 8, Shape::steps, true, 5);
    const Problem problem = tables.problem();
    const SearchResult result = local_search(problem, 400, 2);
    const auto seen = genomes_of(result.evaluated);
    if (result.ended == "400 evaluations, 0 local optima") {
        GTEST_FAIL() << "the budget has to reach a local optimum for this to say anything";
    }
    for (const Candidate& c : result.front) {
        for (std::size_t b = 0; b < 3; ++b) {
            for (int choice = 0; choice < 8; ++choice) {
                auto genome = c.genome;
                genome[b] = choice;
                EXPECT_TRUE(seen.contains(genome));
            }
        }
    }
}

TEST(LocalSearch, FindsTheWholeFrontOfASmallSpace) {
    support::Rng rng(8);
    for (int repeat = 0; repeat < 20; ++repeat) {
        const Tables tables = Tables::random(1 + rng.below(4), 1, 5, Shape::heavy_tail, true, rng.next());
        const Problem problem = tables.problem(repeat % 2 == 0 ? 2 : 3);
        const auto truth = brute_force(problem);
        const SearchResult result = local_search(problem, 2000, rng.next());
        EXPECT_EQ(genomes_of(result.front), genomes_of(truth));
        EXPECT_THAT(result.ended, testing::StartsWith("space exhausted after "));
    }
}

TEST(LocalSearch, BeatsRandomSearchAndIsTheSameForAnyNumberOfThreads) {
    const Tables tables = Tables::random(5, 40, 40, Shape::trade_off, false, 6);
    const Problem problem = tables.problem();
    const auto truth = exact_additive_front(tables);
    const Scaling scaling = Scaling::of(truth, problem.objectives);
    std::vector<std::vector<std::vector<std::size_t>>> fronts;
    for (const std::size_t threads : {1u, 2u, 8u}) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        const SearchResult result = local_search(problem, 2000, 3);
        fronts.push_back(result.generation_fronts);
        EXPECT_GT(hypervolume(result.front, problem.objectives, scaling),
                  hypervolume(random_search(problem, 2000, 3).front, problem.objectives, scaling));
    }
    EXPECT_EQ(fronts[0], fronts[1]);
    EXPECT_EQ(fronts[0], fronts[2]);
}

TEST(LocalSearch, RefusesNothingToDo) {
    const Tables tables = Tables::random(2, 3, 3, Shape::independent, false, 1);
    Problem problem = tables.problem();
    EXPECT_THROW(local_search(problem, 0, 1), std::invalid_argument);
    EXPECT_THROW(local_search(problem, -5, 1), std::invalid_argument);
    problem.choices.clear();
    EXPECT_THROW(local_search(problem, 10, 1), std::invalid_argument);
}

} // namespace
} // namespace tessera::nas
