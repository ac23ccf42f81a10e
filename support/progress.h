// Progress of long work on stderr: one line rewritten in place on a terminal, a plain line now and then
// elsewhere; and now and then a line in the run's log.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tessera::support {

class Progress {
public:
    /// `total` units of `unit` ("images", "batches", "epochs") under the heading `what`; `done` of them were
    /// done before (resumed), and count towards the share but not towards the rate.
    Progress(std::string what, std::int64_t total, std::string unit, std::int64_t done = 0);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void advance(std::int64_t count = 1);
    /// A short text at the line's end, e.g. "loss 1.23".
    void note(std::string text);
    /// Seconds since construction.
    double seconds() const;

private:
    void print(bool last);
    std::string line(bool last) const;
    std::string what_, unit_, note_;
    std::int64_t total_, done_, start_;
    std::chrono::steady_clock::time_point begin_, printed_, stored_;
    bool terminal_;
};

} // namespace tessera::support
