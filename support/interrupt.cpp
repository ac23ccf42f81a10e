#include "support/interrupt.h"

#include <csignal>

#include <unistd.h>

#include "support/error.h"

namespace tessera::support {
namespace {

// Written by the handler; the exit status is what the program will end with.
volatile std::sig_atomic_t pending = 0;
volatile std::sig_atomic_t interrupted_before = 0;

extern "C" void remember_signal(int signal) {
    if (signal == SIGINT) {
        if (interrupted_before != 0) {
            ::_exit(static_cast<int>(ExitCode::interrupted));
        }
        interrupted_before = 1;
    }
    const auto code = signal == SIGINT ? ExitCode::interrupted : ExitCode::terminated;
    if (pending == 0) {
        pending = static_cast<std::sig_atomic_t>(code);
    }
}

} // namespace

void install_signal_handlers() {
    struct sigaction action {};
    action.sa_handler = remember_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART; // reads and writes under way are finished
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupt_pending() noexcept { return pending != 0; }

void check_interrupt() {
    if (pending != 0) {
        throw Interrupted(static_cast<ExitCode>(pending));
    }
}

} // namespace tessera::support
