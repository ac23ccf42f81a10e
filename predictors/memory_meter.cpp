#include "predictors/memory_meter.h"

#include <algorithm>
#include <memory>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace tessera::predictors {

namespace {

class Meter : public c10::MemoryReportingInfoBase {
public:
    void reportMemoryUsage(void*, std::int64_t size, size_t, size_t, c10::Device device) override {
        if (!device.is_cpu()) {
            return;
        }
        held_ += size;
        peak_ = std::max(peak_, held_);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::int64_t peak() const { return peak_; }

private:
    std::int64_t held_ = 0, peak_ = 0;
};

} // namespace

std::int64_t peak_bytes(const std::function<void()>& work) {
    const auto meter = std::make_shared<Meter>();
    {
        const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
        work();
    }
    return meter->peak();
}

} // namespace tessera::predictors
