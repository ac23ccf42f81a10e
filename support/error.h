// Errors that end a command: one line for the user and the exit status that goes with it.
#pragma once

#include <stdexcept>
#include <string>

namespace tessera::support {

/// Exit statuses of the program.
enum class ExitCode : int {
    ok = 0,
    runtime = 1,
    usage = 2,
    infeasible = 3,
    interrupted = 130,
    terminated = 143
};

/// Base of everything the program throws on purpose. `what()` is one line without a trailing full stop:
/// what is wrong, where, and what to do about it.
class Error : public std::runtime_error {
public:
    Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
    ExitCode code() const noexcept { return code_; }

private:
    ExitCode code_;
};

/// A mistake on the command line or in a configuration (exit status 2).
struct UsageError : Error {
    explicit UsageError(const std::string& message) : Error(ExitCode::usage, message) {}
};

/// Something failed while running: a missing file, a full disk, damaged data (exit status 1).
struct RunError : Error {
    explicit RunError(const std::string& message) : Error(ExitCode::runtime, message) {}
};

/// Bounds that no architecture of the space can meet (exit status 3).
struct InfeasibleError : Error {
    explicit InfeasibleError(const std::string& message) : Error(ExitCode::infeasible, message) {}
};

/// Thrown by check_interrupt() after SIGINT (130) or SIGTERM (143).
struct Interrupted : Error {
    explicit Interrupted(ExitCode code) : Error(code, "interrupted") {}
};

} // namespace tessera::support
