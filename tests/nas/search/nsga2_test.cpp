#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "nas/search/search.h"
#include "support/error.h"
#include "tables.h"

namespace tessera::nas {
namespace {

using Genomes = std::set<std::vector<int>>;

struct Case {
    std::size_t blocks;
    int fewest, most;
    Shape shape;
    bool crossed;
    std::uint64_t seed;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.blocks << "x" << c.fewest << ".." << c.most << " shape " << static_cast<int>(c.shape)
         << (c.crossed ? " crossed" : " additive") << " seed " << c.seed;
}

class Nsga2Fact : public testing::TestWithParam<Case> {};

// 5 000 evaluations, the first population included, against every architecture of the space.
TEST_P(Nsga2Fact, ReachesTheBruteForceHypervolume) {
    const Case c = GetParam();
    const Tables tables = Tables::random(c.blocks, c.fewest, c.most, c.shape, c.crossed, c.seed);
    const Problem problem = tables.problem();
    const auto truth = brute_force(problem);
    const Scaling scaling = Scaling::of(truth, problem.objectives);
    const double best = hypervolume(truth, problem.objectives, scaling);
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const SearchResult result = nsga2(problem, {}, seed);
        EXPECT_LE(result.evaluated.size(), 5000u);
        EXPECT_GE(hypervolume(result.front, problem.objectives, scaling), 0.999 * best) << "seed " << seed;
        for (const Candidate& a : result.front) {
            for (const Candidate& b : result.front) {
                EXPECT_FALSE(dominates(a, b, problem.objectives));
            }
        }
        Genomes genomes;
        for (const Candidate& e : result.evaluated) {
            genomes.insert(e.genome);
        }
        EXPECT_EQ(genomes.size(), result.evaluated.size());
    }
}

INSTANTIATE_TEST_SUITE_P(
    RandomTables, Nsga2Fact,
    testing::Values(Case{5, 10, 20, Shape::independent, false, 1},
                    Case{5, 10, 20, Shape::independent, true, 2}, Case{5, 10, 20, Shape::trade_off, false, 3},
                    Case{5, 10, 20, Shape::trade_off, true, 4}, Case{5, 10, 20, Shape::steps, false, 5},
                    Case{5, 10, 20, Shape::steps, true, 6}, Case{5, 10, 20, Shape::heavy_tail, false, 7},
                    Case{5, 10, 20, Shape::heavy_tail, true, 8}, Case{9, 2, 6, Shape::trade_off, true, 9},
                    Case{3, 20, 60, Shape::trade_off, false, 10}, Case{4, 8, 8, Shape::steps, true, 11}));

Genomes genomes_of(const std::vector<Candidate>& candidates) {
    Genomes all;
    for (const Candidate& c : candidates) {
        all.insert(c.genome);
    }
    return all;
}

TEST(Nsga2, NeverEvaluatesAGenomeTwice) {
    const Tables tables = Tables::random(4, 3, 9, Shape::trade_off, false, 5);
    Problem problem = tables.problem();
    std::atomic<int> calls = 0;
    problem.evaluate = [&](std::span<const int> genome, std::span<double> values) {
        ++calls;
        tables.evaluate(genome, values);
    };
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
        calls = 0;
        const SearchResult result = nsga2(problem, {30, 12, 0.9, 0}, seed);
        EXPECT_EQ(static_cast<std::size_t>(calls), result.evaluated.size());
        EXPECT_EQ(genomes_of(result.evaluated).size(), result.evaluated.size());
        EXPECT_EQ(result.evaluated.size(), 360u);
        EXPECT_EQ(result.generation_fronts.size(), 12u);
        EXPECT_EQ(result.ended, "12 generations");
        EXPECT_EQ(result.evaluated[0].genome, (std::vector<int>{0, 0, 0, 0}));
    }
}

TEST(Nsga2, VisitsAllOfASmallSpace) {
    support::Rng rng(3);
    for (int repeat = 0; repeat < 60; ++repeat) {
        const Tables tables = Tables::random(1 + rng.below(4), 1, 5, Shape::independent, false, rng.next());
        const Problem problem = tables.problem();
        std::size_t size = 1;
        for (const int n : problem.choices) {
            size *= static_cast<std::size_t>(n);
        }
        const SearchResult result = nsga2(problem, {10, 63, 0.9, 0}, rng.next());
        EXPECT_EQ(result.evaluated.size(), size);
        EXPECT_EQ(genomes_of(result.evaluated).size(), size);
        EXPECT_THAT(result.ended, testing::StartsWith("space exhausted after "));
        const auto truth = brute_force(problem);
        ASSERT_EQ(result.front.size(), truth.size());
        for (std::size_t i = 0; i < truth.size(); ++i) {
            EXPECT_EQ(result.front[i].genome, truth[i].genome);
        }
    }
}

TEST(Nsga2, IsTheSameForAnyNumberOfThreadsAndFixedByItsSeed) {
    const Tables tables = Tables::random(6, 5, 30, Shape::trade_off, true, 12);
    const Problem problem = tables.problem(3);
    const auto run = [&](std::size_t threads, std::uint64_t seed) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        return nsga2(problem, {60, 15, 0.9, 0}, seed);
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
    EXPECT_NE(genomes_of(run(2, 8).evaluated), genomes_of(one.evaluated));
}

TEST(Nsga2, FrontIsThatOfEverythingEvaluatedAndNeverGetsWorse) {
    for (const std::size_t width : {2u, 3u}) {
        const Tables tables = Tables::random(5, 6, 12, Shape::heavy_tail, true, 13);
        const Problem problem = tables.problem(width);
        const SearchResult result = nsga2(problem, {40, 10, 0.9, 0}, 4);
        const auto front = non_dominated(result.evaluated, problem.objectives);
        ASSERT_EQ(front.size(), result.front.size());
        for (std::size_t i = 0; i < front.size(); ++i) {
            EXPECT_EQ(front[i].genome, result.front[i].genome);
        }
        const auto curve = hypervolume_curve(result, problem, Scaling::of(front, problem.objectives));
        ASSERT_EQ(curve.size(), 10u);
        for (std::size_t g = 1; g < curve.size(); ++g) {
            EXPECT_GE(curve[g], curve[g - 1] - 1e-12);
        }
        EXPECT_GT(curve.back(), curve.front());
    }
}

TEST(Nsga2, MeetsTightBounds) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Tables tables = Tables::random(5, 10, 16, Shape::trade_off, true, 40 + seed);
        Problem problem = tables.problem();
        const auto all = brute_force(problem);
        problem.objectives[1].high =
            all[all.size() / 10].values[1]; // the quick end of the front and little else
        problem.objectives[0].low = all[all.size() / 20].values[0];
        const auto truth = brute_force(problem);
        ASSERT_FALSE(truth.empty());
        const Scaling scaling = Scaling::of(truth, problem.objectives);
        const SearchResult result = nsga2(problem, {}, seed);
        for (const Candidate& c : result.front) {
            EXPECT_TRUE(c.feasible());
        }
        EXPECT_GE(hypervolume(result.front, problem.objectives, scaling),
                  0.999 * hypervolume(truth, problem.objectives, scaling));
    }
}

TEST(Nsga2, ImpossibleBoundsGiveAnEmptyFrontAndTheLeastViolation) {
    const Tables tables = Tables::random(4, 8, 8, Shape::trade_off, false, 3);
    Problem problem = tables.problem();
    problem.objectives[1].high = 1e-6;
    const SearchResult result = nsga2(problem, {50, 20, 0.9, 0}, 1);
    EXPECT_TRUE(result.front.empty());
    double least = std::numeric_limits<double>::infinity(), reached = least;
    std::vector<int> genome(4, 0);
    do {
        least = std::min(least, evaluated(problem, genome).violation);
    } while (next_genome(genome, problem.choices));
    for (const Candidate& c : result.evaluated) {
        reached = std::min(reached, c.violation);
    }
    EXPECT_DOUBLE_EQ(reached, least);
}

TEST(Nsga2, ValuesThatAreNotNumbersNeverReachTheFront) {
    const Tables tables = Tables::random(4, 8, 8, Shape::trade_off, false, 3);
    Problem problem = tables.problem();
    problem.evaluate = [&](std::span<const int> genome, std::span<double> values) {
        tables.evaluate(genome, values);
        if (genome[1] == 0) {
            values[0] = std::nan("");
        }
        if (genome[2] == 1) {
            values[1] = -std::numeric_limits<double>::infinity();
        }
    };
    const SearchResult result = nsga2(problem, {50, 20, 0.9, 0}, 1);
    EXPECT_FALSE(result.front.empty());
    for (const Candidate& c : result.front) {
        EXPECT_NE(c.genome[1], 0);
        EXPECT_NE(c.genome[2], 1);
    }
}

TEST(Nsga2, NearsTheExactFrontOfTheFullSpace) {
    for (const Shape shape : {Shape::independent, Shape::trade_off, Shape::steps, Shape::heavy_tail}) {
        const Tables tables = Tables::random(5, 384, 384, shape, false, 2); // 8e12 architectures
        const Problem problem = tables.problem();
        const auto truth = exact_additive_front(tables);
        const Scaling scaling = Scaling::of(truth, problem.objectives);
        const double best = hypervolume(truth, problem.objectives, scaling);
        const auto begin = std::chrono::steady_clock::now();
        const SearchResult evolved = nsga2(problem, {}, 1);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
        EXPECT_LT(seconds.count(),
                  10); // milliseconds; a sanitizer on a busy machine may take hundreds of times as long
        EXPECT_EQ(evolved.evaluated.size(), 5000u);
        const SearchResult drawn = random_search(problem, 5000, 1);
        const double share = hypervolume(evolved.front, problem.objectives, scaling) / best;
        const double by_chance = hypervolume(drawn.front, problem.objectives, scaling) / best;
        EXPECT_GT(share, 0.999);
        EXPECT_LE(share, 1 + 1e-12);
        EXPECT_LT(by_chance, share);
    }
}

TEST(Nsga2, NearsTheExactFrontWithoutChoicesThatItPrefers) {
    const Tables tables = Tables::random(5, 100, 100, Shape::trade_off, false, 3);
    Problem problem = tables.problem();
    const auto truth = exact_additive_front(tables);
    const Scaling scaling = Scaling::of(truth, problem.objectives);
    const double best = hypervolume(truth, problem.objectives, scaling);
    problem.preference.assign(5, std::vector<double>(100, 0.0)); // a useless preference misleads nobody
    for (auto& weights : problem.preference) {
        weights[7] = 1;
    }
    const SearchResult result = nsga2(problem, {100, 25, 0.9, 0}, 2);
    EXPECT_GT(hypervolume(result.front, problem.objectives, scaling), 0.999 * best);
}

TEST(Nsga2, SeedsAreEvaluatedFirst) {
    const Tables tables = Tables::random(4, 9, 9, Shape::trade_off, true, 3);
    const Problem problem = tables.problem();
    SearchOptions options{10, 8, 0.9, 0};
    options.seeding = Seeding::solver;
    for (int i = 0; i < 15; ++i) { // more than a generation holds; one of them twice
        options.seeds.push_back({i % 9, 1, 2, 3 + i % 2});
    }
    options.seeds.push_back({0, 1, 2, 3});
    const SearchResult result = nsga2(problem, options, 1);
    EXPECT_EQ(result.evaluated[0].genome, (std::vector<int>{0, 0, 0, 0}));
    for (std::size_t i = 0; i < 15; ++i) {
        EXPECT_EQ(result.evaluated[i + 1].genome, options.seeds[i]);
    }
    EXPECT_EQ(result.evaluated.size(), 80u);
    options.seeding = Seeding::own_fronts;
    const SearchResult own = nsga2(problem, options, 1);
    std::size_t at = 1;
    for (std::size_t b = 0; b < 4; ++b) {
        for (int choice = 1; choice < 9; ++choice, ++at) {
            std::vector<int> genome(4, 0);
            genome[b] = choice;
            EXPECT_EQ(own.evaluated[at].genome, genome);
        }
    }
    options.seeding = Seeding::solver;
    for (const std::vector<int>& bad : {std::vector<int>{1, 2, 3}, {0, 0, 0, 9}, {0, -1, 0, 0}}) {
        options.seeds = {bad};
        EXPECT_THROW(nsga2(problem, options, 1), std::invalid_argument);
    }
}

TEST(Nsga2, OptionsChangeTheSearchAndNotItsPromises) {
    const Tables tables = Tables::random(5, 10, 12, Shape::steps, true, 3);
    const Problem problem = tables.problem();
    SearchOptions segment{30, 30, 0.9, 0}, restless{30, 30, 0.9, 0}, calm{30, 30, 0.9, 0};
    segment.crossover_kind = Crossover::segment;
    restless.stagnation = 1;
    calm.stagnation = 0;
    const auto plain = genomes_of(nsga2(problem, {30, 30, 0.9, 0}, 5).evaluated);
    for (const SearchOptions& options : {segment, restless, calm}) {
        const SearchResult result = nsga2(problem, options, 5);
        EXPECT_EQ(result.evaluated.size(), 900u);
        EXPECT_EQ(genomes_of(result.evaluated).size(), 900u);
    }
    EXPECT_NE(genomes_of(nsga2(problem, segment, 5).evaluated), plain);
    EXPECT_NE(genomes_of(nsga2(problem, restless, 5).evaluated),
              genomes_of(nsga2(problem, calm, 5).evaluated));
}

TEST(Nsga2, CopesWithWhatItsModelCannotExpress) {
    // The slowest block decides: no sum, and flat almost everywhere.
    Tables tables = Tables::random(5, 12, 12, Shape::trade_off, false, 8);
    Problem problem = tables.problem();
    problem.evaluate = [&](std::span<const int> genome, std::span<double> values) {
        tables.evaluate(genome, values);
        values[1] = 0;
        for (std::size_t b = 0; b < genome.size(); ++b) {
            values[1] = std::max(values[1], tables.latency[b][static_cast<std::size_t>(genome[b])]);
        }
    };
    const auto truth = brute_force(problem);
    const Scaling scaling = Scaling::of(truth, problem.objectives);
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        EXPECT_GE(hypervolume(nsga2(problem, {}, seed).front, problem.objectives, scaling),
                  0.98 * hypervolume(truth, problem.objectives, scaling));
    }
}

TEST(Nsga2, NothingThatIsANumberGivesAnEmptyFront) {
    Problem problem;
    problem.choices = {5, 5, 5};
    problem.objectives = {{"macs", Direction::minimize, {}, {}}, {"ms", Direction::minimize, {}, {}}};
    problem.evaluate = [](std::span<const int>, std::span<double> v) { v[0] = v[1] = std::nan(""); };
    const SearchResult result = nsga2(problem, {10, 5, 0.9, 0}, 1);
    EXPECT_TRUE(result.front.empty());
    EXPECT_EQ(result.evaluated.size(), 50u);
}

TEST(Nsga2, RunsOnASingleObjectiveAndOnBlocksWithoutAChoice) {
    Problem problem;
    problem.choices = {1, 7, 1, 9, 8};
    problem.objectives = {{"macs", Direction::minimize, {}, {}}};
    problem.evaluate = [](std::span<const int> g, std::span<double> v) {
        v[0] = std::abs(g[1] - 3) + std::abs(g[3] - 5) + std::abs(g[4] - 2);
    };
    const SearchResult result = nsga2(problem, {10, 20, 0.9, 0}, 3);
    ASSERT_EQ(result.front.size(), 1u);
    EXPECT_EQ(result.front[0].genome, (std::vector<int>{0, 3, 0, 5, 2}));
}

TEST(Nsga2, RefusesProblemsWithoutContent) {
    const Tables tables = Tables::random(2, 2, 2, Shape::independent, false, 1);
    const Problem good = tables.problem();
    Problem none = good, empty = good, aimless = good, blind = good;
    none.choices.clear();
    empty.choices[1] = 0;
    aimless.objectives.clear();
    blind.evaluate = nullptr;
    Problem bounds_only = good, ragged = good, negative = good, undefined = good;
    for (Objective& o : bounds_only.objectives) {
        o.bounds_only = true;
        o.high = 1;
    }
    ragged.preference = {{1, 1}, {1}};
    negative.preference = {{1, 1}, {1, -1}};
    undefined.preference = {{1, 1}, {1, std::nan("")}};
    for (const Problem& p : {bounds_only, ragged, negative, undefined}) {
        EXPECT_THROW(nsga2(p, {}, 1), std::invalid_argument);
    }
    EXPECT_THROW(nsga2(good, {0, 5, 0.9, 0}, 1), std::invalid_argument);
    EXPECT_THROW(nsga2(good, {5, 0, 0.9, 0}, 1), std::invalid_argument);
    for (const Problem& p : {none, empty, aimless, blind}) {
        EXPECT_THROW(nsga2(p, {}, 1), std::invalid_argument);
        EXPECT_THROW(random_search(p, 10, 1), std::invalid_argument);
    }
}

TEST(Nsga2, PassesOnWhatEvaluationThrows) {
    const Tables tables = Tables::random(3, 5, 5, Shape::independent, false, 1);
    Problem problem = tables.problem();
    problem.evaluate = [](std::span<const int>, std::span<double>) {
        throw support::RunError("no such row");
    };
    EXPECT_THROW(nsga2(problem, {}, 1), support::RunError);
}

TEST(SearchOptionsTest, AreReadWithTheirRanges) {
    const auto read = [](const std::string& text) {
        auto root = support::Document::parse(text, "c.yaml").root();
        SearchOptions options;
        options.read(root);
        root.finish();
        return options;
    };
    const SearchOptions defaults = read("{}"),
                        given = read("population: 20\ngenerations: 3\ncrossover: 0.5\nmutation: 0.1\n");
    EXPECT_EQ(defaults.population, 100);
    EXPECT_EQ(defaults.generations, 50);
    EXPECT_EQ(given.population, 20);
    EXPECT_EQ(given.generations, 3);
    EXPECT_EQ(given.crossover, 0.5);
    EXPECT_EQ(given.mutation, 0.1);
    EXPECT_EQ(defaults.crossover_kind, Crossover::uniform);
    EXPECT_EQ(defaults.stagnation, 5);
    EXPECT_EQ(defaults.seeding, Seeding::none);
    const SearchOptions steered = read("crossover_kind: segment\nstagnation: 0\nseeding: own_fronts\n");
    EXPECT_EQ(steered.crossover_kind, Crossover::segment);
    EXPECT_EQ(steered.stagnation, 0);
    EXPECT_EQ(steered.seeding, Seeding::own_fronts);
    EXPECT_EQ(read("seeding: solver\n").seeding, Seeding::solver);
    EXPECT_EQ(defaults.steering, SteeredBy::both);
    EXPECT_EQ(read("steering: learned\n").steering, SteeredBy::learned);
    EXPECT_EQ(read("steering: preference\n").steering, SteeredBy::preference);
    for (const std::string text :
         {"population: 1\n", "generations: 0\n", "crossover: 1.5\n", "mutation: -1\n", "popluation: 5\n",
          "seeding: yes\n", "steering: quality\n", "crossover_kind: blocks\n", "stagnation: -1\n"}) {
        EXPECT_THROW(read(text), support::UsageError) << text;
    }
}

} // namespace
} // namespace tessera::nas
