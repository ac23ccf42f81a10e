// What LibTorch itself counts of the work that is done.
#pragma once

#include <memory>
#include <string>

#include <ATen/record_function.h>
#include <torch/csrc/profiler/util.h>
#include <torch/torch.h>

namespace tessera::search_spaces::testing {

/// Multiply-accumulates of convolutions and matrix products as LibTorch counts them (it counts two operations
/// each).
class FlopCounter {
public:
    FlopCounter() {
        // LibTorch has no formula for fused attention, but for the products of its unfused twin.
        at::globalContext().setSDPUseFlash(false);
        operations_ = flops_ = zeros_ = 0;
        handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(&FlopCounter::record)
                                                 .needsInputs(true)
                                                 .scopes({at::RecordScope::FUNCTION}));
    }
    ~FlopCounter() {
        at::removeCallback(handle_);
        at::globalContext().setSDPUseFlash(true);
    }
    FlopCounter(const FlopCounter&) = delete;
    FlopCounter& operator=(const FlopCounter&) = delete;

    std::int64_t macs() const { return flops_ / 2; }
    std::int64_t operations() const { return operations_; }
    /// Operations that LibTorch has no formula for.
    std::int64_t zeros() const { return zeros_; }

private:
    static std::unique_ptr<at::ObserverContext> record(const at::RecordFunction& function) {
        const std::string name = function.name();
        if (name == "aten::conv2d" || name == "aten::addmm" || name == "aten::mm" || name == "aten::bmm") {
            const auto flops = static_cast<std::int64_t>(
                torch::profiler::impl::computeFlops(name, torch::profiler::impl::saveExtraArgs(function)));
            ++operations_;
            flops_ += flops;
            zeros_ += flops == 0 ? 1 : 0;
        }
        return nullptr;
    }

    at::CallbackHandle handle_;
    static inline thread_local std::int64_t operations_ = 0, flops_ = 0, zeros_ = 0;
};

} // namespace tessera::search_spaces::testing
