// Signals are sent to child processes only.
#include "support/interrupt.h"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "support/error.h"

namespace tessera::support {
namespace {

int code_after(int signal) {
    install_signal_handlers();
    if (interrupt_pending()) {
        return 99;
    }
    check_interrupt(); // nothing yet
    std::raise(signal);
    if (!interrupt_pending()) {
        return 98;
    }
    try {
        check_interrupt();
    } catch (const Interrupted& interrupted) { return static_cast<int>(interrupted.code()); }
    return 97;
}

TEST(InterruptDeathTest, BecomesAnException) {
    EXPECT_EXIT(std::exit(code_after(SIGINT)), ::testing::ExitedWithCode(130), "");
    EXPECT_EXIT(std::exit(code_after(SIGTERM)), ::testing::ExitedWithCode(143), "");
}

TEST(InterruptDeathTest, SecondInterruptEndsAtOnce) {
    const auto twice = [] {
        install_signal_handlers();
        std::raise(SIGINT);
        std::raise(SIGINT);
        std::exit(0);
    };
    EXPECT_EXIT(twice(), ::testing::ExitedWithCode(130), "");
}

TEST(InterruptDeathTest, TerminationIsRememberedHoweverOften) {
    const auto thrice = [] {
        install_signal_handlers();
        std::raise(SIGTERM);
        std::raise(SIGTERM);
        std::exit(code_after(SIGTERM) == 99 ? 0 : 1); // pending already
    };
    EXPECT_EXIT(thrice(), ::testing::ExitedWithCode(0), "");
}

TEST(Interrupt, NothingIsPendingWithoutASignal) {
    EXPECT_FALSE(interrupt_pending());
    EXPECT_NO_THROW(check_interrupt());
}

} // namespace
} // namespace tessera::support
