// What LibTorch allocates while something runs.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace tessera::search_spaces::testing {

class MemoryMeter : public c10::MemoryReportingInfoBase {
public:
    void reportMemoryUsage(void*, std::int64_t size, size_t, size_t, c10::Device) override {
        held_ += size;
        peak = std::max(peak, held_);
        largest = std::max(largest, size);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::int64_t peak = 0;    ///< bytes alive at once, of those allocated by the work
    std::int64_t largest = 0; ///< bytes of the largest tensor

private:
    std::int64_t held_ = 0;
};

/// Of work on the CPU.
inline std::shared_ptr<MemoryMeter> metered(const std::function<void()>& work) {
    const auto meter = std::make_shared<MemoryMeter>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
    work();
    return meter;
}

} // namespace tessera::search_spaces::testing
