#include "latency/stopwatch.h"

#include <algorithm>

#include <sys/resource.h>

namespace tessera::latency {
namespace {

constexpr std::size_t enough_clean = 5;

/// How often the system took the processor from a thread of this process that wanted to go on.
std::int64_t preemptions() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nivcsw;
}

} // namespace

void Samples::add(double milliseconds, bool disturbed) {
    (disturbed ? disturbed_ : clean_).push_back(std::max(milliseconds, Timing::least_ms));
}

Timing Samples::timing() const {
    if (clean_.size() >= enough_clean) {
        return Timing::of(clean_);
    }
    std::vector<double> all = clean_;
    all.insert(all.end(), disturbed_.begin(), disturbed_.end());
    return Timing::of(std::move(all));
}

void Stopwatch::synchronise() const {
    if (device_.is_cuda()) {
        torch::cuda::synchronize(device_.index());
    }
}

void Stopwatch::start() {
    synchronise();
    preemptions_ = preemptions();
    start_ = std::chrono::steady_clock::now();
}

void Stopwatch::stop(Samples& samples) {
    synchronise();
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start_;
    samples.add(elapsed.count(), preemptions() != preemptions_);
}

} // namespace tessera::latency
