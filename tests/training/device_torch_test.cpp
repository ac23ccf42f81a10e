#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "training/device.h"

namespace tessera::training {
namespace {

using ::testing::HasSubstr;

bool driver_present() {
    return std::filesystem::exists("/proc/driver/nvidia/version") ||
           std::filesystem::exists("/dev/nvidiactl");
}

std::string refusal(const std::string& text) {
    try {
        select_device(text);
    } catch (const support::RunError& error) { return error.what(); }
    return "accepted";
}

TEST(Device, KnowsTheCpuAndNothingElseByOtherNames) {
    EXPECT_TRUE(select_device("cpu").is_cpu());
    for (const auto* text : {"", "gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:99999999999"}) {
        EXPECT_THROW(select_device(text), support::UsageError) << text;
    }
}

TEST(Device, WithoutDriverOneLineSaysSo) {
    if (driver_present()) {
        GTEST_SKIP() << "this machine has an NVIDIA driver";
    }
    EXPECT_TRUE(select_device("auto").is_cpu());
    EXPECT_EQ(cuda_version(), "");
    EXPECT_EQ(refusal("cuda"), "device 'cuda' cannot be used: no NVIDIA driver is loaded; use --device cpu");
    EXPECT_THAT(refusal("cuda:3"), HasSubstr("device 'cuda:3' cannot be used"));
}

TEST(Device, WithAUsableGpuTheIndexIsChecked) {
    if (!driver_present() || refusal("cuda") != "accepted") {
        GTEST_SKIP() << "no usable GPU";
    }
    EXPECT_TRUE(select_device("auto").is_cuda());
    EXPECT_EQ(select_device("cuda").index(), 0);
    EXPECT_THAT(refusal("cuda:99"), HasSubstr("device 'cuda:99' does not exist: this machine has cuda:0"));
    EXPECT_NE(cuda_version(), "");
    EXPECT_EQ(torch::ones({2}, select_device("cuda")).sum().item<float>(), 2);
}

TEST(Device, ThreadsAreSetForTheCallingThread) {
    use_threads(2);
    EXPECT_EQ(at::get_num_threads(), 2);
    use_threads(1);
    EXPECT_EQ(at::get_num_threads(), 1);
}

} // namespace
} // namespace tessera::training
