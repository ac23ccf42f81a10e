// Wall-clock timings of work on a device, those that were disturbed kept apart.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "latency/latency_table.h"

namespace tessera::latency {

/// Timings of one thing.
class Samples {
public:
    void add(double milliseconds, bool disturbed);
    /// Of the undisturbed timings where there are at least five, else of all. Needs one timing at least.
    Timing timing() const;
    std::size_t count() const { return clean_.size() + disturbed_.size(); }
    std::size_t disturbed() const { return disturbed_.size(); }

private:
    std::vector<double> clean_, disturbed_;
};

/// A timing is disturbed when the system took the processor from one of the process's threads meanwhile: it
/// then says how busy the machine was, not how long the work takes. (Measured beside a compilation: the
/// medians of whole networks were up to twice too long with such timings, a few percent without.)
class Stopwatch {
public:
    explicit Stopwatch(torch::Device device) : device_(device) {}
    void start();
    /// Waits for the device, then adds the time since start().
    void stop(Samples& samples);

private:
    void synchronise() const;
    torch::Device device_;
    std::int64_t preemptions_ = 0;
    std::chrono::steady_clock::time_point start_;
};

} // namespace tessera::latency
