#include "training/device.h"

#include <charconv>
#include <filesystem>

#include <dlfcn.h>

#include <ATen/detail/CUDAHooksInterface.h>
#include <fmt/format.h>

#include "support/error.h"

namespace tessera::training {
namespace {

constexpr const char* remedy = "install one with ./quickstart.sh --cuda, or use --device cpu";

/// Present where an NVIDIA driver is loaded; containers sometimes show the device node alone.
bool driver_present() {
    std::error_code ignored;
    return std::filesystem::exists("/proc/driver/nvidia/version", ignored) ||
           std::filesystem::exists("/dev/nvidiactl", ignored);
}

/// The folder of the libtorch_cpu that this process runs with: the CUDA library of another build must not be
/// mixed in.
std::filesystem::path library_folder() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&at::set_num_threads), &info) == 0 ||
        info.dli_fname == nullptr) {
        return {};
    }
    std::error_code ignored;
    const auto resolved = std::filesystem::canonical(info.dli_fname, ignored);
    return (ignored ? std::filesystem::path(info.dli_fname) : resolved).parent_path();
}

/// Opens libtorch_cuda once; returns why that failed, or an empty text. ATen looks for CUDA when it is first
/// asked and remembers the answer, so this comes before every such question.
const std::string& open_cuda_library() {
    static const std::string failure = [] {
        const std::filesystem::path library = library_folder() / "libtorch_cuda.so";
        std::error_code ignored;
        if (!std::filesystem::exists(library, ignored)) {
            return std::string("this LibTorch is built for the CPU alone");
        }
        if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) {
            return std::string();
        }
        const char* reason = dlerror();
        return fmt::format("LibTorch's CUDA library does not load ({})",
                           reason != nullptr ? reason : "no reason given");
    }();
    return failure;
}

/// Number of usable GPUs; throws RunError with the reason where there is none.
int require_gpus(const std::string& text) {
    const auto fail = [&](const std::string& why) {
        throw support::RunError(fmt::format("device '{}' cannot be used: {}; {}", text, why, remedy));
    };
    if (!driver_present()) {
        throw support::RunError(
            fmt::format("device '{}' cannot be used: no NVIDIA driver is loaded; use --device cpu", text));
    }
    if (const std::string& failure = open_cuda_library(); !failure.empty()) {
        fail(failure);
    }
    const int count = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
    if (count == 0) {
        fail("LibTorch finds no GPU that works with the loaded driver");
    }
    return count;
}

bool gpu_usable() { return driver_present() && open_cuda_library().empty() && torch::cuda::is_available(); }

} // namespace

torch::Device select_device(const std::string& text) {
    if (text == "cpu") {
        return torch::kCPU;
    }
    if (text == "auto") {
        return gpu_usable() ? torch::Device(torch::kCUDA, 0) : torch::kCPU;
    }
    int index = 0;
    if (text != "cuda") {
        const char* const end = text.data() + text.size();
        const bool prefixed = text.starts_with("cuda:");
        const auto parsed = std::from_chars(prefixed ? text.data() + 5 : end, end, index);
        if (!prefixed || parsed.ec != std::errc() || parsed.ptr != end || index < 0) {
            throw support::UsageError(fmt::format("device '{}': expected cpu, cuda, cuda:N or auto", text));
        }
    }
    const int count = require_gpus(text);
    if (index >= count) {
        const std::string present = count == 1 ? "cuda:0 alone" : fmt::format("cuda:0 to cuda:{}", count - 1);
        throw support::RunError(
            fmt::format("device '{}' does not exist: this machine has {}", text, present));
    }
    return {torch::kCUDA, static_cast<torch::DeviceIndex>(index)};
}

std::string cuda_version() {
    if (!gpu_usable()) {
        return {};
    }
    const long version = at::detail::getCUDAHooks().versionCUDART(); // 13000 is 13.0
    return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

void use_threads(int count) { at::set_num_threads(count); }

} // namespace tessera::training
