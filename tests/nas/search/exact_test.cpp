#include "nas/search/exact.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nas/search/front.h"
#include "support/error.h"
#include "table_models.h"

namespace tessera::nas {
namespace {

/// What a random space may have.
struct Kind {
    std::size_t columns = 2;
    bool whole = false;  ///< values are small whole numbers: ties
    bool tenths = false; ///< multiples of 0.1, which sums round
    bool maxima = false; ///< some columns aggregate by maximum
    bool bounds = false; ///< upper, lower and two-sided bounds
    bool curved = false; ///< some columns by ceiling - exp
    bool hidden = false; ///< some columns are only bounded
};

TableModel random_model(const Kind& kind, std::uint64_t seed) {
    support::Rng rng(seed);
    TableModel model;
    const std::size_t blocks = 1 + rng.below(5);
    for (std::size_t b = 0; b < blocks; ++b) {
        model.choices.push_back(static_cast<int>(1 + rng.below(blocks > 3 ? 5 : 9)));
    }
    for (std::size_t k = 0; k < kind.columns; ++k) {
        TableColumn c;
        c.objective.name = "c" + std::to_string(k);
        c.objective.direction = rng.below(2) ? Direction::minimize : Direction::maximize;
        c.maximum = kind.maxima && rng.below(2);
        c.objective.bounds_only = kind.hidden && k > 0 && rng.below(2);
        const auto number = [&] {
            const double u = rng.uniform() * 6 - 1;
            return kind.whole ? std::floor(u) : kind.tenths ? std::floor(u * 3) / 10 : u;
        };
        c.rest = number();
        for (const int n : model.choices) {
            auto& block = c.values.emplace_back();
            for (int i = 0; i < n; ++i) {
                block.push_back(number());
            }
        }
        if (kind.curved && rng.below(2)) {
            const auto [low, high] = c.total_range();
            c.response = {Response::Kind::ceiling_minus_exp, 1, 0, 0.9};
            const double scale = 2 / std::max(1.0, high - low); // accuracies that are not all clamped
            c.rest = (c.rest - (c.maximum ? 0 : high)) * scale;
            for (auto& block : c.values) {
                for (double& v : block) {
                    v *= scale;
                }
            }
        } else if (rng.below(2)) {
            c.response = {Response::Kind::affine, rng.below(2) ? -0.5 : 2.0, 1, 1};
        }
        model.columns.push_back(std::move(c));
    }
    for (TableColumn& c : model.columns) {
        if (!kind.bounds) {
            continue;
        }
        // Values that some genome has, so that bounds are met with equality.
        const auto reached = [&] {
            std::vector<int> genome;
            for (const int n : model.choices) {
                genome.push_back(static_cast<int>(rng.below(static_cast<std::uint64_t>(n))));
            }
            return c.value(genome);
        };
        const auto [a, b] = std::minmax({reached(), reached()});
        const auto sides = rng.below(5);
        if (sides == 0 || sides == 2) {
            c.objective.low = a;
        }
        if (sides == 1 || sides == 2) {
            c.objective.high = b;
        }
    }
    return model;
}

std::vector<std::vector<double>> sought_values(const std::vector<Candidate>& front, const TableModel& model) {
    std::vector<std::vector<double>> rows;
    for (const Candidate& c : front) {
        auto& row = rows.emplace_back();
        for (std::size_t k = 0; k < c.values.size(); ++k) {
            if (!model.columns[k].objective.bounds_only) {
                row.push_back(c.values[k]);
            }
        }
    }
    return rows;
}

void expect_true_front(const TableModel& model, const SearchResult& result) {
    const std::vector<Candidate> truth = brute_force(model.problem());
    ASSERT_EQ(sought_values(result.front, model), sought_values(truth, model));
    EXPECT_EQ(result.gap, 0.0);
    for (const Candidate& c : result.front) {
        const Candidate same = model.candidate(c.genome);
        EXPECT_EQ(same.values, c.values);
        EXPECT_TRUE(c.feasible());
    }
}

void expect_true_fronts(const Kind& kind, std::uint64_t seeds) {
    std::size_t empty = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        SCOPED_TRACE(seed);
        const TableModel model = random_model(kind, seed);
        const SearchResult result = exact_front(model);
        expect_true_front(model, result);
        empty += result.front.empty() ? 1 : 0;
        if (testing::Test::HasFailure()) {
            return;
        }
    }
    EXPECT_LT(empty, seeds * 3 / 4); // else the bounds test nothing
}

TEST(ExactFront, IsTheTrueOneOfTwoToFourObjectives) {
    for (const std::size_t columns : {1, 2, 3, 4}) {
        SCOPED_TRACE(columns);
        expect_true_fronts({.columns = columns}, 100);
        expect_true_fronts({.columns = columns, .whole = true}, 100);
        expect_true_fronts({.columns = columns, .tenths = true}, 100);
        expect_true_fronts({.columns = columns, .maxima = true, .curved = true}, 100);
        expect_true_fronts({.columns = columns, .whole = true, .maxima = true}, 100);
    }
}

TEST(ExactFront, KeepsTheBoundsInclusive) {
    for (const std::size_t columns : {1, 2, 3, 4}) {
        SCOPED_TRACE(columns);
        expect_true_fronts({.columns = columns, .bounds = true}, 200);
        expect_true_fronts({.columns = columns, .whole = true, .bounds = true}, 200);
        expect_true_fronts({.columns = columns, .tenths = true, .bounds = true, .hidden = true}, 300);
        expect_true_fronts({.columns = columns, .maxima = true, .bounds = true, .hidden = true}, 200);
        expect_true_fronts(
            {.columns = columns, .whole = true, .maxima = true, .bounds = true, .hidden = true}, 200);
        expect_true_fronts(
            {.columns = columns, .maxima = true, .bounds = true, .curved = true, .hidden = true}, 200);
    }
}

TEST(ExactFront, TakesTheSmallestGenomeOfEqualValues) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        const TableModel model = random_model({.columns = 1 + seed % 4, .whole = true}, seed);
        const auto front = exact_front(model).front, truth = brute_force(model.problem());
        ASSERT_EQ(front.size(), truth.size());
        for (std::size_t i = 0; i < front.size(); ++i) {
            ASSERT_EQ(front[i].genome, truth[i].genome);
        }
    }
}

TableModel two_sums(std::vector<std::vector<double>> x, std::vector<std::vector<double>> y) {
    TableModel model;
    for (const auto& block : x) {
        model.choices.push_back(static_cast<int>(block.size()));
    }
    TableColumn a, b;
    a.objective = {"loss", Direction::minimize, {}, {}};
    a.values = std::move(x);
    b.objective = {"latency", Direction::minimize, {}, {}};
    b.values = std::move(y);
    model.columns = {a, b};
    return model;
}

TEST(ExactFront, AKnownOne) {
    // Sums: (0,0): 3, 8; (0,1): 5, 5; (1,0): 6, 6; (1,1): 8, 3.
    TableModel model = two_sums({{1, 4}, {2, 4}}, {{4, 2}, {4, 1}});
    const SearchResult result = exact_front(model);
    ASSERT_EQ(result.front.size(), 3u);
    EXPECT_THAT(result.front[0].values, testing::ElementsAre(3, 8));
    EXPECT_THAT(result.front[1].values, testing::ElementsAre(5, 5));
    EXPECT_THAT(result.front[1].genome, testing::ElementsAre(0, 1));
    EXPECT_THAT(result.front[2].values, testing::ElementsAre(8, 3));
    EXPECT_EQ(result.ended, "exact: 3 of 4 architectures on the front");
    EXPECT_TRUE(result.evaluated.empty());
    EXPECT_TRUE(result.generation_fronts.empty());
    model.columns[1].objective.high = 5; // inclusive
    EXPECT_EQ(exact_front(model).front.size(), 2u);
    // A lower bound where less is better: what was dominated comes to the front.
    model.columns[1].objective.low = 4;
    model.columns[0].objective.low = 4;
    EXPECT_THAT(exact_front(model).front, testing::SizeIs(1));
    model.columns[1].objective.low = 6;
    model.columns[1].objective.high = {};
    const auto bounded = exact_front(model).front;
    ASSERT_EQ(bounded.size(), 1u);
    EXPECT_THAT(bounded[0].values, testing::ElementsAre(6, 6));
}

TEST(ExactFront, BoundsOutOfReachEndAtOnce) {
    const Tables tables = Tables::random(40, 50, 50, Shape::trade_off, false, 1);
    TableModel model = additive_model(tables, 2);
    model.columns[1].objective.high = 0.001;
    SearchResult result = exact_front(model);
    EXPECT_TRUE(result.front.empty());
    EXPECT_EQ(result.gap, 0.0);
    // Each within reach, both not: no table of partial architectures comes to its end.
    const auto [fast, slow] = model.columns[1].range();
    const auto [poor, accurate] = model.columns[0].range();
    model.columns[1].objective.high = fast + 0.001 * (slow - fast);
    model.columns[0].objective.low = accurate - 0.001 * (accurate - poor);
    EXPECT_TRUE(exact_front(model).front.empty());
}

TEST(ExactFront, BlocksOfOneChoiceAndOfAMillion) {
    support::Rng rng(3);
    std::vector<double> x, y;
    for (int i = 0; i < 1'000'000; ++i) {
        x.push_back(rng.uniform());
        y.push_back((1 - x.back()) * (1 - x.back()) + 0.1 * rng.uniform());
    }
    TableModel model = two_sums({{1}, x, {2, 3}}, {{5}, y, {0, -0.5}});
    std::vector<int> order(x.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](int a, int b) { return x[static_cast<std::size_t>(a)] < x[static_cast<std::size_t>(b)]; });
    std::vector<Candidate> all;
    double least = 100;
    for (const int i : order) {
        if (const double v = y[static_cast<std::size_t>(i)]; v < least) {
            least = v;
            all.push_back(model.candidate({0, i, 0}));
            all.push_back(model.candidate({0, i, 1}));
        }
    }
    const auto front = exact_front(model).front, truth = non_dominated(all, model.objectives());
    ASSERT_GT(front.size(), 100u);
    EXPECT_EQ(sought_values(front, model), sought_values(truth, model));
    const TableModel single = two_sums({{1}, {2}}, {{3}, {4}});
    EXPECT_THAT(exact_front(single).front, testing::SizeIs(1));
}

TEST(ExactFront, ThinningIsCertified) {
    for (const std::size_t objectives : {2, 3}) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            SCOPED_TRACE(seed);
            Tables tables = Tables::random(4, 6, 10, Shape::trade_off, false, seed);
            TableModel model = additive_model(tables, objectives);
            if (seed % 3 == 0) {
                const auto [low, high] = model.columns[1].range();
                model.columns[1].objective.high = low + 0.6 * (high - low);
            }
            if (seed % 4 == 0) {
                const auto [low, high] = model.columns[0].range();
                model.columns[0].objective.high = low + 0.7 * (high - low);
            }
            const auto truth = brute_force(model.problem());
            std::optional<double> last;
            for (const std::size_t limit : {20, 100, 300, 1'000'000}) {
                const SearchResult result = exact_front(model, {limit});
                const Scaling scaling = Scaling::of(truth, model.objectives());
                const double all = hypervolume(truth, model.objectives(), scaling),
                             found = hypervolume(result.front, model.objectives(), scaling);
                EXPECT_LE(1 - found / all, *result.gap + 1e-12) << limit;
                EXPECT_LE(result.front.size(), std::max<std::size_t>(limit, 60));
                last = result.gap;
            }
            EXPECT_EQ(last, 0.0);
        }
    }
}

TEST(ExactFront, LargeTablesEndWithASmallGap) {
    // 1e260 architectures; a front that no limit allows for.
    const TableModel model = additive_model(Tables::random(200, 20, 20, Shape::trade_off, false, 5), 2);
    const SearchResult result = exact_front(model, {100'000});
    EXPECT_GT(*result.gap, 0);
    EXPECT_LT(*result.gap, 1e-3);
    EXPECT_GT(result.front.size(), 500u);
    EXPECT_EQ(sought_values(result.front, model),
              sought_values(non_dominated(result.front, model.objectives()), model));
    EXPECT_EQ(sought_values(exact_front(model, {100'000}).front, model), sought_values(result.front, model));
    EXPECT_THAT(result.ended, testing::StartsWith("label limit: "));
}

TEST(ExactFronts, AreWhatEachSetOfBoundsGives) {
    support::Rng rng(11);
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE(seed);
        TableModel model =
            random_model({.columns = 2 + seed % 2, .whole = seed % 3 == 0, .hidden = seed % 5 == 0}, seed);
        std::vector<std::vector<Bounds>> cases;
        for (int i = 0; i < 10; ++i) {
            auto& bounds = cases.emplace_back(model.columns.size());
            for (std::size_t k = 0; k < bounds.size(); ++k) {
                const auto [low, high] = model.columns[k].range();
                const double at = low + (high - low) * rng.uniform();
                const bool minimized = model.columns[k].objective.direction == Direction::minimize;
                if (rng.below(8) == 0) { // how good it may be
                    (minimized ? bounds[k].low : bounds[k].high) = at;
                } else if (rng.below(3) > 0) {
                    (minimized ? bounds[k].high : bounds[k].low) = at;
                }
            }
        }
        const auto results = exact_fronts(model, cases);
        ASSERT_EQ(results.size(), cases.size());
        for (std::size_t i = 0; i < cases.size(); ++i) {
            for (std::size_t k = 0; k < model.columns.size(); ++k) {
                model.columns[k].objective.low = cases[i][k].low;
                model.columns[k].objective.high = cases[i][k].high;
            }
            const SearchResult alone = exact_front(model);
            ASSERT_EQ(sought_values(results[i].front, model), sought_values(alone.front, model)) << i;
            EXPECT_EQ(results[i].ended, alone.ended);
            EXPECT_EQ(results[i].gap, 0.0);
        }
    }
    const TableModel model = two_sums({{1, 2}}, {{2, 1}});
    EXPECT_THROW(exact_fronts(model, std::vector<std::vector<Bounds>>{{{}}}), std::invalid_argument);
}

TEST(ExactFront, PairsAreRefused) {
    TableModel model = two_sums({{1, 2}, {3, 4}}, {{1, 2}, {3, 4}});
    model.columns[0].pairs.scalars = {{1, 2}, {3, 4}};
    model.columns[0].pairs.weights = {1};
    EXPECT_THROW(exact_front(model), std::invalid_argument);
    EXPECT_THROW(k_best(model, 0, 1), std::invalid_argument);
    model.choices = {};
    EXPECT_THROW(exact_front(model), std::invalid_argument);
}

std::vector<Candidate> sorted_by(const TableModel& model, std::size_t column, std::size_t count) {
    std::vector<std::pair<double, Candidate>> all;
    std::vector<int> genome(model.choices.size(), 0);
    const TableColumn& c = model.columns[column];
    do {
        Candidate candidate = model.candidate(genome);
        if (candidate.feasible()) {
            all.emplace_back(c.sign() * c.total(genome), candidate);
        }
    } while (next_genome(genome, model.choices));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : a.second.genome < b.second.genome;
    });
    std::vector<Candidate> best;
    for (std::size_t i = 0; i < std::min(count, all.size()); ++i) {
        best.push_back(all[i].second);
    }
    return best;
}

TEST(KBest, AreTheFirstOfAllSorted) {
    const std::vector<Kind> kinds{
        {.columns = 2},
        {.columns = 2, .whole = true},
        {.columns = 2, .tenths = true, .bounds = true, .hidden = true},
        {.columns = 3, .whole = true, .maxima = true, .bounds = true},
        {.columns = 3, .maxima = true, .bounds = true, .curved = true, .hidden = true}};
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            SCOPED_TRACE(std::to_string(kind) + "/" + std::to_string(seed));
            const TableModel model = random_model(kinds[kind], seed);
            const std::size_t count = 1 + seed % 17, column = seed % 2;
            const auto best = k_best(model, column, count), truth = sorted_by(model, column, count);
            ASSERT_EQ(best.size(), truth.size());
            for (std::size_t i = 0; i < best.size(); ++i) {
                ASSERT_EQ(best[i].genome, truth[i].genome) << i;
            }
        }
    }
}

TEST(KBest, RefusesWhatItCannotDo) {
    const TableModel model = additive_model(Tables::random(6, 8, 8, Shape::trade_off, false, 1), 2);
    EXPECT_THROW(k_best(model, 2, 1), std::invalid_argument);
    EXPECT_THROW(k_best(model, 0, 100, {10}), support::RunError);
    EXPECT_TRUE(k_best(model, 0, 0).empty());
}

} // namespace
} // namespace tessera::nas
