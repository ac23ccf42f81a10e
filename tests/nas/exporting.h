// A small space with trained networks, and what is exported along with them.
#pragma once

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "latency/deployed.h"
#include "nas/export.h"

namespace tessera::nas::testing {

using search_spaces::Network;
using search_spaces::SearchSpace;

/// Every family and activation, a space's name that YAML would misread, dropout, a widened head.
inline SearchSpace small_space() {
    constexpr const char* yaml = R"(
space:
  name: "12: #x"
  input: [3, 16, 12]
  classes: 7
  stem: {channels: 8, act: hswish}
  head: {channels: 24, act: relu6, dropout: 0.2}
  blocks:
    - {name: b0, channels: 16, stride: 2, choices: [mbconv: {expand: [3, 6], width: 0.75, attention: se, act: swish}]}
    - {name: b1, channels: 16, choices: [mbconv: {expand: 2, depth: 2, act: hswish, attention: se}, identity: {}]}
    - {name: b2, channels: 24, stride: 2, choices: [conv: {}, identity: {}]}
)";
    return SearchSpace::read(support::Document::parse(yaml).root().section("space", ""));
}

/// Running statistics other than 0 and 1, so that a folding of BatchNorm that forgets them shows.
inline Network trained(const SearchSpace& s, std::initializer_list<int> genome = {0, 0, 0}) {
    Network network(s, s.architecture(std::vector<int>(genome)));
    search_spaces::initialise(*network, 5);
    network->train();
    const torch::NoGradGuard no_grad;
    for (std::uint64_t i = 0; i < 8; ++i) {
        network->forward(latency::noise(s.input(), 32, torch::kCPU, i) * 2 + 1);
    }
    return network;
}

/// Classes "class 0", "class 1", ... and an image of noise.
inline Deployment deployment(const SearchSpace& s) {
    Deployment result;
    auto& p = result.preprocessing;
    p.channels = s.input().channels;
    p.height = s.input().height;
    p.width = s.input().width;
    p.resize = std::min(p.height, p.width);
    p.channel_order = "RGB";
    p.mean = {0.5, 0.25, 0.4};
    p.deviation = {0.2, 0.5, 0.3};
    for (std::int64_t i = 0; i < s.classes(); ++i) {
        p.classes.push_back(fmt::format("class {}", i));
    }
    result.example = latency::noise(s.input(), 1, torch::kCPU, 8)
                         .squeeze(0)
                         .mul(60)
                         .add(128)
                         .clamp(0, 255)
                         .to(torch::kUInt8)
                         .contiguous();
    result.example_class = "class 2";
    return result;
}

/// A folder of the test's own, which disappears with it.
class ExportTest : public ::testing::Test {
protected:
    void SetUp() override {
        at::set_num_threads(1); // maps this small are slower with more
        const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
        folder = std::filesystem::path(::testing::TempDir()) /
                 fmt::format("tessera-{}-{}-{}", test->test_suite_name(), test->name(), getpid());
        std::filesystem::remove_all(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::filesystem::path folder;
};

} // namespace tessera::nas::testing
