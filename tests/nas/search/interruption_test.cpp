// Signals are sent to child processes only.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "nas/search/certified.h"
#include "nas/search/exact.h"
#include "support/error.h"
#include "support/interrupt.h"
#include "table_models.h"

namespace tessera::nas {
namespace {

TableModel large(std::size_t objectives) {
    return additive_model(Tables::random(30, 150, 150, Shape::trade_off, false, 1), objectives);
}

/// Runs the search with a signal that was there before, and with one that comes during it; ends with the
/// interruption's status where both are heard.
void interrupted(const std::function<void()>& search, bool during) {
    support::install_signal_handlers();
    std::thread signal([&] {
        if (during) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50)); // of seconds that the search takes
        }
        ::kill(::getpid(), SIGTERM);
    });
    if (!during) {
        signal.join();
    }
    int status = 0;
    try {
        search();
    } catch (const support::Interrupted& interruption) { status = static_cast<int>(interruption.code()); }
    if (during) {
        signal.join();
    }
    std::exit(status);
}

TEST(SearchInterruptionDeathTest, ExactFrontsHearASignal) {
    const TableModel three = large(3);
    const auto front = [&] { exact_front(three); };
    EXPECT_EXIT(interrupted(front, false), ::testing::ExitedWithCode(143), "");
    EXPECT_EXIT(interrupted(front, true), ::testing::ExitedWithCode(143), "");
}

TEST(SearchInterruptionDeathTest, FrontsOfManyBoundsHearASignal) {
    const TableModel two = large(2);
    // Lower bounds of what is minimized are no reading off.
    const std::vector<std::vector<Bounds>> cases(200, {Bounds{}, Bounds{5.0, 40.0}});
    const auto fronts = [&] { exact_fronts(two, cases); };
    EXPECT_EXIT(interrupted(fronts, false), ::testing::ExitedWithCode(143), "");
    EXPECT_EXIT(interrupted(fronts, true), ::testing::ExitedWithCode(143), "");
}

TEST(SearchInterruptionDeathTest, TheBestOnesHearASignal) {
    TableModel two = large(2);
    two.columns[1].objective.bounds_only = true;
    two.columns[1].objective.low = 20;
    two.columns[1].objective.high = 20.5;
    const auto best = [&] { k_best(two, 0, 100'000); };
    EXPECT_EXIT(interrupted(best, false), ::testing::ExitedWithCode(143), "");
    EXPECT_EXIT(interrupted(best, true), ::testing::ExitedWithCode(143), "");
}

} // namespace
} // namespace tessera::nas
