#include "nas/search/strategy.h"

#include <gtest/gtest.h>

#include "support/config.h"
#include "support/error.h"
#include "table_models.h"

namespace tessera::nas {
namespace {

/// Products of pairs of blocks: too much to certify in a few steps.
TableModel products() {
    TableModel model = additive_model(Tables::random(6, 30, 30, Shape::trade_off, false, 1), 2);
    for (const auto& loss : model.columns[0].values) {
        model.columns[0].pairs.scalars.push_back(loss);
    }
    model.columns[0].pairs.weights.assign(15, 0.7);
    return model;
}

StrategyOptions read(const std::string& text) {
    auto root = support::Document::parse(text, "c.yaml").root();
    StrategyOptions options;
    options.read(root);
    root.finish();
    return options;
}

TEST(StrategyOptionsTest, AreReadWithTheirRanges) {
    EXPECT_EQ(read("{}").steps, 500'000'000);
    EXPECT_EQ(read("steps: 2000\ngap: 0\n").steps, 2000);
    EXPECT_EQ(read("strategy: cem\n").strategy, Strategy::cross_entropy);
    for (const std::string text : {"steps: 0\n", "steps: 1.5\n", "gap: 2\n", "strategy: best\n"}) {
        EXPECT_THROW(read(text), support::UsageError) << text;
    }
}

TEST(Solve, StopsAfterTheSteps) {
    StrategyOptions options = read("gap: 0\nsteps: 1000000\n");
    std::uint64_t told = 0;
    options.progress = [&](double, std::uint64_t work) { told = work; };
    const SearchResult little = solve(products(), options, 1);
    EXPECT_GE(told, 1'000'000U);
    EXPECT_LT(told, 20'000'000U); // a box more than was allowed
    options.steps = 50'000'000;
    const SearchResult much = solve(products(), options, 1);
    EXPECT_GT(*little.gap, *much.gap);
}

} // namespace
} // namespace tessera::nas
