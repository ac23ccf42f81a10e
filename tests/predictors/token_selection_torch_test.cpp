// A token selector learns in distillation, where its block imitates one of the reference's.
#include <algorithm>

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "predictors/student.h"
#include "search_spaces/auxiliary_task.h"
#include "support/config.h"
#include "training/device.h"
#include "training/state.h"

namespace tessera::predictors {
namespace {

using search_spaces::SearchSpace;
using training::TensorMap;

/// 8 x 8 tokens; the choice of interest is the second.
SearchSpace selecting_space() {
    const auto document = support::Document::parse(R"YAML(
input: [3, 16, 16]
classes: 4
stem: {kind: patch, channels: 16, stride: 2, positions: learned}
blocks:
  - {name: a, channels: 16, reference: "attention(depth=2,heads=2,mlp=2)", choices: [attention: {depth: 2, heads: 2, mlp: 2}, tosa: {depth: 2, heads: 2, mlp: 2, keep: 0.25}]}
head: {norm: layer}
)YAML");
    return SearchSpace::read(document.root());
}

std::shared_ptr<search_spaces::BlockImpl> block_of(const SearchSpace& space, const TensorMap& weights) {
    const auto block = search_spaces::build_block(space.blocks()[0].choices[1], space.blocks()[0].site);
    training::load_state(*block, weights, "test");
    return block;
}

TEST(TokenSelection, AStudentsStepsReachItsSelector) {
    training::use_threads(1);
    const SearchSpace space = selecting_space();
    search_spaces::Network reference(space, space.reference());
    search_spaces::initialise(*reference, 5);
    reference->eval();
    const auto maps = [&](std::int64_t count, std::uint64_t seed) {
        const torch::NoGradGuard no_grad;
        return reference->boundaries(
            torch::randn({count, 3, 16, 16}, at::make_generator<at::CPUGeneratorImpl>(seed)));
    };
    Student student(space, 0, 1, 0.01, /*clip=*/1, 7);
    const TensorMap before = student.weights();
    constexpr int steps = 60;
    for (int step = 0; step < steps; ++step) {
        const auto batch = maps(16, static_cast<std::uint64_t>(step));
        student.learn(batch[0], batch[1], batch[1].var({0, 2, 3}), 1,
                      static_cast<double>(step) / static_cast<double>(steps));
    }
    const TensorMap after = student.weights();
    TensorMap without = after; // the layers as they have become, the selector as it was
    int selectors = 0;
    for (const auto& [name, tensor] : before) {
        if (name.find("selector.") != std::string::npos) {
            EXPECT_FALSE(torch::equal(tensor, after.at(name))) << name;
            without[name] = tensor;
            ++selectors;
        }
    }
    EXPECT_EQ(selectors, 4); // two layers' weights and biases
    const auto divergence = [&](const TensorMap& weights) {
        const auto block = block_of(space, weights);
        const torch::NoGradGuard no_grad;
        block->train();
        block->forward(maps(64, 1000)[0]);
        return search_spaces::auxiliary_loss(*block).item<double>();
    };
    EXPECT_LT(divergence(after), 0.8 * divergence(without));
    EXPECT_LT(divergence(after), 0.8 * divergence(before));
}

TEST(TokenSelection, AStudentIsToldHowFarItIs) {
    training::use_threads(1);
    const SearchSpace space = selecting_space();
    const auto map = torch::randn({4, 16, 8, 8}, at::make_generator<at::CPUGeneratorImpl>(1));
    const auto weights_after = [&](double progress) {
        Student student(space, 0, 1, 0.01, 0, 7);
        student.learn(map, map, torch::ones({16}), 1, progress);
        return student.weights();
    };
    const auto same = [](const TensorMap& a, const TensorMap& b) {
        return std::ranges::all_of(
            a, [&](const auto& item) { return torch::equal(item.second, b.at(item.first)); });
    };
    // All tokens take the second layer at first; then those that are selected.
    EXPECT_TRUE(same(weights_after(0), weights_after(0.29)));
    EXPECT_FALSE(same(weights_after(0.29), weights_after(0.3)));
    EXPECT_TRUE(same(weights_after(0.3), weights_after(1)));
}

} // namespace
} // namespace tessera::predictors
