// The program: finds the command, runs it, turns errors into one line and an exit status.
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include <malloc.h>
#include <unistd.h>

#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/version.h"
#include "support/error.h"
#include "support/interrupt.h"
#include "support/log.h"

namespace {

using namespace tessera;

int fail(const std::string& message, support::ExitCode code) {
    support::log_error(message);
    return static_cast<int>(code);
}

int run(int argc, const char* const* argv, cli::Arguments& arguments) {
    if (argc >= 2 && std::string(argv[1]) == "--version") {
        std::cout << cli::version_text();
        return 0;
    }
    arguments = cli::parse_arguments(argc, argv);
    if (arguments.command.empty() || (arguments.help && arguments.command == "help")) {
        (arguments.help ? std::cout : std::cerr) << cli::help_of_all();
        return arguments.help ? 0 : static_cast<int>(support::ExitCode::usage);
    }
    if (!arguments.verbose) {
        FLAGS_caffe2_log_level = 2; // LibTorch's own remarks are for developers; errors are thrown
    }
    support::set_verbosity(arguments.quiet     ? support::Verbosity::quiet
                           : arguments.verbose ? support::Verbosity::verbose
                                               : support::Verbosity::normal);
    std::vector<std::string> names;
    for (const cli::Command& command : cli::commands()) {
        names.push_back(command.name);
        if (command.name != arguments.command) {
            continue;
        }
        if (arguments.help) {
            std::cout << cli::help_of(command);
            return 0;
        }
        support::install_signal_handlers();
        return command.run(arguments);
    }
    const std::string near = support::nearest(arguments.command, names);
    throw support::UsageError(
        fmt::format("unknown command {}{}", arguments.command,
                    near.empty() ? "; see tessera --help" : fmt::format(" (did you mean {}?)", near)));
}

/// LibTorch's OpenMP threads wait for each other in a busy loop, which on cores shared with other work takes
/// them from the thread that is waited for: training became five times slower. A short loop costs an idle
/// machine nothing that could be measured. libgomp reads this when it is loaded, so the program starts anew.
void wait_politely(char** argv) {
    if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) {
        return;
    }
    setenv("GOMP_SPINCOUNT", "10000", 1);
    execv("/proc/self/exe", argv); // where that is not possible everything works all the same
}

} // namespace

int main(int argc, char** argv) {
    wait_politely(argv);
    std::signal(SIGPIPE, SIG_IGN); // a run goes on when nobody reads what it prints
    // Feature maps come and go by the thousand: giving each back to the system costs more than computing with
    // it.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    cli::Arguments arguments;
    try {
        return run(argc, argv, arguments);
    } catch (const support::Interrupted& interrupted) {
        arguments.own.erase("redo"); // what it asked for has begun and is not to begin again
        support::log_warning("interrupted; what was done is kept. To go on: " +
                             cli::to_command_line(arguments));
        return static_cast<int>(interrupted.code());
    } catch (const support::Error& error) {
        return fail(error.what(), error.code());
    } catch (const c10::Error& error) {
        return fail(error.what_without_backtrace(), support::ExitCode::runtime);
    } catch (const std::bad_alloc&) {
        return fail("out of memory", support::ExitCode::runtime);
    } catch (const std::exception& error) { return fail(error.what(), support::ExitCode::runtime); }
}
