// What deployed networks are made of.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/deployed_operators.h"
#include "search_spaces/torchscript.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

torch::jit::Module deployed(BlockImpl& block, const std::vector<std::int64_t>& sizes) {
    block.eval();
    return deploy(
        block, [&](const torch::Tensor& x) { return block.forward(x); }, torch::rand(sizes));
}

TEST(DeployedOperators, EveryFamilyKeepsToTheList) {
    std::set<std::string> met;
    for (const char* text :
         {"identity", "conv(depth=2)", "mbconv(attention=se,act=swish)", "mbconv(attention=se,act=hswish)",
          "mbconv(act=relu6)", "attention(depth=2,heads=3)", "linear_attention(heads=3)", "padre(kernel=5)",
          "padre(degree=3,kernel=3)", "padre(degree=1,kernel=7)", "tosa(heads=3)",
          "tosa(heads=3,selector=heads,scores=softmax,attention=linear)", "envelope(width=0.5)", "widener"}) {
        const Choice choice = complete(Choice::parse(text));
        met.insert(choice.family());
        for (const Site& site :
             {Site{{12, 8, 9}, 12, 1}, Site{{12, 8, 9, 1}, 12, 1}, Site{{6, 15, 14}, 12, 2}}) {
            if (family(choice.family()).refuse(choice, site).empty()) {
                const auto block = build_block(choice, site);
                EXPECT_THAT(unlisted_operators(deployed(*block, site.input.sizes(2))), IsEmpty()) << text;
            }
        }
    }
    EXPECT_EQ(met.size(), families().size());
}

TEST(DeployedOperators, StemsAndHeadsKeepToTheList) {
    for (const char* text :
         {"stem: {channels: 12, layers: 2, stride: 4, act: swish, positions: sinusoidal}\n"
          "head: {channels: 8, act: hswish, norm: layer, dropout: 0.5}",
          "stem: {kind: patch, channels: 12, stride: 4, positions: learned, class_token: true}\n"
          "head: {norm: layer, pool: class}",
          "stem: {kind: patch, channels: 12, stride: 2, class_token: true}"}) {
        const auto space =
            testing::space_of(std::string("input: [3, 16, 12]\nclasses: 2\nblocks: [{name: a, channels: 12, "
                                          "choices: [identity: {}]}]\n") +
                              text);
        EXPECT_THAT(unlisted_operators(deployed(*build_stem(space), {2, 3, 16, 12})), IsEmpty());
        EXPECT_THAT(
            unlisted_operators(deployed(*build_head(space), space.blocks().back().site.output().sizes(2))),
            IsEmpty());
    }
}

TEST(DeployedOperators, DepthHeadsKeepToTheList) {
    for (const char* upsample : {"bilinear", "nearest"}) {
        const auto space = testing::space_of(
            fmt::format("input: [3, 16, 12]\nclasses: 1\nstem: {{kind: patch, channels: 12, stride: 4}}\n"
                        "blocks: [{{name: a, channels: 12, choices: [identity: {{}}]}}]\n"
                        "head: {{kind: depth, channels: 8, norm: layer, upsample: {}}}",
                        upsample));
        EXPECT_THAT(
            unlisted_operators(deployed(*build_head(space), space.blocks().back().site.output().sizes(2))),
            IsEmpty());
    }
}

TEST(DeployedOperators, WhatIsNotListedIsTold) {
    struct Strange final : BlockImpl {
        torch::Tensor forward(const torch::Tensor& x) override { return at::erfinv(at::relu(x)).cumsum(1); }
    } strange;
    EXPECT_THAT(unlisted_operators(deployed(strange, {1, 2})), ElementsAre("aten::cumsum", "aten::erfinv"));
}

} // namespace
} // namespace tessera::search_spaces
