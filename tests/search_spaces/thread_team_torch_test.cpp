// Work shared out among LibTorch's threads.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/layers/thread_team.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

using Share = std::pair<std::int64_t, std::int64_t>;

std::vector<Share> shares_of(std::int64_t count, int threads) {
    std::vector<Share> shares;
    std::mutex mutex;
    share_out(count, threads, [&](std::int64_t begin, std::int64_t end) {
        const std::lock_guard lock(mutex);
        shares.emplace_back(begin, end);
    });
    std::ranges::sort(shares);
    return shares;
}

TEST(ThreadTeam, SharesFollowOneAnotherAndLeaveNothingOut) {
    for (const std::int64_t count : {1, 2, 3, 7, 100}) {
        for (const int threads : {1, 2, 3, 8}) {
            const auto shares = shares_of(count, threads);
            // Fewer items than threads: nobody is called for nothing.
            EXPECT_LE(std::ssize(shares), std::min<std::int64_t>(count, threads));
            std::int64_t next = 0;
            for (const auto& [begin, end] : shares) {
                EXPECT_EQ(begin, next);
                EXPECT_GT(end, begin);
                next = end;
            }
            EXPECT_EQ(next, count) << threads;
        }
    }
    EXPECT_EQ(shares_of(7, 1), (std::vector<Share>{{0, 7}}));
    EXPECT_EQ(shares_of(7, 0), (std::vector<Share>{{0, 7}}));
    EXPECT_EQ(shares_of(0, 4), std::vector<Share>());
}

TEST(ThreadTeam, WithinATeamThereIsNoOther) {
    std::atomic<int> outer = 0, inner = 0;
    std::atomic<bool> elsewhere = false;
    share_out(2, 2, [&](std::int64_t begin, std::int64_t end) {
        if (end - begin == 2) { // a build without OpenMP: no team, nothing to be shown
            outer = 2;
            inner = 2;
            return;
        }
        ++outer;
        const auto own = std::this_thread::get_id();
        share_out(5, 2, [&](std::int64_t first, std::int64_t last) {
            ++inner;
            elsewhere = elsewhere || std::this_thread::get_id() != own || first != 0 || last != 5;
        });
    });
    EXPECT_EQ(outer, 2);
    EXPECT_EQ(inner, 2);
    EXPECT_FALSE(elsewhere);
}

TEST(ThreadTeam, WhatWorkThrowsReachesTheCaller) {
    for (const int threads : {1, 2, 4}) {
        std::atomic<int> finished = 0;
        const std::string message = support::testing::message_of<std::runtime_error>([&] {
            share_out(4, threads, [&](std::int64_t begin, std::int64_t end) {
                if (begin == 0) { // the last to fail, and the one that is told
                    std::this_thread::sleep_for(std::chrono::milliseconds(threads > 1 ? 20 : 0));
                }
                if (begin == 0 || end == 4) {
                    throw std::runtime_error("share from " + std::to_string(begin));
                }
                ++finished;
            });
        });
        EXPECT_EQ(message, "share from 0");
        EXPECT_EQ(finished, threads > 2 && shares_of(4, threads).size() == 4 ? 2 : 0);
        EXPECT_EQ(shares_of(4, threads).back().second, 4); // the team works on
    }
}

} // namespace
} // namespace tessera::search_spaces
