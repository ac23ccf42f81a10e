#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/error.h"
#include "training/state.h"

namespace tessera::training {
namespace {

using ::testing::HasSubstr;

torch::nn::Sequential network(std::int64_t channels) {
    return torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, channels, 3).bias(false)),
                                 torch::nn::BatchNorm2d(channels));
}

std::string refusal(torch::nn::Module& module, const TensorMap& state) {
    try {
        load_state(module, state, "file");
    } catch (const support::RunError& error) { return error.what(); }
    return "accepted";
}

TEST(State, ParametersAndBuffersComeBack) {
    auto first = network(4), second = network(4);
    first->forward(torch::randn({8, 3, 5, 5})); // moves BatchNorm's statistics
    const TensorMap state = state_of(*first);
    EXPECT_EQ(state.size(), 6);
    EXPECT_EQ(state.at("1.num_batches_tracked").item<std::int64_t>(), 1);
    load_state(*second, state, "file");
    for (const auto& [name, tensor] : state_of(*second)) {
        EXPECT_TRUE(torch::equal(tensor, state.at(name))) << name;
    }
}

TEST(State, CopiesDoNotFollowTheModule) {
    auto module = network(4);
    const TensorMap state = state_of(*module);
    const torch::NoGradGuard no_grad;
    for (auto& parameter : module->parameters()) {
        parameter.fill_(9);
    }
    EXPECT_FALSE(torch::equal(state.at("0.weight"), module->named_parameters()["0.weight"]));
    EXPECT_FALSE(state.at("0.weight").requires_grad());
}

TEST(State, WhatDoesNotFitIsNamedAndNothingIsCopied) {
    auto module = network(8);
    const TensorMap before = state_of(*module);
    EXPECT_EQ(
        refusal(*module, state_of(*network(4))),
        "file: its tensors do not fit the network: 5 of another shape or type (first: '0.weight' is Float "
        "[4 x 3 x 3 x 3], expected Float [8 x 3 x 3 x 3])");
    TensorMap state = before;
    state.erase("0.weight");
    state["extra"] = torch::zeros({1});
    EXPECT_EQ(refusal(*module, state),
              "file: its tensors do not fit the network: 1 missing (first: '0.weight'), "
              "1 unexpected (first: 'extra')");
    state = before;
    state["1.bias"] = torch::ones({8}, torch::kDouble);
    state["1.weight"] = torch::full({8}, 5.0F);
    EXPECT_THAT(refusal(*module, state), HasSubstr("'1.bias' is Double [8], expected Float [8]"));
    for (const auto& [name, tensor] : state_of(*module)) {
        EXPECT_TRUE(torch::equal(tensor, before.at(name))) << name;
    }
}

TEST(State, PrefixesAreAddedAndRemoved) {
    TensorMap all;
    add_with_prefix(all, {{"w", torch::ones({1})}}, "a.");
    add_with_prefix(all, {{"w", torch::zeros({1})}}, "b.");
    EXPECT_EQ(all.size(), 2);
    const TensorMap only = with_prefix_removed(all, "b.");
    ASSERT_EQ(only.size(), 1);
    EXPECT_EQ(only.at("w").item<float>(), 0);
    EXPECT_TRUE(with_prefix_removed(all, "c.").empty());
}

TEST(State, FindsWhatIsNotFinite) {
    EXPECT_TRUE(all_finite({{"a", torch::ones({2})}, {"i", torch::ones({2}, torch::kInt64)}}));
    EXPECT_FALSE(all_finite({{"a", torch::tensor({1.0F, std::numeric_limits<float>::infinity()})}}));
    EXPECT_FALSE(all_finite({{"a", torch::tensor({std::numeric_limits<float>::quiet_NaN()})}}));
}

} // namespace
} // namespace tessera::training
