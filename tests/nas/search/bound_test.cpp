#include "nas/search/bound.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"

namespace tessera::nas {
namespace {

using support::UsageError;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Bound, FormsThatPeopleWrite) {
    const Bound most = parse_bound("latency<=5");
    EXPECT_EQ(most.name, "latency");
    EXPECT_EQ(most.high, 5);
    EXPECT_FALSE(most.low);
    const Bound least = parse_bound("  accuracy >= 0.7 ");
    EXPECT_EQ(least.name, "accuracy");
    EXPECT_EQ(least.low, 0.7);
    EXPECT_FALSE(least.high);
    const Bound both = parse_bound("1.5 <= latency_cpu_ms <= 2e1");
    EXPECT_EQ(both.name, "latency_cpu_ms");
    EXPECT_EQ(both.low, 1.5);
    EXPECT_EQ(both.high, 20);
    EXPECT_EQ(parse_bound("3<=macs").low, 3);
    EXPECT_EQ(parse_limit("macs=1e9", true).high, 1e9);
    EXPECT_EQ(parse_limit("macs=-2", false).low, -2);
}

TEST(Bound, WhatIsNoBoundIsRefused) {
    for (const char* text : {"", "latency", "latency<5", "latency<=", "<=5", "latency<=five", "latency<=inf",
                             "1<=latency<=", "latency<=5 ms", "latency=5", "1<=<=2"}) {
        EXPECT_THAT([&] { parse_bound(text); },
                    ThrowsMessage<UsageError>(HasSubstr("is no bound; use NAME<=VALUE")))
            << text;
    }
    EXPECT_THAT([] { parse_limit("latency", true); },
                ThrowsMessage<UsageError>("--max latency: expected NAME=VALUE"));
    EXPECT_THROW(parse_limit("=5", false), UsageError);
}

TEST(Bound, ReplacesTheSideThatItNames) {
    std::vector<Objective> objectives = {{"accuracy", Direction::maximize, 0.5, {}}};
    apply(parse_bound("accuracy>=0.7"), objectives, {});
    apply(parse_bound("accuracy<=0.9"), objectives, {});
    ASSERT_EQ(objectives.size(), 1U);
    EXPECT_EQ(objectives[0].low, 0.7);
    EXPECT_EQ(objectives[0].high, 0.9);
    EXPECT_FALSE(objectives[0].bounds_only);
    EXPECT_THAT([&] { apply(parse_bound("accuracy>=0.95"), objectives, {}); },
                ThrowsMessage<UsageError>(HasSubstr("0.95 to 0.9 holds nothing")));
}

TEST(Bound, OfSomethingNotSoughtOnlyBounds) {
    std::vector<Objective> objectives = {{"accuracy", Direction::maximize, {}, {}}};
    apply(parse_bound("macs<=3"), objectives, {"accuracy", "macs"});
    ASSERT_EQ(objectives.size(), 2U);
    EXPECT_TRUE(objectives[1].bounds_only);
    EXPECT_THAT(
        [&] {
            apply(parse_bound("mac<=3"), objectives, {"accuracy", "macs"});
        },
        ThrowsMessage<UsageError>(HasSubstr("did you mean 'macs'?")));
}

TEST(Bound, OfEachSideOnce) {
    const auto check = [](const std::vector<std::string>& texts) {
        std::vector<Bound> bounds;
        for (const std::string& text : texts) {
            bounds.push_back(parse_bound(text));
        }
        require_each_side_once(bounds);
    };
    EXPECT_NO_THROW(check({"ms<=5", "ms>=1", "macs<=5"}));
    EXPECT_THAT(
        [&] {
            check({"ms<=5", "macs<=1", "ms<=4"});
        },
        ThrowsMessage<UsageError>(HasSubstr("bounds of ms: two upper ones, 5 and 4")));
    EXPECT_THAT(
        [&] {
            check({"ms>=1", "0<=ms<=4"});
        },
        ThrowsMessage<UsageError>(HasSubstr("bounds of ms: two lower ones, 1 and 0")));
}

TEST(Bound, WhatWasReachedIsSaid) {
    const std::vector<Objective> objectives = {{"error", Direction::minimize, {}, {}},
                                               {"ms", Direction::minimize, {}, 1.0},
                                               {"alarms", Direction::minimize, 0.5, {}, true}};
    const std::vector<Candidate> evaluated = {{{0}, {1, 2.5, std::nan("")}, 1},
                                              {{1}, {2, 7.25, std::nan("")}, 1}};
    EXPECT_EQ(reached_text(evaluated, objectives),
              "ms reached 2.5 to 7.25, alarms never was a finite number");
}

} // namespace
} // namespace tessera::nas
