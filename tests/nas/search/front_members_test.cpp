#include "nas/search/front_members.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "nas/search/gaps.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

using Row = std::vector<double>;

bool covers(const Row& a, const Row& b) {
    return std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return x <= y; });
}

/// The rows that no other one covers, each once, in lexicographic order.
std::vector<Row> front_of_rows(std::vector<Row> rows) {
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    std::vector<Row> front;
    for (const Row& row : rows) {
        if (std::ranges::none_of(rows, [&](const Row& o) { return o != row && covers(o, row); })) {
            front.push_back(row);
        }
    }
    return front;
}

std::vector<Row> rows_of(const FrontMembers& members, std::size_t width) {
    std::vector<Row> rows(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
        for (std::size_t s = 0; s < width; ++s) {
            rows[i].push_back(members.column(s)[i]);
        }
    }
    return rows;
}

TEST(FrontMembersTest, AreTheFrontOfAllThatArrived) {
    for (const std::size_t width : {1u, 2u, 3u, 4u}) {
        support::Rng rng(width);
        for (int repeat = 0; repeat < 30; ++repeat) {
            FrontMembers members(width);
            std::vector<Row> all;
            std::map<FrontMembers::Slot, Row> rows;
            std::vector<FrontMembers::Slot> out;
            const auto random_row = [&] {
                Row row(width);
                for (double& v : row) {
                    v = static_cast<double>(rng.below(repeat % 2 == 0 ? 12 : 1000)); // often ties, or few
                }
                return row;
            };
            for (int merge = 0; merge < 5; ++merge) {
                for (std::size_t n = rng.below(60); n > 0; --n) {
                    all.push_back(random_row());
                    if (width > 2 && members.covered(all.back().data())) {
                        continue;
                    }
                    const auto slot = static_cast<FrontMembers::Slot>(rows.size());
                    rows[slot] = all.back();
                    members.arrive(slot, all.back().data());
                }
                members.merge(out);
                EXPECT_EQ(members.arrivals(), 0U);
                ASSERT_EQ(rows_of(members, width), front_of_rows(all));
                // Everybody is either a member or out, under the number it came with.
                EXPECT_EQ(members.size() + out.size(), rows.size());
                for (std::size_t i = 0; i < members.size(); ++i) {
                    EXPECT_EQ(rows[members[i]], rows_of(members, width)[i]);
                }
                for (int ask = 0; ask < 40; ++ask) {
                    const Row row = random_row();
                    const bool truth = std::ranges::any_of(all, [&](const Row& o) { return covers(o, row); });
                    EXPECT_EQ(members.covered(row.data()), truth);
                    EXPECT_FALSE(members.plainly_covered(row.data()) && !truth);
                }
            }
        }
    }
}

TEST(FrontMembersTest, TakeSmallDifferencesForRounding) {
    FrontMembers members(2);
    std::vector<FrontMembers::Slot> out;
    const Row first{1, 5}, second{2, 4};
    members.arrive(7, first.data());
    members.arrive(8, second.data());
    members.merge(out);
    const Row near{0.995, 4.995};
    EXPECT_FALSE(members.covered(near.data()));
    members.set_tolerance(0, 0.01);
    members.set_tolerance(1, 0.01);
    EXPECT_TRUE(members.covered(near.data()));
    members.keep([](FrontMembers::Slot slot) { return slot == 8; });
    members.index();
    EXPECT_FALSE(members.covered(near.data()));
    EXPECT_EQ(members.size(), 1U);
    members.clear();
    EXPECT_FALSE(members.covered(second.data()));
}

TEST(GapsTest, TheLargestRectangleFirstAndOpenEndsBeforeAll) {
    const std::vector<double> costs{0, 1, 2, 4, 6}, others{6, 5, 3, 2, 0};
    // Between the two ends: (6 - 1) * (6 - 5) = 5, (6 - 2) * (6 - 3) = 12, (6 - 4) * (6 - 2) = 8.
    const std::vector<char> inner{0, 1, 1, 1, 0}, ends{1, 0, 0, 0, 1}, all(5, 1), none(5, 0);
    EXPECT_EQ(fill_gaps(costs, others, inner, 1), (std::vector<std::size_t>{2}));
    // Then (2 - 1) * (6 - 5) = 1 before it and (6 - 4) * (3 - 2) = 2 behind it.
    EXPECT_EQ(fill_gaps(costs, others, inner, 9), (std::vector<std::size_t>{2, 3, 1}));
    EXPECT_EQ(fill_gaps(costs, others, ends, 9), (std::vector<std::size_t>{0, 4}));
    EXPECT_EQ(fill_gaps(costs, others, all, 3), (std::vector<std::size_t>{0, 4, 2}));
    EXPECT_TRUE(fill_gaps(costs, others, none, 3).empty());
    EXPECT_EQ(fill_gaps({costs.data(), 1}, {}, {all.data(), 1}, 3), (std::vector<std::size_t>{0}));
}

} // namespace
} // namespace tessera::nas
