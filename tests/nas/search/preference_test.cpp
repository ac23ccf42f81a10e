#include "nas/search/preference.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "nas/search/exact.h"
#include "nas/search/strategy.h"
#include "table_models.h"

namespace tessera::nas {
namespace {

/// Loss and latency of one block of five choices, and a block without a choice.
TableModel small() {
    TableModel model;
    model.choices = {5, 1};
    TableColumn loss, latency;
    loss.objective = {"loss", Direction::minimize, {}, {}};
    loss.values = {{1, 2, 2, 3, 3}, {1}};
    latency.objective = {"latency", Direction::minimize, {}, {}};
    latency.values = {{4, 3, 3, 3.5, 9}, {1}};
    model.columns = {loss, latency};
    return model;
}

TEST(Preference, FallsWithTheRankOfNonDominationWithinTheBlock) {
    // Choices 1 and 2 are the same; 3 is dominated by them alone; 4 by 3 as well.
    EXPECT_EQ(preference_of(small()), (std::vector<std::vector<double>>{{1, 1, 1, 0.25, 1.0 / 9}, {1}}));
}

TEST(Preference, FollowsDirectionsAndResponses) {
    TableModel model = small();
    model.columns[0].objective.direction = Direction::maximize; // of minus the total: the same as before
    model.columns[0].response.scale = -1;
    EXPECT_EQ(preference_of(model)[0], (std::vector<double>{1, 1, 1, 0.25, 1.0 / 9}));
    model.columns[0].response.scale = 1; // now large totals are sought
    EXPECT_EQ(preference_of(model)[0], (std::vector<double>{0.25, 1, 1, 1, 0.25}));
}

TEST(Preference, CountsBoundedColumnsOnTheSidesThatAreBounded) {
    TableModel model = small();
    TableColumn watts;
    watts.objective = {"watts", Direction::minimize, {}, {}, true};
    watts.values = {{1, 1, 1, 0, 2}, {1}};
    model.columns.push_back(watts); // without a bound it counts for nothing
    EXPECT_EQ(preference_of(model)[0], (std::vector<double>{1, 1, 1, 0.25, 1.0 / 9}));
    model.columns[2].objective.high = 5;
    EXPECT_EQ(preference_of(model)[0], (std::vector<double>{1, 1, 1, 1, 0.25}));
    model.columns[2].objective.low = 1; // both sides: nothing is better than anything else
    EXPECT_EQ(preference_of(model)[0], (std::vector<double>{1, 1, 1, 1, 1}));
}

TEST(Preference, RefusesWhatIsNoModel) { EXPECT_THROW(preference_of({}), std::invalid_argument); }

StrategyOptions evolution(SteeredBy steering, std::int64_t generations) {
    StrategyOptions options;
    options.strategy = Strategy::nsga2;
    options.search.generations = generations;
    options.search.steering = steering;
    return options;
}

TEST(Preference, SteersTheSearchOfATableUnlessItIsToLearnAlone) {
    const TableModel model = additive_model(Tables::random(5, 384, 384, Shape::independent, false, 1), 2);
    const auto front = exact_front(model).front;
    const Scaling scaling = Scaling::of(front, model.objectives());
    const auto share = [&](SteeredBy steering) {
        double sum = 0;
        for (const std::uint64_t seed : {1u, 2u, 3u}) {
            const auto found = solve(model, evolution(steering, 10), seed).front;
            sum += hypervolume(found, model.objectives(), scaling) / 3;
        }
        return sum / hypervolume(front, model.objectives(), scaling);
    };
    // A thousand evaluations for 1 920 choices: knowing what is good pays.
    EXPECT_GT(share(SteeredBy::both), 0.998);
    EXPECT_LT(share(SteeredBy::learned), 0.98);
    EXPECT_GT(share(SteeredBy::preference), 0.95);
    EXPECT_LT(share(SteeredBy::preference), 0.98); // no model
}

TEST(Preference, OfOtherColumnsTakesThePlaceOfTheTables) {
    const TableModel model = additive_model(Tables::random(4, 20, 20, Shape::trade_off, true, 4), 2);
    StrategyOptions options = evolution(SteeredBy::preference, 3);
    options.search.population = 40;
    const auto met = [&] { // how often the fourth choice of the first block is evaluated
        const auto evaluated = solve(model, options, 1).evaluated;
        return std::ranges::count_if(evaluated, [](const Candidate& c) { return c.genome[0] == 3; });
    };
    const auto own = met();
    options.preference.assign(4, std::vector<double>(20, 0.0));
    options.preference[0][3] = 1;
    EXPECT_GT(met(), own + 10);
    options.search.steering = SteeredBy::learned;
    const auto without = met();
    options.preference.clear();
    EXPECT_EQ(met(), without);
}

TEST(Preference, IsNotLookedAtWhereTheSearchIsToLearnAlone) {
    const Tables tables = Tables::random(4, 20, 20, Shape::trade_off, true, 4);
    const Problem plain = tables.problem();
    Problem steered = plain;
    steered.preference.assign(4, std::vector<double>(20, 0.0));
    for (auto& weights : steered.preference) {
        weights[3] = 1;
    }
    const auto genomes = [](const Problem& problem, SteeredBy steering) {
        SearchOptions options{20, 10, 0.9, 0};
        options.steering = steering;
        std::vector<std::vector<int>> all;
        for (const Candidate& c : nsga2(problem, options, 1).evaluated) {
            all.push_back(c.genome);
        }
        return all;
    };
    EXPECT_EQ(genomes(steered, SteeredBy::learned), genomes(plain, SteeredBy::learned));
    EXPECT_EQ(genomes(plain, SteeredBy::both), genomes(plain, SteeredBy::learned));
    EXPECT_NE(genomes(steered, SteeredBy::both), genomes(plain, SteeredBy::both));
    // Mutation alone: the preferred choice is met far oftener than a twentieth of the time.
    const auto preferred = genomes(steered, SteeredBy::preference);
    EXPECT_GT(std::ranges::count_if(preferred, [](const auto& g) { return g[0] == 3; }), 30);
}

} // namespace
} // namespace tessera::nas
