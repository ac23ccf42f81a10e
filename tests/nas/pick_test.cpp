#include "nas/pick.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"

namespace tessera::nas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Pick : public testing::Test {
protected:
    std::vector<std::size_t> operator()(const std::string& expression) const {
        return pick(expression, front, objectives, ids);
    }
    void refuse(const std::string& expression, const std::string& why) const {
        EXPECT_THAT([&] { (*this)(expression); }, ThrowsMessage<support::UsageError>(HasSubstr(why)))
            << expression;
    }
    const std::vector<Objective> objectives = {{"accuracy", Direction::maximize, {}, {}},
                                               {"latency_cpu_ms", Direction::minimize, {}, {}}};
    const std::vector<Candidate> front = {{{0}, {0.50, 1}, 0},
                                          {{1}, {0.70, 2}, 0},
                                          {{2}, {0.80, 3}, 0},
                                          {{3}, {0.84, 6}, 0},
                                          {{4}, {0.90, 11}, 0}};
    const std::vector<std::string> ids = {"aaaa1111", "aaaa2222", "bbbb3333", "cccc", "cccc4444"};
};

TEST_F(Pick, TheKnee) {
    // Scaled (1, 0), (0.5, 0.1), (0.25, 0.2), (0.15, 0.5), (0, 1): the third has the smallest sum.
    EXPECT_THAT((*this)("knee"), ElementsAre(2));
    EXPECT_THAT((*this)("  knee "), ElementsAre(2));
    const std::vector<Objective> three = {
        objectives[0], objectives[1], {"macs", Direction::minimize, {}, {}}};
    const std::vector<Candidate> space = {{{}, {1, 0, 10}, 0}, {{}, {0.9, 1, 1}, 0}, {{}, {0, 10, 0}, 0}};
    EXPECT_THAT(pick("knee", space, three, {}), ElementsAre(1));
    EXPECT_THAT(pick("knee", std::span(front).first(1), objectives, ids), ElementsAre(0));
}

TEST_F(Pick, WhatOnlyBoundsIsNotTradedOff) {
    const std::vector<Objective> bounded = {
        {"macs", Direction::minimize, {}, 99.0, true}, objectives[0], objectives[1]};
    std::vector<Candidate> wider = front;
    for (std::size_t i = 0; i < wider.size(); ++i) {
        wider[i].values.insert(wider[i].values.begin(), i == 2 ? 90 : 10);
    }
    EXPECT_THAT(pick("knee", wider, bounded, ids), ElementsAre(2));
    EXPECT_THAT(pick("spread:2", wider, bounded, ids), ElementsAre(0, 4));
    EXPECT_THAT(pick("latency_cpu_ms<=6", wider, bounded, ids),
                ElementsAre(3)); // the most accurate, not the least MACs
    EXPECT_THAT(pick("macs<=50", wider, bounded, ids), ElementsAre(4));
}

TEST_F(Pick, AllAndSpread) {
    EXPECT_THAT((*this)("all"), ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT((*this)("spread:2"), ElementsAre(0, 4));
    EXPECT_THAT((*this)("spread:3"), ElementsAre(0, 1, 4));    // the middle of 0.5 and 0.9 is 0.7
    EXPECT_THAT((*this)("spread:4"), ElementsAre(0, 1, 2, 4)); // 0.63 and 0.77
    EXPECT_THAT((*this)("spread:5"), ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT((*this)("spread:99"), ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT((*this)("spread:1"), ElementsAre(1));
}

TEST_F(Pick, TheBestWithinABound) {
    EXPECT_THAT((*this)("latency_cpu_ms<=6"), ElementsAre(3));
    EXPECT_THAT((*this)("latency_cpu_ms <= 5.9"), ElementsAre(2));
    EXPECT_THAT((*this)("accuracy>=0.75"), ElementsAre(2));
    EXPECT_THAT((*this)("accuracy>=5e-1"), ElementsAre(0));
    EXPECT_THAT((*this)("accuracy<=0.75"), ElementsAre(0));
    EXPECT_THAT(pick("macs<=8", std::vector<Candidate>{{{}, {7}, 0}},
                     std::vector<Objective>{{"macs", Direction::minimize, {}, {}}}, {}),
                ElementsAre(0));
}

TEST_F(Pick, AnArchitecturesId) {
    EXPECT_THAT((*this)("bbbb3333"), ElementsAre(2));
    EXPECT_THAT((*this)("bbbb"), ElementsAre(2));
    EXPECT_THAT((*this)("aaaa2"), ElementsAre(1));
    EXPECT_THAT((*this)("cccc"), ElementsAre(3)); // whole before prefix
}

TEST_F(Pick, RefusesWithWhatWouldBeValid) {
    refuse("elbow", "use knee, all, spread:K");
    refuse("", "accuracy, latency_cpu_ms");
    refuse("bbb", "picks nothing");
    refuse("aaaa", "beginning of 2 ids, among them aaaa1111 and aaaa2222");
    refuse("latency_cpu_ms<=0.5", "it reaches from 1 to 11");
    refuse("accuracy>=0.95", "it reaches from 0.5 to 0.9");
    refuse("latency_cpu<=3", "did you mean 'latency_cpu_ms'?");
    refuse("zzzzzzzzzzzzz<=3", "is not an objective");
    refuse("accuracy>=much", "'much' is not a number");
    refuse("accuracy>=", "is not a number");
    refuse("accuracy>=nan", "is not a number");
    refuse("accuracy>=0.5x", "is not a number");
    refuse("spread:0", "at least 1");
    refuse("spread:", "at least 1");
    refuse("spread:2.5", "at least 1");
    refuse("spread:-1", "at least 1");
}

} // namespace
} // namespace tessera::nas
