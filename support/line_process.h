// A program that is asked line by line: questions to its standard input, answers from its standard output.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"

namespace tessera::support {

struct LineProcessOptions {
    std::vector<std::string> command;       ///< program (looked up in PATH) and its arguments; not empty
    double seconds = 60;                    ///< for one answer, > 0; the first waits for the start as well
    std::size_t longest_answer = 1UL << 20; ///< bytes, the line's end not counted
};

/// One question at a time. What the program writes to standard error is kept for messages. Not thread-safe.
class LineProcess {
public:
    /// Throws RunError where the program cannot be started.
    explicit LineProcess(LineProcessOptions options);
    /// Closes the program's input, gives it a second to end by itself, and kills its group.
    ~LineProcess();
    LineProcess(const LineProcess&) = delete;
    LineProcess& operator=(const LineProcess&) = delete;

    /// Sends a line (given without its end) and returns the next line, without its end. Throws RunError where
    /// the program ends, closes its output, answers too late or too much, and Interrupted after a signal
    /// (interrupt.h). After either the program is killed, and every further question throws the same.
    std::string ask(std::string_view question);
    /// Kills the program and throws RunError: its name, `what`, and what it last wrote to standard error.
    [[noreturn]] void give_up(const std::string& what);

private:
    using Time = std::chrono::steady_clock::time_point;

    /// Waits a little until something can be read or written, and does it. False at the output's end.
    bool exchange(std::string& unsent, Time deadline);
    bool hear_complaints();
    void linger();
    [[noreturn]] void report_end();

    LineProcessOptions options_;
    ChildProcess program_;
    std::string answers_, complaints_; ///< read and not used yet
    std::string failure_;              ///< what every further question throws
};

} // namespace tessera::support
