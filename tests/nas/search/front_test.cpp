#include "nas/search/front.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "nas/search/crowding.h"
#include "nas/search/non_dominated_sort.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

std::vector<Objective> objectives(std::size_t count) {
    std::vector<Objective> all;
    for (std::size_t k = 0; k < count; ++k) {
        all.push_back(
            {"o" + std::to_string(k), k % 2 == 0 ? Direction::maximize : Direction::minimize, {}, {}});
    }
    return all;
}

/// Small integers, so that ties and equal vectors are common.
std::vector<Candidate> random_candidates(std::size_t n, std::size_t width, support::Rng& rng, bool bounded) {
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < n; ++i) {
        Candidate c;
        c.genome = {static_cast<int>(rng.below(1000)), static_cast<int>(i)};
        for (std::size_t k = 0; k < width; ++k) {
            c.values.push_back(static_cast<double>(rng.below(12)));
        }
        if (bounded && rng.below(3) == 0) {
            c.violation = static_cast<double>(1 + rng.below(3));
        }
        all.push_back(c);
    }
    return all;
}

TEST(NonDominated, KnownFront) {
    const auto o = objectives(2); // first up, second down
    const std::vector<Candidate> all = {{{3}, {5, 5}, 0}, {{1}, {5, 5}, 0}, {{2}, {9, 9}, 0},
                                        {{4}, {1, 1}, 0}, {{5}, {4, 6}, 0}, {{6}, {9, 0}, 0.5}};
    const auto front = non_dominated(all, o);
    ASSERT_EQ(front.size(), 3u);
    EXPECT_EQ(front[0].genome, std::vector<int>{4}); // ascending in the first objective
    EXPECT_EQ(front[1].genome, std::vector<int>{1}); // the smaller genome of equals
    EXPECT_EQ(front[2].genome, std::vector<int>{2});
    EXPECT_TRUE(non_dominated({}, o).empty());
}

TEST(NonDominated, EqualsTheDefinitionForAnyNumberOfObjectives) {
    support::Rng rng(6);
    for (int repeat = 0; repeat < 400; ++repeat) {
        const std::size_t width = 1 + rng.below(4);
        const auto o = objectives(width);
        const auto all = random_candidates(rng.below(80), width, rng, repeat % 2 == 0);
        std::vector<std::vector<int>> expected;
        for (const Candidate& c : all) {
            const bool out =
                !c.feasible() || std::any_of(all.begin(), all.end(), [&](const Candidate& other) {
                    return dominates(other, c, o) ||
                           (other.feasible() && other.values == c.values && other.genome < c.genome);
                });
            if (!out) {
                expected.push_back(c.genome);
            }
        }
        std::vector<std::vector<int>> got;
        const auto front = non_dominated(all, o);
        for (std::size_t i = 0; i < front.size(); ++i) {
            got.push_back(front[i].genome);
            if (i > 0) {
                EXPECT_LE(front[i - 1].values[0], front[i].values[0]);
            }
        }
        std::sort(expected.begin(), expected.end());
        std::sort(got.begin(), got.end());
        EXPECT_EQ(got, expected);
    }
}

TEST(SortFronts, PeelsAsTheDefinitionDoes) {
    support::Rng rng(7);
    for (int repeat = 0; repeat < 300; ++repeat) {
        const std::size_t width = 1 + rng.below(4);
        const auto o = objectives(width);
        const auto all = random_candidates(1 + rng.below(60), width, rng, repeat % 2 == 0);
        std::vector<std::size_t> chosen(all.size());
        std::iota(chosen.begin(), chosen.end(), 0);
        auto left = chosen;
        std::size_t rows = 0;
        for (auto front : sort_fronts(Costs(o, all, chosen))) {
            std::vector<std::size_t> expected, rest;
            for (const std::size_t i : left) {
                const bool dominated = std::any_of(
                    left.begin(), left.end(), [&](std::size_t j) { return dominates(all[j], all[i], o); });
                (dominated ? rest : expected).push_back(i);
            }
            std::sort(front.begin(), front.end());
            EXPECT_EQ(front, expected);
            left = rest;
            rows += front.size();
        }
        EXPECT_EQ(rows, all.size());
    }
}

TEST(SortFronts, LeavesOutFrontsBeyondWhatIsEnough) {
    support::Rng rng(8);
    for (int repeat = 0; repeat < 300; ++repeat) {
        const std::size_t width = 1 + rng.below(4);
        const auto o = objectives(width);
        const auto all = random_candidates(1 + rng.below(60), width, rng, repeat % 2 == 0);
        std::vector<std::size_t> chosen(all.size());
        std::iota(chosen.begin(), chosen.end(), 0);
        const Costs costs(o, all, chosen);
        const std::size_t enough = 1 + rng.below(all.size());
        std::vector<std::vector<std::size_t>> expected;
        std::size_t rows = 0;
        for (const auto& front : sort_fronts(costs)) {
            if (rows < enough) {
                expected.push_back(front);
                rows += front.size();
            }
        }
        EXPECT_EQ(sort_fronts(costs, enough), expected);
    }
}

TEST(Crowding, KnownDistancesAndPruning) {
    const std::vector<Objective> o = {{"a", Direction::minimize, {}, {}}, {"b", Direction::minimize, {}, {}}};
    const std::vector<Candidate> line = {
        {{}, {0, 10}, 0}, {{}, {1, 9}, 0}, {{}, {2, 8}, 0}, {{}, {6, 4}, 0}, {{}, {10, 0}, 0}};
    const std::vector<std::size_t> all = {0, 1, 2, 3, 4};
    const Costs costs(o, line, all);
    const auto distances = crowding(costs, all);
    EXPECT_TRUE(std::isinf(distances[0]) && std::isinf(distances[4]));
    EXPECT_DOUBLE_EQ(distances[1], 0.4);
    EXPECT_DOUBLE_EQ(distances[2], 1.0);
    EXPECT_DOUBLE_EQ(distances[3], 1.6);
    EXPECT_EQ(least_crowded(costs, all, 4), (std::vector<std::size_t>{0, 2, 3, 4}));
    EXPECT_EQ(least_crowded(costs, all, 3), (std::vector<std::size_t>{0, 3, 4})); // 2: 1.2 by now, 3: 1.6
    EXPECT_EQ(least_crowded(costs, all, 9), all);
    EXPECT_TRUE(least_crowded(costs, all, 0).empty());
    EXPECT_TRUE(crowding(costs, {}).empty());
}

TEST(ScalingOfAFront, TakesBestAndWorstOfTheFeasible) {
    const auto o = objectives(2);
    const std::vector<Candidate> front = {{{}, {1, 7}, 0}, {{}, {3, 9}, 0}, {{}, {100, -5}, 0.1}};
    const Scaling s = Scaling::of(front, o);
    EXPECT_EQ(s.ideal, (std::vector<double>{3, 7}));
    EXPECT_EQ(s.nadir, (std::vector<double>{1, 9}));
    const Scaling one = Scaling::of(std::span(front).first(1), o); // no width: 1, towards the worse
    EXPECT_EQ(one.ideal, (std::vector<double>{1, 7}));
    EXPECT_EQ(one.nadir, (std::vector<double>{0, 8}));
    const Scaling none = Scaling::of({}, o);
    EXPECT_NE(none.ideal, none.nadir);
}

} // namespace
} // namespace tessera::nas
