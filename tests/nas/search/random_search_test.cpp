#include <cmath>
#include <set>

#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "nas/search/search.h"
#include "tables.h"

namespace tessera::nas {
namespace {

TEST(RandomSearch, DrawsDistinctGenomes) {
    const Tables tables = Tables::random(4, 5, 8, Shape::independent, false, 1);
    const SearchResult result = random_search(tables.problem(), 250, 9);
    std::set<std::vector<int>> genomes;
    for (const Candidate& c : result.evaluated) {
        genomes.insert(c.genome);
    }
    EXPECT_EQ(genomes.size(), 250u);
    EXPECT_EQ(result.evaluated.size(), 250u);
    EXPECT_EQ(result.ended, "250 evaluations");
    EXPECT_EQ(result.generation_fronts.size(), 3u);
    EXPECT_FALSE(result.front.empty());
}

TEST(RandomSearch, StopsWhenTheSpaceIsUsedUp) {
    Tables tables = Tables::random(3, 4, 4, Shape::independent, false, 1);
    const Problem problem = tables.problem();
    for (const int evaluations : {64, 65, 5000}) {
        const SearchResult result = random_search(problem, evaluations, 2);
        EXPECT_EQ(result.evaluated.size(), 64u);
        EXPECT_EQ(result.ended, "space exhausted after 64 evaluations");
        EXPECT_EQ(result.front.size(), brute_force(problem).size());
    }
    EXPECT_TRUE(random_search(problem, 0, 2).evaluated.empty());
    EXPECT_TRUE(random_search(problem, 0, 2).front.empty());
}

TEST(RandomSearch, DrawsUniformlyWhetherOrNotTheSpaceIsSmall) {
    for (const int size : {10, 40}) { // 30 draws: dealt from a deck, or drawn until new
        Problem problem;
        problem.choices = {2, size};
        problem.objectives.resize(1);
        problem.evaluate = [](std::span<const int>, std::span<double> v) { v[0] = 0; };
        std::vector<int> counts(static_cast<std::size_t>(2 * size));
        const int evaluations = size == 10 ? 15 : 30;
        for (std::uint64_t seed = 0; seed < 2000; ++seed) {
            for (const Candidate& c : random_search(problem, evaluations, seed).evaluated) {
                ++counts[static_cast<std::size_t>(c.genome[0] * size + c.genome[1])];
            }
        }
        const double expected = 2000.0 * evaluations / (2 * size), deviation = std::sqrt(expected);
        for (const int count : counts) {
            EXPECT_NEAR(count, expected, 5 * deviation);
        }
    }
}

TEST(RandomSearch, IsTheSameForAnyNumberOfThreads) {
    const Tables tables = Tables::random(5, 10, 20, Shape::trade_off, true, 4);
    const Problem problem = tables.problem();
    std::vector<std::vector<std::vector<int>>> runs;
    for (const std::size_t threads : {1u, 2u, 8u}) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        runs.emplace_back();
        for (const Candidate& c : random_search(problem, 300, 5).evaluated) {
            runs.back().push_back(c.genome);
        }
    }
    EXPECT_EQ(runs[0], runs[1]);
    EXPECT_EQ(runs[0], runs[2]);
}

} // namespace
} // namespace tessera::nas
