#include "nas/objective_tables.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"

namespace tessera::nas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

search_spaces::SearchSpace space() {
    return search_spaces::SearchSpace::read(support::Document::parse(R"(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 8}
  blocks:
    - {name: b1, channels: 8, choices: [conv: {depth: [1, 2]}, identity: {}]}
    - {name: b2, channels: 8, choices: [conv: {depth: [1, 2]}]}
)")
                                                .root()
                                                .section("space", ""));
}

/// 0.5 + 0.25 + (1, 2 or none for identity) + (3, 4).
latency::LatencyTable table_without_identity() {
    const auto timing = [](double ms) { return latency::Timing::of({ms}); };
    latency::LatencyTable table;
    table.context.device = "phone";
    table.stem = timing(0.5);
    table.head = timing(0.25);
    table.add("b1", "conv(depth=1,kernel=3,width=1)", timing(1));
    table.add("b1", "conv(depth=2,kernel=3,width=1)", timing(2));
    table.add("b2", "conv(depth=1,kernel=3,width=1)", timing(3));
    table.add("b2", "conv(depth=2,kernel=3,width=1)", timing(4));
    return table;
}

TEST(ObjectiveTables, ALatencyTableIsAnObjectiveOfItsDevice) {
    const auto s = space();
    ObjectiveTables tables(s);
    EXPECT_FALSE(tables.has("latency_phone_ms"));
    tables.add(table_without_identity(), s, latency::Missing::exclude);
    EXPECT_TRUE(tables.has("latency_phone_ms"));
    EXPECT_DOUBLE_EQ(tables.value("latency_phone_ms", std::vector<int>{1, 0}), 5.75);
}

TEST(ObjectiveTables, AMissingRowIsNamed) {
    const auto s = space();
    ObjectiveTables tables(s);
    EXPECT_THAT([&] { tables.add(table_without_identity(), s); },
                ThrowsMessage<support::RunError>(
                    HasSubstr("latency table of phone: no row for block b1 and choice identity")));
}

TEST(ObjectiveTables, ExcludedChoicesAreNeitherSearchedNorReached) {
    const auto s = space();
    ObjectiveTables tables(s);
    tables.add(table_without_identity(), s, latency::Missing::exclude);
    EXPECT_THAT(tables.usable_choices(), ElementsAre(ElementsAre(0, 1), ElementsAre(0, 1)));
    EXPECT_TRUE(tables.usable(std::vector<int>{1, 1}));
    EXPECT_FALSE(tables.usable(std::vector<int>{2, 0}));
    const auto [low, high] = tables.column("latency_phone_ms").range();
    EXPECT_DOUBLE_EQ(low, 4.75);
    EXPECT_DOUBLE_EQ(high, 6.75);
    const std::vector<Objective> objectives = {{"latency_phone_ms", Direction::minimize, {}, {}}};
    const TableModel model = tables.model(objectives);
    EXPECT_THAT(model.choices, ElementsAre(2, 2));
    const std::vector<Objective> below = {{"latency_phone_ms", Direction::minimize, {}, 4.0}};
    EXPECT_THROW(tables.check_reachable(below), support::InfeasibleError);
}

} // namespace
} // namespace tessera::nas
