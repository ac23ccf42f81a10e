#include "nas/search/surrogate.h"

#include <cmath>

#include <gtest/gtest.h>

#include "nas/search/genome_set.h"
#include "nas/search/pair_model.h"
#include "nas/search/steering.h"
#include "tables.h"

namespace tessera::nas {
namespace {

/// Learns from all single changes of the first genome and some random ones.
struct Learnt {
    Learnt(const Problem& problem, std::size_t random, std::uint64_t seed)
        : surrogate(problem), genomes(problem.choices.size()) {
        support::Rng rng(seed);
        std::vector<int> base(problem.choices.size(), 0), genome;
        add(problem, base);
        for (std::size_t b = 0; b < base.size(); ++b) {
            for (int choice = 1; choice < problem.choices[b]; ++choice) {
                genome = base;
                genome[b] = choice;
                add(problem, genome);
            }
        }
        surrogate.begin(base, candidates[0]);
        surrogate.learn(genomes, candidates);
        for (std::size_t i = 0; i < random; ++i) {
            add(problem, draw(problem, rng));
            surrogate.learn(genomes, candidates);
        }
    }
    static std::vector<int> draw(const Problem& problem, support::Rng& rng) {
        std::vector<int> genome;
        for (const int n : problem.choices) {
            genome.push_back(static_cast<int>(rng.below(static_cast<std::uint64_t>(n))));
        }
        return genome;
    }
    void add(const Problem& problem, const std::vector<int>& genome) {
        if (genomes.insert(genome)) {
            candidates.push_back(evaluated(problem, genome));
        }
    }
    /// Largest error of an objective over genomes that were not seen, relative to its range.
    double error(const Problem& problem, std::size_t objective) const {
        support::Rng rng(99);
        double worst = 0, low = 1e300, high = -1e300;
        std::vector<double> guessed(problem.objectives.size());
        for (int i = 0; i < 300; ++i) {
            const Candidate c = evaluated(problem, draw(problem, rng));
            surrogate.guess(c.genome, guessed);
            worst = std::max(worst, std::abs(guessed[objective] - c.values[objective]));
            low = std::min(low, c.values[objective]);
            high = std::max(high, c.values[objective]);
        }
        return worst / (high - low);
    }
    Surrogate surrogate;
    GenomeSet genomes;
    std::vector<Candidate> candidates;
};

TEST(SurrogateTest, KnowsSumsOverBlocksOnceEachChoiceWasTried) {
    const Tables tables = Tables::random(6, 5, 12, Shape::heavy_tail, false, 3);
    const Problem problem = tables.problem(3);
    const Learnt learnt(problem, 100, 5);
    EXPECT_FALSE(learnt.surrogate.contradicted());
    for (const std::size_t k : {0u, 1u, 2u}) {
        EXPECT_LT(learnt.error(problem, k), 1e-12);
    }
}

TEST(SurrogateTest, LearnsWhatPairsOfBlocksAdd) {
    const Tables tables = Tables::random(5, 12, 12, Shape::trade_off, true, 4);
    const Problem problem = tables.problem();
    const Learnt alone(problem, 0, 5), taught(problem, 600, 5);
    EXPECT_GT(alone.error(problem, 0), 0.1); // the sum of effects misses the products
    EXPECT_LT(taught.error(problem, 0), 0.01);
    EXPECT_LT(taught.error(problem, 1), 1e-12); // latency is a sum
    EXPECT_TRUE(taught.surrogate.contradicted());
}

TEST(SurrogateTest, CorrectsEffectsWhereBlocksAreTooManyForPairs) {
    const Tables tables = Tables::random(PairModel::most_blocks + 2, 3, 4, Shape::trade_off, true, 4);
    const Problem problem = tables.problem();
    const Learnt alone(problem, 0, 5), taught(problem, 600, 5);
    EXPECT_LT(taught.error(problem, 0), 0.9 * alone.error(problem, 0));
}

TEST(PairModelTest, RecoversItsOwnForm) {
    support::Rng rng(2);
    std::vector<double> effects, rest;
    const auto truth = [](const double* x) {
        return x[0] * x[1] * (2 - x[0]) + 0.5 * x[0] * x[2] * (1 + x[2]) - x[1] * x[2] * (1 + x[1] * x[2]);
    };
    for (int i = 0; i < 100; ++i) {
        for (int b = 0; b < 3; ++b) {
            effects.push_back(2 * rng.uniform() - 1);
        }
        rest.push_back(truth(effects.data() + effects.size() - 3));
    }
    PairModel model;
    EXPECT_TRUE(model.empty());
    model.fit(3, effects, rest);
    for (int i = 0; i < 50; ++i) {
        const double x[3] = {rng.uniform(), rng.uniform(), rng.uniform()};
        EXPECT_NEAR(model(x), truth(x), 1e-6);
    }
    const double one[3] = {0, 0.7, 0};
    EXPECT_EQ(model(one), 0);
}

TEST(GenomeSetTest, HoldsDistinctGenomesInOrder) {
    GenomeSet set(3);
    support::Rng rng(7);
    std::vector<std::vector<int>> order;
    for (int i = 0; i < 5000; ++i) {
        const std::vector<int> g = {static_cast<int>(rng.below(12)), static_cast<int>(rng.below(12)),
                                    static_cast<int>(rng.below(12))};
        const bool fresh = std::ranges::find(order, g) == order.end();
        EXPECT_EQ(set.contains(g), !fresh);
        EXPECT_EQ(set.insert(g), fresh);
        if (fresh) {
            order.push_back(g);
        }
    }
    ASSERT_EQ(set.size(), order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        EXPECT_TRUE(std::ranges::equal(set[i], order[i]));
    }
    set.reserve(100000);
    EXPECT_TRUE(set.contains(order[17]));
}

TEST(SteeringTest, TriesPreferredChoicesFirstAndEveryOneOnce) {
    Problem problem;
    problem.choices = {40, 10};
    problem.objectives = {{"macs", Direction::minimize, {}, {}}};
    problem.preference = {std::vector<double>(40, 0.0), std::vector<double>(10, 1.0)};
    for (std::size_t i = 30; i < 40; ++i) {
        problem.preference[0][i] = 5;
    }
    double places = 0; // of the preferred ones, mean over seeds
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const Surrogate surrogate(problem);
        support::Rng rng(seed);
        Steering steering(problem, surrogate, rng);
        std::vector<int> order;
        std::vector<int> counts(40);
        while (const auto choice = steering.next_unknown()) {
            if (choice->first == 0) {
                order.push_back(choice->second);
                ++counts[static_cast<std::size_t>(choice->second)];
            }
        }
        EXPECT_EQ(counts, std::vector<int>(40, 1));
        for (std::size_t i = 0; i < order.size(); ++i) {
            places += order[i] >= 30 ? static_cast<double>(i) / 400 : 0.0;
        }
    }
    EXPECT_LT(places / 40, 10); // 19.5 without a preference
}

} // namespace
} // namespace tessera::nas
