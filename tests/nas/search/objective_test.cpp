#include "nas/search/objective.h"

#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "nas/search/objective_json.h"
#include "support/error.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<std::string> known = {"accuracy", "macs", "parameters", "peak_memory_bytes",
                                        "latency_cpu_ms"};

std::vector<Objective> read(const std::string& list) {
    auto root = support::Document::parse("objectives:\n" + list, "search.yaml").root();
    return Objective::read_list(root.list("objectives", "What is sought."), known);
}

TEST(ObjectiveList, ReadsNamesDirectionsAndBounds) {
    const auto objectives = read("  - {name: accuracy, direction: maximize, min: 0.7}\n"
                                 "  - {name: latency_cpu_ms, direction: minimize, min: 1, max: 2.5}\n"
                                 "  - {name: macs, direction: minimize}\n");
    ASSERT_EQ(objectives.size(), 3u);
    EXPECT_EQ(objectives[0].name, "accuracy");
    EXPECT_EQ(objectives[0].direction, Direction::maximize);
    EXPECT_EQ(objectives[0].low, 0.7);
    EXPECT_FALSE(objectives[0].high.has_value());
    EXPECT_EQ(objectives[1].direction, Direction::minimize);
    EXPECT_EQ(objectives[1].low, 1);
    EXPECT_EQ(objectives[1].high, 2.5);
    EXPECT_FALSE(objectives[2].low || objectives[2].high);
}

TEST(ObjectiveList, RefusesMistakesWhereTheyStand) {
    const auto refuse = [](const std::string& list, const std::string& where, const std::string& why) {
        EXPECT_THAT([&] { read(list); },
                    ThrowsMessage<support::UsageError>(AllOf(HasSubstr(where), HasSubstr(why))))
            << list;
    };
    refuse("  - {name: acuracy, direction: maximize}\n", "search.yaml:2:", "did you mean 'accuracy'?");
    refuse("  - {name: zzzzzzzzzzzz, direction: maximize}\n", "search.yaml:2:", "zzzzzzzzzzzz");
    refuse("  - {name: accuracy}\n", "search.yaml:2:", "direction");
    refuse("  - {direction: maximize}\n", "search.yaml:2:", "name");
    refuse("  - {name: accuracy, direction: up}\n", "search.yaml:2:", "direction");
    refuse("  - {name: accuracy, direction: maximize, min: 0.9, max: 0.2}\n",
           "search.yaml:2:", "min 0.9 is above max 0.2");
    refuse("  - {name: accuracy, direction: maximize, min: high}\n", "search.yaml:2:", "min");
    refuse("  - {name: accuracy, direction: maximize}\n  - {name: accuracy, direction: minimize}\n",
           "search.yaml:3:", "twice");
    refuse("  - {name: accuracy, direction: maximize, maximum: 3}\n", "search.yaml:2:", "maximum");
    refuse("  - {name: accuracy, direction: maximize}\n  - {name: macs, direction: minimize, bounds_only: "
           "true}\n",
           "search.yaml:3:", "objective 'macs' has no bounds");
    refuse("  - {name: macs, direction: minimize, max: 3, bounds_only: true}\n",
           "search.yaml:2:", "one has to be sought");
}

TEST(ObjectiveList, TakesLatenciesOfAnyDeviceWhereThatIsAsked) {
    const auto of = [](const std::string& name) {
        auto root =
            support::Document::parse("objectives: [{name: " + name + ", direction: minimize}]").root();
        return Objective::read_list(root.list("objectives", ""), {"macs", std::string(any_latency)});
    };
    EXPECT_EQ(of("latency_pixel-7_ms").at(0).name, "latency_pixel-7_ms");
    EXPECT_EQ(of("macs").at(0).name, "macs");
    EXPECT_THROW(of("latency_pixel-7_us"), support::UsageError);
    EXPECT_THROW(of("accuracy"), support::UsageError);
}

TEST(Objective, ViolationIsRelativeToTheBound) {
    const Objective o{"latency_cpu_ms", Direction::minimize, 2.0, 8.0};
    EXPECT_EQ(o.violation(2), 0);
    EXPECT_EQ(o.violation(5), 0);
    EXPECT_EQ(o.violation(8), 0);
    EXPECT_DOUBLE_EQ(o.violation(1), 0.5);
    EXPECT_DOUBLE_EQ(o.violation(12), 0.5);
    const Objective zero{"x", Direction::minimize, {}, 0.0};
    EXPECT_DOUBLE_EQ(zero.violation(3), 3);
    const Objective negative{"x", Direction::maximize, -4.0, {}};
    EXPECT_DOUBLE_EQ(negative.violation(-6), 0.5);
    EXPECT_EQ(Objective{}.violation(1e300), 0);
    EXPECT_EQ((Objective{"x", Direction::minimize, {}, 0.3}.violation(0.1 + 0.2)),
              0); // above 0.3 by rounding
    EXPECT_EQ((Objective{"x", Direction::minimize, 0.7, {}}.violation(0.8 - 0.1)),
              0); // below 0.7 by rounding
    EXPECT_GT((Objective{"x", Direction::minimize, {}, 0.3}.violation(0.3 + 1e-11)), 0);
}

TEST(Dominance, KnownCases) {
    const std::vector<Objective> o = {{"accuracy", Direction::maximize, {}, {}},
                                      {"macs", Direction::minimize, {}, {}}};
    const auto c = [](double accuracy, double macs, double violation = 0) {
        return Candidate{{}, {accuracy, macs}, violation};
    };
    EXPECT_TRUE(dominates(c(0.8, 5), c(0.7, 6), o));
    EXPECT_TRUE(dominates(c(0.8, 5), c(0.8, 6), o));
    EXPECT_FALSE(dominates(c(0.8, 5), c(0.8, 5), o));
    EXPECT_FALSE(dominates(c(0.8, 5), c(0.7, 4), o));
    EXPECT_TRUE(dominates(c(0.1, 9), c(0.9, 1, 0.1), o)); // feasible before infeasible
    EXPECT_TRUE(dominates(c(0.1, 9, 0.1), c(0.9, 1, 0.2), o));
    EXPECT_TRUE(dominates(c(0.9, 1, 0.2), c(0.1, 9, 0.2), o));
    EXPECT_FALSE(dominates(c(std::nan(""), 1), c(0.1, 9), o));
}

TEST(Dominance, IgnoresWhatOnlyBounds) {
    const std::vector<Objective> objectives = {{"macs", Direction::minimize, {}, 9.0, true},
                                               {"error", Direction::minimize, {}, {}}};
    const Candidate a{{}, {5, 1}, 0}, b{{}, {1, 2}, 0}, c{{}, {1, 1}, 0};
    EXPECT_TRUE(dominates(a, b, objectives));
    EXPECT_FALSE(dominates(b, a, objectives));
    EXPECT_FALSE(dominates(c, a, objectives)); // equal in what is sought
}

TEST(Dominance, IsAStrictPartialOrder) {
    support::Rng rng(2);
    const std::vector<Objective> o = {{"a", Direction::maximize, {}, {}},
                                      {"b", Direction::minimize, {}, {}},
                                      {"c", Direction::minimize, {}, {}}};
    const auto random = [&] {
        Candidate c;
        for (int k = 0; k < 3; ++k) {
            c.values.push_back(static_cast<double>(rng.below(3)));
        }
        c.violation = static_cast<double>(rng.below(3)) / 2;
        return c;
    };
    for (int repeat = 0; repeat < 3000; ++repeat) {
        const Candidate a = random(), b = random(), c = random();
        EXPECT_FALSE(dominates(a, a, o));
        if (dominates(a, b, o)) {
            EXPECT_FALSE(dominates(b, a, o));
            if (dominates(b, c, o)) {
                EXPECT_TRUE(dominates(a, c, o));
            }
        }
    }
}

TEST(ObjectiveJson, ComesBackAsItWas) {
    const Objective all{"ms", Direction::minimize, 0.1, 1e300, true},
        least{"accuracy", Direction::maximize, {}, {}};
    EXPECT_EQ(objective_json(all).dump(),
              R"({"name":"ms","direction":"minimize","min":0.1,"max":1e+300,"bounds_only":true})");
    EXPECT_EQ(objective_json(least).dump(), R"({"name":"accuracy","direction":"maximize"})");
    for (const Objective& o : {all, least}) {
        const Objective back = objective_from(objective_json(o));
        EXPECT_EQ(back.name, o.name);
        EXPECT_EQ(back.direction, o.direction);
        EXPECT_EQ(back.low, o.low);
        EXPECT_EQ(back.high, o.high);
        EXPECT_EQ(back.bounds_only, o.bounds_only);
    }
    EXPECT_THROW(objective_from({{"name", "ms"}, {"direction", "up"}}), std::invalid_argument);
    for (const nlohmann::json& bad :
         {nlohmann::json{{"direction", "minimize"}}, nlohmann::json{{"name", "ms"}},
          nlohmann::json{{"name", "ms"}, {"direction", "minimize"}, {"max", "5"}}}) {
        EXPECT_THROW(objective_from(bad), nlohmann::json::exception);
    }
}

} // namespace
} // namespace tessera::nas
