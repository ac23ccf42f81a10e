// Heads that give every pixel a depth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/depth_decoder.h"
#include "search_spaces/layers/token_map.h"
#include "search_spaces/layers/token_selective_pair.h"
#include "search_spaces/torchscript.h"
#include "tests/search_spaces/flop_counter.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;
using testing::space_of;

/// Convolutions alone: maps of 10 x 8 and 5 x 4 of an image of 19 x 15.
const std::string odd_map = R"(
input: [3, 19, 15]
stem: {channels: 12, stride: 2}
blocks: [{name: a, channels: 20, stride: 2, choices: [conv: {}]}]
head: {kind: depth, channels: 24, act: swish}
)";
/// A sequence with a class token, 2 x 3 patches of 12 x 18 pixels.
const std::string sequence = R"(
input: [3, 12, 18]
stem: {kind: patch, channels: 12, stride: 6, positions: learned, class_token: true}
blocks: [{name: a, channels: 12, choices: [attention: {heads: 3, mlp: 2}, linear_attention: {heads: 3}]}]
head: {kind: depth, norm: layer, upsample: nearest}
)";
/// Tokens of which a quarter goes through every second layer: 5 x 4 patches of 4 x 4 pixels.
const std::string selected = R"(
input: [3, 20, 16]
stem: {kind: patch, channels: 12, stride: 4, positions: learned}
blocks: [{name: a, channels: 12, choices: [tosa: {heads: 3, mlp: 2, keep: 0.25}]}]
head: {kind: depth, channels: 8, norm: layer}
)";
/// Nothing to enlarge.
const std::string full_size = R"(
input: [1, 9, 7]
stem: {channels: 8}
blocks: [{name: a, channels: 8, choices: [identity: {}]}]
head: {kind: depth, channels: 4, norm: layer}
)";

Network evaluated(const SearchSpace& space, std::uint64_t seed = 3) {
    Network network(space, space.reference());
    initialise(*network, seed);
    network->eval();
    return network;
}

torch::Tensor images_for(const SearchSpace& space, std::int64_t batch) {
    const Shape& in = space.input();
    return torch::randn({batch, in.channels, in.height, in.width});
}

TEST(DepthHead, StagesDoubleUpToTheImage) {
    const auto stages = DepthDecoderOptions({20, 5, 4}, {3, 19, 15}).channels(24).stages();
    EXPECT_EQ(stages, (std::vector<Shape>{{12, 10, 8}, {8, 19, 15}}));
    EXPECT_EQ(DepthDecoderOptions({20, 2, 9}, {3, 7, 9}).channels(6).stages(),
              (std::vector<Shape>{{6, 4, 9}, {6, 7, 9}}));
    EXPECT_TRUE(DepthDecoderOptions({20, 9, 7}, {3, 9, 7}).stages().empty());
}

TEST(DepthHead, GivesEveryPixelAPositiveNumber) {
    for (const std::string& text : {odd_map, sequence, selected, full_size}) {
        const SearchSpace space = space_of(text);
        EXPECT_EQ(space.classes(), 1);
        Network network = evaluated(space);
        const torch::NoGradGuard no_grad;
        const torch::Tensor depths = network->forward(images_for(space, 3));
        EXPECT_EQ(depths.sizes(),
                  (std::vector<std::int64_t>{3, 1, space.input().height, space.input().width}));
        EXPECT_GT(depths.min().item<double>(), 0);
        EXPECT_TRUE(depths.isfinite().all().item<bool>());
        EXPECT_LT(depths.log().abs().mean().item<double>(), 3) << "first outputs are no extremes";
        const torch::Tensor wild = network->forward(images_for(space, 3) * 1e20F);
        EXPECT_LE(wild.nan_to_num(0).max().item<double>(), 22027);
    }
}

TEST(DepthHead, NeitherSpeaksOfClassTokens) {
    const SearchSpace space = space_of(sequence);
    Network network = evaluated(space);
    const torch::NoGradGuard no_grad;
    torch::Tensor tokens = torch::randn({2, 12, 7, 1});
    const torch::Tensor before = network->head->forward(tokens);
    tokens.select(2, 0).zero_();
    EXPECT_TRUE(torch::equal(network->head->forward(tokens), before));
    tokens.select(2, 1).zero_();
    EXPECT_FALSE(torch::equal(network->head->forward(tokens), before));
}

TEST(DepthHead, PlacesStayWhereTheyAre) {
    // What changes the last patch changes the lower right alone.
    const SearchSpace space = space_of(sequence);
    Network network = evaluated(space);
    const torch::NoGradGuard no_grad;
    torch::manual_seed(1); // a ReLU may be dead for a token or two
    torch::Tensor tokens = torch::randn({1, 12, 7, 1});
    const torch::Tensor before = network->head->forward(tokens);
    tokens.select(2, 6).copy_(torch::randn({1, 12, 1}));
    const torch::Tensor changed = (network->head->forward(tokens) - before).abs()[0][0];
    EXPECT_GT(changed[11][17].item<double>(), 0);
    EXPECT_EQ(changed[0][0].item<double>(), 0);
}

TEST(DepthHead, TokensThatPassALayerByHaveTheirDepths) {
    const SearchSpace space = space_of(selected);
    Network network = evaluated(space);
    const torch::NoGradGuard no_grad;
    TokenSelectivePairImpl* pair = nullptr;
    for (const auto& module : network->blocks[0]->modules()) {
        auto* found = dynamic_cast<TokenSelectivePairImpl*>(module.get());
        pair = found != nullptr ? found : pair;
    }
    ASSERT_NE(pair, nullptr);
    const auto kept_of = [&](const torch::Tensor& image) {
        const auto importance = pair->standard(to_tokens(network->stem->forward(image))).importance;
        const auto places = kept_tokens(importance, pair->options.keep(), 0);
        return std::vector<std::int64_t>(places.const_data_ptr<std::int64_t>(),
                                         places.const_data_ptr<std::int64_t>() + places.numel());
    };
    torch::manual_seed(4);
    const torch::Tensor image = images_for(space, 1);
    const auto kept = kept_of(image);
    ASSERT_EQ(kept.size(), 5U); // of 20
    const torch::Tensor before = network->forward(image);
    const auto before_selection = pair->standard(to_tokens(network->stem->forward(image)));
    const auto depths_of = [&](const torch::Tensor& tokens) {
        return network->head->forward(to_map(pair->select(tokens, before_selection.importance), {5, 4, 0}));
    };
    int dropped = 0;
    for (std::int64_t token = 0; token < 20; ++token) {
        if (std::ranges::find(kept, token) != kept.end()) {
            continue;
        }
        // So little that the same tokens are selected.
        torch::Tensor other = image.clone();
        const auto pixels = [&](const torch::Tensor& map) {
            return map.slice(2, token / 4 * 4, token / 4 * 4 + 4).slice(3, token % 4 * 4, token % 4 * 4 + 4);
        };
        pixels(other).add_(0.01);
        ASSERT_EQ(kept_of(other), kept);
        const torch::Tensor changed = (network->forward(other) / before - 1).abs();
        EXPECT_GT(pixels(changed).min().item<double>(), 0) << "a pixel of patch " << token;
        // What the token holds is in its own pixels, whatever the other tokens make of it: nothing else
        // passes the second layer by with it.
        torch::Tensor tokens = before_selection.tokens.clone();
        tokens.select(1, token).neg_();
        const torch::Tensor moved = (depths_of(tokens) - depths_of(before_selection.tokens)).abs();
        EXPECT_GT(pixels(moved).min().item<double>(), 0) << "a pixel of patch " << token;
        for (std::int64_t far = 0; far < 20; ++far) {
            if (std::abs(far / 4 - token / 4) > 2 || std::abs(far % 4 - token % 4) > 2) {
                EXPECT_EQ(moved[0][0][far / 4 * 4 + 1][far % 4 * 4 + 1].item<double>(), 0) << far;
            }
        }
        ++dropped;
    }
    EXPECT_EQ(dropped, 15);
}

TEST(DepthHead, CostsAreThoseOfTheModule) {
    for (const std::string& text : {odd_map, sequence, selected, full_size}) {
        const SearchSpace space = space_of(text);
        Network network = evaluated(space);
        std::int64_t parameters = 0;
        for (const auto& parameter : network->head->parameters()) {
            parameters += parameter.numel();
        }
        const Shape map = space.blocks().back().site.output();
        const Costs costs = space.head_costs();
        EXPECT_EQ(costs.parameters, parameters);
        const torch::NoGradGuard no_grad;
        const testing::FlopCounter counter;
        network->head->forward(torch::randn(map.sizes(1)));
        EXPECT_EQ(counter.zeros(), 0);
        EXPECT_EQ(costs.macs, counter.macs());
    }
    // 5 x 4: 20 -> 24; 10 x 8: 24 -> 12; 19 x 15: 12 -> 8 and 8 -> 1.
    const Costs costs = space_of(odd_map).head_costs();
    EXPECT_EQ(costs.macs, 20 * 20 * 24 + 80 * 9 * 24 * 12 + 285 * 9 * (12 * 8 + 8));
    EXPECT_EQ(costs.parameters, 20 * 24 + 24 + 9 * 24 * 12 + 24 + 9 * 12 * 8 + 16 + 9 * 8 + 1);
    EXPECT_EQ(costs.peak_elements, 12 * 285 + 8 * 285); // the enlarged map and what is made of it
}

TEST(DepthHead, DeployedFormsAnswerAlikeAtAnyBatch) {
    for (const std::string& text : {odd_map, sequence, selected, full_size}) {
        const SearchSpace space = space_of(text);
        Network network = evaluated(space, 4);
        const torch::NoGradGuard no_grad;
        auto deployed = deploy(
            *network, [&](const torch::Tensor& x) { return network->forward(x); }, images_for(space, 2));
        for (const std::int64_t batch : {1, 3, 64}) {
            const auto images = images_for(space, batch);
            const auto expected = network->forward(images);
            const auto found = deployed.forward({images}).toTensor();
            EXPECT_EQ(found.sizes(), expected.sizes());
            EXPECT_LT((found / expected - 1).abs().max().item<double>(), 1e-4);
        }
    }
}

TEST(DepthHead, ClonesAndTrainsEveryParameter) {
    const SearchSpace space = space_of(sequence);
    Network network = evaluated(space);
    const auto copy = std::dynamic_pointer_cast<NetworkImpl>(network->clone());
    const auto images = images_for(space, 2);
    EXPECT_TRUE(torch::equal(network->forward(images), copy->forward(images)));
    network->train();
    network->forward(images).log().square().sum().backward();
    for (const auto& item : network->head->named_parameters()) {
        EXPECT_GT(item.value().grad().abs().sum().item<double>(), 0) << item.key();
    }
}

TEST(DepthHead, IsWrittenSoThatItReadsBack) {
    for (const std::string& text : {odd_map, sequence, selected, full_size}) {
        const SearchSpace space = space_of(text);
        std::string again = text.substr(0, text.find("head:")) + "head: " + space.head().yaml() + "\n";
        EXPECT_EQ(space_of(again).skeleton_hash(), space.skeleton_hash());
        again.insert(1, "classes: 1\n"); // as architecture.yaml has it
        EXPECT_EQ(space_of(again).skeleton_hash(), space.skeleton_hash());
    }
    const std::string classifier = full_size.substr(0, full_size.find("head:")) + "classes: 1\n";
    EXPECT_NE(space_of(classifier).skeleton_hash(), space_of(full_size).skeleton_hash());
    EXPECT_EQ(space_of(odd_map).head().channels, 24);
    EXPECT_EQ(space_of(sequence).head().channels, 32);
}

std::string with_head(const std::string& head, const std::string& classes = "") {
    return message_of([&] {
        space_of("input: [3, 8, 8]\n" + classes +
                 "stem: {channels: 8}\nblocks: [{name: a, channels: 8, choices: [conv: {}]}]\nhead: " + head);
    });
}

TEST(DepthHead, RefusesWhatItHasNoUseFor) {
    EXPECT_THAT(with_head("{kind: depth}", "classes: 10\n"),
                HasSubstr("head.kind: depth has no classes; leave the key out"));
    EXPECT_THAT(with_head("{}"), HasSubstr("classes"));
    EXPECT_THAT(with_head("{kind: depth, pool: class}"), HasSubstr("looks at every position"));
    EXPECT_THAT(with_head("{kind: depth, dropout: 0.1}"), HasSubstr("a depth head has none"));
    EXPECT_THAT(with_head("{kind: depth, channels: 0}"), HasSubstr("needs at least one"));
    EXPECT_THAT(with_head("{upsample: nearest}", "classes: 2\n"), HasSubstr("a classifier enlarges no map"));
    EXPECT_THAT(with_head("{kind: dept}"), HasSubstr("did you mean \"depth\""));
    EXPECT_THAT(with_head("{kind: depth, upsample: cubic}"), HasSubstr("bilinear"));
}

} // namespace
} // namespace tessera::search_spaces
