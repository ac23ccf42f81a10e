// A program that runs beside this one, its three streams in our hands.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "support/descriptor.h"

namespace tessera::support {

/// Runs in a process group of its own, so that an interrupt at the terminal reaches only us, and whatever the
/// program starts ends with it. Signals are as a shell would set them. All our ends are non-blocking.
class ChildProcess {
public:
    /// `command`: the program (looked up in PATH) and its arguments. Throws RunError where it cannot be
    /// started.
    explicit ChildProcess(const std::vector<std::string>& command);
    ~ChildProcess() { kill(); }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    bool has_ended() const;
    /// Kills the group and reaps the program, so that no zombie stays. What became of the program: "ended
    /// with status 3", "was killed by signal 9"; the same again when called again.
    const std::string& kill() noexcept;

    /// Our ends of its standard input, output and error; reset one to close it.
    std::unique_ptr<Descriptor> in, out, error;

private:
    pid_t id_ = -1; ///< -1: reaped
    std::string fate_;
};

} // namespace tessera::support
