#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nas/search/certified/search.h"
#include "support/seed.h"
#include "tables.h"

namespace tessera::nas {
namespace {

/// How a random model is made.
struct Kind {
    std::size_t blocks = 3;
    int fewest = 3, most = 8;
    std::size_t objectives = 2;
    bool bent = true;          ///< accuracy = ceiling - exp(score)
    bool second_pairs = false; ///< latency has pairs too
    bool tables = false;       ///< arbitrary pairs beside the scalars
    bool steps = false;        ///< latencies are whole numbers: ties
};

std::vector<std::vector<double>> draw(const std::vector<int>& choices, support::Rng& rng, double scale) {
    std::vector<std::vector<double>> values;
    for (const int n : choices) {
        values.emplace_back();
        for (int i = 0; i < n; ++i) {
            values.back().push_back(scale * rng.uniform());
        }
    }
    return values;
}

PairTerms draw_pairs(const std::vector<int>& choices, support::Rng& rng, bool tables) {
    PairTerms pairs;
    pairs.scalars = draw(choices, rng, 1);
    for (std::size_t a = 0; a < choices.size(); ++a) {
        for (std::size_t b = a + 1; b < choices.size(); ++b) {
            pairs.weights.push_back(2 * rng.uniform() - 0.8);
            if (tables && rng.below(2) == 0) {
                PairTerms::Table t{a, b, static_cast<std::size_t>(choices[b]), {}};
                for (int i = 0; i < choices[a] * choices[b]; ++i) {
                    t.values.push_back(0.4 * rng.uniform());
                }
                pairs.tables.push_back(t);
            }
        }
    }
    return pairs;
}

TableModel random_model(const Kind& kind, std::uint64_t seed) {
    support::Rng rng(seed);
    TableModel model;
    for (std::size_t b = 0; b < kind.blocks; ++b) {
        model.choices.push_back(kind.fewest + static_cast<int>(rng.below(
                                                  static_cast<std::uint64_t>(kind.most - kind.fewest + 1))));
    }
    TableColumn accuracy, latency, memory;
    accuracy.objective = {"accuracy", Direction::maximize, {}, {}};
    accuracy.values = draw(model.choices, rng, 1);
    accuracy.pairs = draw_pairs(model.choices, rng, kind.tables);
    accuracy.rest = -3;
    accuracy.response = {Response::Kind::affine, -0.1, 1, 1};
    if (kind.bent) {
        accuracy.response = {Response::Kind::ceiling_minus_exp, 1, 0, 0.95};
    }
    latency.objective = {"latency", Direction::minimize, {}, {}};
    latency.values = draw(model.choices, rng, 1);
    for (std::size_t b = 0; b < kind.blocks; ++b) {
        for (std::size_t i = 0; i < latency.values[b].size(); ++i) {
            double& l = latency.values[b][i];
            l = 0.5 * l + 1 - accuracy.values[b][i];
            l = kind.steps ? std::floor(4 * l) : l;
        }
    }
    if (kind.second_pairs) {
        latency.pairs = draw_pairs(model.choices, rng, false);
    }
    model.columns = {accuracy, latency};
    if (kind.objectives > 2) {
        memory.objective = {"peak", Direction::minimize, {}, {}};
        memory.values = draw(model.choices, rng, 1);
        memory.maximum = true;
        memory.rest = 0.2;
        model.columns.push_back(memory);
    }
    return model;
}

struct Certificate {
    SearchResult result;
    std::vector<Candidate> bound;
};

Certificate certify(const TableModel& model, double target, std::uint64_t work = 1'000'000'000) {
    const CertifiedOptions options{target, work, {}};
    certified::BranchAndBound search(model, options);
    SearchResult result = search.run();
    return {result, search.bound()};
}

/// Of a front. Genomes too where no two share their values.
std::vector<std::vector<double>> values(const std::vector<Candidate>& front, bool with_genomes) {
    std::vector<std::vector<double>> all;
    for (const Candidate& c : front) {
        all.push_back(c.values);
        if (with_genomes) {
            all.back().insert(all.back().end(), c.genome.begin(), c.genome.end());
        }
    }
    return all;
}

/// Every true front point is behind a bound point, every front point is a true one, and the gap is what
/// bound and front say.
void expect_valid(const TableModel& model, const Certificate& c, const std::vector<Candidate>& truth) {
    const auto objectives = model.objectives();
    for (const Candidate& t : truth) {
        const bool covered = std::ranges::any_of(c.bound, [&](const Candidate& b) {
            for (std::size_t k = 0; k < objectives.size(); ++k) {
                const double sign = objectives[k].direction == Direction::minimize ? 1 : -1;
                if (!objectives[k].bounds_only && sign * b.values[k] > sign * t.values[k]) {
                    return false;
                }
            }
            return true;
        });
        EXPECT_TRUE(covered) << testing::PrintToString(t.values);
    }
    for (const Candidate& f : c.result.front) {
        EXPECT_EQ(f.values, model.candidate(f.genome).values);
        EXPECT_TRUE(f.feasible());
    }
    std::vector<Candidate> both = c.result.front;
    both.insert(both.end(), c.bound.begin(), c.bound.end());
    const Scaling scaling = Scaling::of(both, objectives);
    const double reached = hypervolume(c.result.front, objectives, scaling),
                 possible = hypervolume(c.bound, objectives, scaling),
                 true_volume = hypervolume(truth, objectives, scaling);
    EXPECT_GE(possible, true_volume - 1e-12);
    EXPECT_GE(true_volume, reached - 1e-12);
    ASSERT_TRUE(c.result.gap.has_value());
    if (possible > 0) {
        EXPECT_NEAR(*c.result.gap, 1 - reached / possible, 1e-12);
    }
}

void expect_exact(const TableModel& model, bool with_genomes = true) {
    const auto truth = brute_force(model.problem());
    const Certificate c = certify(model, 0);
    EXPECT_EQ(*c.result.gap, 0);
    EXPECT_EQ(values(c.result.front, with_genomes), values(truth, with_genomes));
    expect_valid(model, c, truth);
}

TEST(CertifiedFront, RandomSpacesByBruteForce) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        Kind kind;
        kind.blocks = 2 + seed % 4;
        kind.most = kind.blocks == 5 ? 5 : 8;
        kind.bent = seed % 3 != 0;
        kind.tables = seed % 5 == 0;
        kind.steps = seed % 7 == 0;
        kind.second_pairs = seed % 11 == 0;
        const TableModel model = random_model(kind, seed);
        // Scores beyond the ceiling's all give accuracy 0: whose genome stands for them is not promised.
        expect_exact(model, !(kind.bent && kind.steps));
        expect_valid(model, certify(model, 0.02), brute_force(model.problem()));
        expect_valid(model, certify(model, 0, 1), brute_force(model.problem()));
    }
}

TEST(CertifiedFront, ThreeObjectivesWithAMaximum) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        const TableModel model = random_model({.blocks = 3, .most = 6, .objectives = 3}, seed);
        expect_exact(model);
        expect_valid(model, certify(model, 0.05), brute_force(model.problem()));
    }
}

TEST(CertifiedFront, OneObjective) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        TableModel model = random_model({.blocks = 4}, seed);
        model.columns.pop_back();
        expect_exact(model);
    }
}

/// Bounds that cut the space's values somewhere inside.
void bound_inside(TableModel& model, std::size_t column, bool low, bool high) {
    const auto [least, most] = model.columns[column].range();
    Objective& o = model.columns[column].objective;
    if (low) {
        o.low = least + 0.4 * (most - least);
    }
    if (high) {
        o.high = least + 0.65 * (most - least);
    }
}

TEST(CertifiedFront, BoundsOnEitherSideOfAnything) {
    for (std::uint64_t seed = 0; seed < 48; ++seed) {
        SCOPED_TRACE(seed);
        TableModel model =
            random_model({.blocks = 3, .most = 6, .objectives = 3, .second_pairs = seed % 3 == 0}, seed);
        for (std::size_t k = 0; k < 3; ++k) {
            bound_inside(model, k, (seed >> k) & 1, (seed >> (k + 1)) & 1);
        }
        model.columns[seed % 3].objective.bounds_only = seed % 4 != 0;
        expect_exact(model);
        expect_valid(model, certify(model, 0.05), brute_force(model.problem()));
        expect_valid(model, certify(model, 0, 1), brute_force(model.problem()));
    }
}

TEST(CertifiedFront, BoundsThatAreValuesOfGenomesAreMet) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        SCOPED_TRACE(seed);
        TableModel model = random_model({.blocks = 3, .most = 6, .steps = seed % 2 == 0}, seed);
        const auto front = brute_force(model.problem());
        const auto& values = front[front.size() / 2].values;
        model.columns[0].objective.low = values[0];
        model.columns[1].objective.high = model.columns[1].objective.low = values[1];
        expect_exact(model);
        ASSERT_FALSE(certify(model, 0).result.front.empty());
    }
}

TEST(CertifiedFront, ProvesThatBoundsCannotBeMet) {
    TableModel model = random_model({.blocks = 4}, 1);
    const auto truth = brute_force(model.problem());
    model.columns[0].objective.low = truth.back().values[0] + 1e-4;
    for (const Candidate& c : truth) {
        model.columns[0].objective.low = std::max(*model.columns[0].objective.low, c.values[0] + 1e-4);
    }
    const SearchResult none = certified_front(model);
    EXPECT_THAT(none.front, testing::IsEmpty());
    EXPECT_EQ(none.gap, 0);
    EXPECT_THAT(none.ended, testing::HasSubstr("no genome meets the bounds"));
    EXPECT_THAT(certify(model, 0).bound, testing::IsEmpty());
}

TEST(CertifiedFront, KnowsNothingWithoutTheWork) {
    TableModel model = random_model({.blocks = 7, .fewest = 8, .most = 8}, 1);
    const auto [low, high] = model.columns[1].range();
    model.columns[1].objective.low = (low + high) / 2;
    model.columns[1].objective.high = (low + high) / 2 + 1e-12;
    const SearchResult unknown = certified_front(model, {.work = 1});
    EXPECT_THAT(unknown.front, testing::IsEmpty());
    EXPECT_EQ(unknown.gap, 1);
    EXPECT_THAT(unknown.ended, testing::HasSubstr("nothing that meets the bounds was found"));
}

/// The scalars' products as tables.
TableModel as_tables(TableModel model) {
    PairTerms& pairs = model.columns[0].pairs;
    std::size_t pair = 0;
    for (std::size_t a = 0; a < model.choices.size(); ++a) {
        for (std::size_t b = a + 1; b < model.choices.size(); ++b, ++pair) {
            PairTerms::Table t{a, b, pairs.scalars[b].size(), {}};
            for (const double x : pairs.scalars[a]) {
                for (const double y : pairs.scalars[b]) {
                    t.values.push_back(pairs.weights[pair] * x * y);
                }
            }
            pairs.tables.push_back(t);
        }
    }
    pairs.scalars.clear();
    pairs.weights.clear();
    return model;
}

TEST(CertifiedFront, ScalarsAndTablesGiveTheSame) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        const TableModel scalars = random_model({.blocks = 4, .most = 12}, seed);
        const SearchResult a = certify(scalars, 0).result, b = certify(as_tables(scalars), 0).result;
        ASSERT_EQ(a.front.size(), b.front.size());
        for (std::size_t i = 0; i < a.front.size(); ++i) {
            EXPECT_EQ(a.front[i].genome, b.front[i].genome);
        }
        EXPECT_EQ(a.gap, 0);
        EXPECT_EQ(b.gap, 0);
    }
}

TEST(CertifiedFront, AdditiveModels) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        SCOPED_TRACE(seed);
        TableModel model =
            random_model({.blocks = 4, .objectives = 2 + seed % 2, .steps = seed % 3 == 0}, seed);
        model.columns[0].pairs = {};
        model.columns[0].response = {};
        model.columns[0].objective.direction = Direction::minimize;
        expect_exact(model);
        const SearchResult passed_on = certified_front(model);
        EXPECT_EQ(passed_on.gap, 0);
        EXPECT_EQ(values(passed_on.front, true), values(brute_force(model.problem()), true));
    }
}

TEST(CertifiedFront, BlocksWithOneChoice) {
    TableModel model = random_model({.blocks = 4, .fewest = 1, .most = 1}, 3);
    expect_exact(model);
    EXPECT_EQ(certified_front(model).front.size(), 1u);
    expect_exact(random_model({.blocks = 1, .most = 8}, 3));
    model = random_model({.blocks = 5, .fewest = 1, .most = 2}, 4);
    expect_exact(model);
}

TEST(CertifiedFront, TheSameEveryTimeAndToldOfOrNot) {
    const TableModel model = random_model({.blocks = 5, .fewest = 60, .most = 60}, 5);
    std::vector<double> gaps;
    CertifiedOptions options{.target_gap = 1e-3, .work = 20'000'000};
    const SearchResult quiet = certified_front(model, options);
    options.progress = [&](double gap, std::uint64_t) { gaps.push_back(gap); };
    const SearchResult told = certified_front(model, options);
    EXPECT_EQ(values(quiet.front, true), values(told.front, true));
    EXPECT_EQ(quiet.gap, told.gap);
    EXPECT_EQ(quiet.ended, told.ended);
    EXPECT_LE(*quiet.gap, 1e-3);
    ASSERT_FALSE(gaps.empty());
}

TEST(CertifiedFront, MoreWorkASmallerGap) {
    const TableModel model = random_model({.blocks = 6, .fewest = 40, .most = 40}, 6);
    const SearchResult little = certified_front(model, {.target_gap = 1e-4, .work = 300'000});
    std::uint64_t done = 0;
    const SearchResult much = certified_front(
        model, {.target_gap = 1e-4, .work = 3'000'000, .progress = [&](double, std::uint64_t work) {
                    done = work;
                }});
    EXPECT_GT(*little.gap, *much.gap);
    EXPECT_LT(done, 2 * 3'000'000u); // a box more than was allowed
}

TEST(CertifiedFront, RefusesWhatIsNoModel) {
    EXPECT_THROW(certified_front({}), std::invalid_argument);
    TableModel model = random_model({}, 1);
    model.columns[0].values[0][0] = model.columns[0].values[1][0] = 1e308;
    EXPECT_THROW(certified_front(model), std::invalid_argument);
}

/// Scalars of one block that dwarf all others', scalars that do not vary, weights of 0.
TEST(CertifiedFront, PairsOfAllSizes) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        TableModel model = random_model({.blocks = 4, .most = 6, .bent = false}, seed);
        PairTerms& pairs = model.columns[0].pairs;
        for (double& x : pairs.scalars[seed % 4]) {
            x *= seed % 2 == 0 ? 1e6 : 1e-9;
        }
        std::ranges::fill(pairs.scalars[(seed + 1) % 4], seed % 3 == 0 ? 1.0 : 0.0);
        pairs.weights[seed % 6] = 0;
        expect_exact(model);
    }
}

TEST(Curvature, MakesAMatrixSemidefiniteWithLess) {
    // All off-diagonal elements 1: the least diagonal is 1 everywhere. All -1: 3, as diagonal dominance has it.
    for (const double sign : {1.0, -1.0}) {
        std::vector<double> matrix(16, sign);
        for (std::size_t a = 0; a < 4; ++a) {
            matrix[5 * a] = 0;
        }
        certified::Curvature curvature(4);
        const std::vector<double>& q = curvature.of(matrix);
        const double sum = std::accumulate(q.begin(), q.end(), 0.0);
        EXPECT_GE(sum, sign > 0 ? 4 : 12);
        EXPECT_LE(sum, sign > 0 ? 4.2 : 12.6);
    }
    certified::Curvature none(2);
    EXPECT_THAT(none.of({0, 0, 0, 0}), testing::Each(0));
}

} // namespace
} // namespace tessera::nas
