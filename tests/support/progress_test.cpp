#include "support/progress.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/log.h"
#include "tests/support/captured_stderr.h"

namespace tessera::support {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;
using testing::stderr_in_file;
using testing::stderr_on_terminal;

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(120)); }

TEST(ProgressTest, WritesOnePlainLineAtTheEnd) {
    const std::string text = stderr_in_file([] {
        Progress progress("distil", 200, "batches");
        progress.advance(149);
        progress.note("loss 1.23");
        progress.advance();
    });
    EXPECT_THAT(text, MatchesRegex("distil:  75 % 150/200 batches, .* batches/s, [0-9.]+ s, loss 1\\.23\n"));
}

TEST(ProgressTest, RoundsTheShareDown) {
    const auto line = [](std::int64_t total, std::int64_t done) {
        return stderr_in_file([=] { Progress("x", total, "images", done); });
    };
    EXPECT_THAT(line(1000, 999), StartsWith("x:  99 % 999/1000 images, "));
    EXPECT_THAT(line(1000, 1000), StartsWith("x: 100 % 1000/1000 images, "));
    EXPECT_THAT(line(1000, 1200), StartsWith("x: 100 % 1200/1000 images, "));
    EXPECT_THAT(line(0, 7), StartsWith("x: 7 images, ")); // how many there are is not known
}

TEST(ProgressTest, CountsResumedWorkInTheShareButNotInTheRate) {
    const std::string text = stderr_in_file([] { Progress("x", 10, "epochs", 5); });
    EXPECT_THAT(text, MatchesRegex("x:  50 % 5/10 epochs, [0-9.]+ s\n")); // no rate: nothing done yet
}

TEST(ProgressTest, SaysNothingWhenQuiet) {
    set_verbosity(Verbosity::quiet);
    EXPECT_EQ(stderr_in_file([] { Progress("x", 10, "epochs").advance(); }), "");
    set_verbosity(Verbosity::normal);
}

TEST(ProgressTest, RewritesOneLineOnATerminal) {
    const std::string text = stderr_on_terminal(80, [] {
        Progress progress("x", 4, "epochs");
        progress.advance(); // too early to show
        pause();
        progress.advance();
        pause();
        progress.advance();
    });
    EXPECT_THAT(text, StartsWith("\r\033[Kx:  50 % 2/4 epochs, "));
    EXPECT_THAT(text, HasSubstr(" left\r\033[Kx:  75 % 3/4 epochs, "));
    EXPECT_THAT(text, EndsWith(" s\r\n"));
    EXPECT_THAT(text, Not(HasSubstr("25 %")));
}

TEST(ProgressTest, IsCutToTheTerminal) {
    const std::string text = stderr_on_terminal(20, [] {
        Progress progress("é", 4, "epochs");
        progress.note("a note that does not fit");
    });
    EXPECT_EQ(text.substr(0, 24), "\r\033[Ké:   0 % 0/4 epochs"); // 19 characters, é being two bytes
    EXPECT_EQ(text.size(), 4U + 20U + 2U);
}

TEST(ProgressTest, MakesWayForMessages) {
    const std::string text = stderr_on_terminal(80, [] {
        Progress progress("x", 4, "epochs");
        pause();
        progress.advance();
        log_info("a message");
    });
    EXPECT_THAT(text, HasSubstr(" left\r\033[Ka message\r\nx:  25 % 1/4 epochs, "));
}

TEST(ProgressTest, CountsFromManyThreads) {
    const std::string text = stderr_in_file([] {
        Progress progress("x", 4000, "images");
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 1000; ++j) {
                    progress.advance();
                    progress.note(std::to_string(j));
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    });
    EXPECT_THAT(text, StartsWith("x: 100 % 4000/4000 images, "));
}

TEST(ProgressTest, TellsTheTime) {
    stderr_in_file([] {
        const Progress progress("x", 1, "epochs");
        pause();
        EXPECT_GE(progress.seconds(), 0.12);
        EXPECT_LT(progress.seconds(), 60);
    });
}

} // namespace
} // namespace tessera::support
