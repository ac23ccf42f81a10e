#include "nas/search/table_model.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"

namespace tessera::nas {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

constexpr double infinite = std::numeric_limits<double>::infinity();

/// error: 1 + {1, 2} + {3, 5} with pairs; peak: the maximum of 2, {1, 4}, {3, 0}.
TableModel two_blocks() {
    TableModel model;
    model.choices = {2, 2};
    TableColumn error;
    error.objective = {"error", Direction::minimize, {}, {}};
    error.rest = 1;
    error.values = {{1, 2}, {3, 5}};
    error.pairs.scalars = {{1, 2}, {-1, 3}};
    error.pairs.weights = {10};
    error.pairs.tables = {{0, 1, 2, {0.5, 0, 0, 0.25}}};
    TableColumn peak;
    peak.objective = {"peak", Direction::minimize, {}, {}};
    peak.maximum = true;
    peak.rest = 2;
    peak.values = {{1, 4}, {3, 0}};
    model.columns = {error, peak};
    return model;
}

TEST(TableModel, SumsMaximaAndPairs) {
    const TableModel model = two_blocks();
    EXPECT_NO_THROW(model.check());
    EXPECT_DOUBLE_EQ(model.candidate({0, 0}).values[0], 1 + 1 + 3 - 10 + 0.5);
    EXPECT_DOUBLE_EQ(model.candidate({1, 1}).values[0], 1 + 2 + 5 + 60 + 0.25);
    EXPECT_DOUBLE_EQ(model.candidate({0, 0}).values[1], 3);
    EXPECT_DOUBLE_EQ(model.candidate({1, 1}).values[1], 4);
    EXPECT_DOUBLE_EQ(model.candidate({0, 1}).values[1], 2);
    EXPECT_FALSE(model.additive());
    EXPECT_EQ(model.size(), 4);
    std::vector<double> values(2);
    const Problem problem = model.problem();
    problem.evaluate(std::vector<int>{1, 0}, values);
    EXPECT_EQ(values, model.candidate({1, 0}).values);
}

TEST(TableModel, RangesHoldEveryTotal) {
    const TableModel model = two_blocks();
    const auto [low, high] = model.columns[0].total_range();
    for (int i = 0; i < 4; ++i) {
        const double total = model.columns[0].total(std::vector<int>{i / 2, i % 2});
        EXPECT_LE(low, total);
        EXPECT_GE(high, total);
    }
    EXPECT_THAT(model.columns[1].range(), Pair(2, 4)); // exact without pairs
}

TEST(TableModel, AResponseAndItsInverse) {
    const Response affine{Response::Kind::affine, -2, 3, 1};
    EXPECT_FALSE(affine.rises());
    EXPECT_DOUBLE_EQ(affine(5), -7);
    EXPECT_DOUBLE_EQ(affine.total_of(-7), 5);
    const Response accuracy{Response::Kind::ceiling_minus_exp, 1, 0, 0.9};
    EXPECT_FALSE(accuracy.rises());
    EXPECT_DOUBLE_EQ(accuracy(std::log(0.2)), 0.7);
    EXPECT_NEAR(accuracy.total_of(0.7), std::log(0.2), 1e-15);
    EXPECT_EQ(accuracy(100), 0);
    EXPECT_EQ(accuracy.total_of(0), infinite);     // every total gives at least 0
    EXPECT_EQ(accuracy.total_of(0.95), -infinite); // none gives that much
    EXPECT_DOUBLE_EQ((Response{Response::Kind::ceiling_minus_exp, 1, 0, 1.5}.total_of(1)), std::log(0.5));
}

TEST(TableModel, BoundsOfValuesAreBoundsOfTotals) {
    TableColumn column;
    column.objective = {"accuracy", Direction::maximize, 0.5, {}};
    column.response = {Response::Kind::ceiling_minus_exp, 1, 0, 0.9};
    const auto [low, high] = column.total_bounds();
    EXPECT_EQ(low, -infinite);
    EXPECT_DOUBLE_EQ(high, std::log(0.4));
    EXPECT_EQ(column.sign(), 1); // the smaller the score the better
    column.objective = {"speed", Direction::maximize, 1, 2};
    column.response = {Response::Kind::affine, 2, 0, 1};
    EXPECT_THAT(column.total_bounds(), Pair(0.5, 1));
    EXPECT_EQ(column.sign(), -1);
}

TEST(TableModel, BoundsOutOfReachAreSaidWithWhatIsReached) {
    TableModel model = two_blocks();
    model.columns[1].objective.high = 1;
    EXPECT_THAT([&] { model.check_reachable(); },
                ThrowsMessage<support::InfeasibleError>(HasSubstr("peak <= 1: peak reaches 2 to 4")));
    model.columns[1].objective.high = 2;
    EXPECT_NO_THROW(model.check_reachable());
}

TEST(TableModel, WhatIsNoModelIsRefused) {
    const auto refused = [](auto change) {
        TableModel model = two_blocks();
        change(model);
        EXPECT_THROW(model.check(), std::invalid_argument);
    };
    refused([](TableModel& m) { m.choices = {}; });
    refused([](TableModel& m) { m.choices[0] = 0; });
    refused([](TableModel& m) { m.choices[0] = 3; });
    refused([](TableModel& m) { m.columns[0].values[0][0] = std::nan(""); });
    refused([](TableModel& m) { m.columns[0].rest = infinite; });
    refused([](TableModel& m) { m.columns[0].values = {{1e308, 0}, {1e308, 0}}; }); // sums overflow
    refused([](TableModel& m) { m.columns[0].pairs.weights = {}; });
    refused([](TableModel& m) { m.columns[0].pairs.tables[0].values.pop_back(); });
    refused([](TableModel& m) { m.columns[0].pairs.tables[0].b = 2; });
    refused([](TableModel& m) { m.columns[0].maximum = true; });
    refused([](TableModel& m) { m.columns[0].response.scale = 0; });
    refused([](TableModel& m) {
        m.columns[0].objective.bounds_only = true;
        m.columns[1].objective.bounds_only = true;
    });
}

} // namespace
} // namespace tessera::nas
