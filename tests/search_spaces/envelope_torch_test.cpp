// EnvelopeNets: cells of parallel branches, wideners, and skips between blocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/deployed_operators.h"
#include "search_spaces/layers/envelope_cell.h"
#include "search_spaces/torchscript.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;
using testing::space_of;
using Sizes = std::vector<std::int64_t>;

std::int64_t parameters_of(torch::nn::Module& module) {
    std::int64_t count = 0;
    for (const auto& parameter : module.parameters()) {
        count += parameter.numel();
    }
    return count;
}

TEST(EnvelopeNet, ThePublishedNetworkHasItsParameters) {
    const auto document = support::Document::load(TESSERA_SOURCE_DIR "/configs/envelopenet-cifar10.yaml");
    const SearchSpace space = SearchSpace::read(document.root().section("space", "the search space"));
    EXPECT_EQ(space.costs(space.reference()).parameters, 10'942'475);
    Network network(space, space.reference());
    EXPECT_EQ(parameters_of(*network), 10'942'475);
    EXPECT_EQ(space.blocks().size(), 18U);
}

/// Three stages on odd maps: 11 x 9, 6 x 5, 3 x 3; skips within a stage, across one widener and across two.
const std::string small = R"(
input: [3, 11, 9]
classes: 4
stem: {channels: 8, norm: none}
blocks:
  - {name: a, channels: 8, choices: [envelope: {branches: [all, 3x3+5x5sep], width: [1, 0.5]}]}
  - {name: b, channels: 10, skips: [stem], choices: [envelope: {branches: 3x3sep+1x1}, conv: {}, identity: {}]}
  - {name: w, channels: 16, stride: 2, choices: [widener: {}]}
  - {name: c, channels: 15, skips: [a, b], choices: [envelope: {branches: 5x5}, mbconv: {}]}
  - {name: v, channels: 20, stride: 2, choices: [widener: {}, conv: {}]}
  - {name: d, channels: 18, skips: [stem, w, a], choices: [envelope: {branches: [7x7sep, 1x1+3x3]}]}
head: {dropout: 0.2}
)";

/// The input of block d, step by step, with nothing of Join.
torch::Tensor joined_by_hand(const std::vector<torch::Tensor>& maps, const torch::Tensor& scales) {
    const auto pooled = [](const torch::Tensor& map, std::int64_t side) {
        const torch::Tensor padded = torch::constant_pad_nd(
            map, {0, (side - map.size(3) % side) % side, 0, (side - map.size(2) % side) % side},
            -std::numeric_limits<double>::infinity());
        return padded.unfold(2, side, side).unfold(3, side, side).amax({-2, -1});
    };
    return torch::cat({maps[5], scales[0] * pooled(maps[0], 4), scales[1] * pooled(maps[3], 2),
                       scales[2] * pooled(maps[1], 4)},
                      1);
}

TEST(Skips, SourcesArePooledScaledAndJoinedInOrder) {
    const SearchSpace space = space_of(small);
    EXPECT_EQ(space.blocks()[5].site.input, (Shape{20 + 8 + 16 + 8, 3, 3}));
    EXPECT_EQ(space.blocks()[5].site.skip_channels, 32);
    EXPECT_EQ(space.blocks()[5].sequential_input(), (Shape{20, 3, 3}));
    EXPECT_EQ(space.blocks()[5].skips, (std::vector<Skip>{{0, 4}, {3, 2}, {1, 4}}));
    Network network(space, space.reference());
    initialise(*network, 3);
    network->eval();
    const torch::NoGradGuard no_grad;
    const torch::Tensor x = torch::randn({2, 3, 11, 9});
    const auto maps = network->boundaries(x);
    ASSERT_EQ(maps.size(), 7U);
    const torch::Tensor scales = network->joins[5]->scales;
    EXPECT_TRUE(torch::equal(network->input_of(5, maps), joined_by_hand(maps, scales)));
    EXPECT_TRUE(torch::equal(network->input_of(4, maps), maps[4]));
    EXPECT_EQ(maps[6].sizes(), (Sizes{2, 18, 3, 3}));
    EXPECT_TRUE(torch::equal(network->forward(x), network->head->forward(maps[6])));
    // From any boundary on, the same.
    for (std::size_t b = 0; b < 6; ++b) {
        EXPECT_TRUE(torch::equal(network->last_map({maps.begin(), maps.begin() + static_cast<long>(b) + 1}),
                                 maps[6]));
    }
    // Drawn from N(0.5, 0.01^2), each its own.
    EXPECT_LT((scales - 0.5).abs().max().item<double>(), 0.06);
    EXPECT_GT(scales.std().item<double>(), 0);
}

TEST(Skips, EveryMapReachesTheLossAndEveryParameterLearns) {
    const SearchSpace space = space_of(small);
    for (int which = 0; which < 2; ++which) {
        std::vector<int> genome(6, 0);
        for (std::size_t b = 0; b < 6; ++b) {
            genome[b] = which == 0 ? 0 : static_cast<int>(space.blocks()[b].choices.size()) - 1;
        }
        Network network(space, space.architecture(genome));
        initialise(*network, 5);
        network->forward(torch::randn({3, 3, 11, 9})).square().sum().backward();
        for (const auto& item : network->named_parameters()) {
            ASSERT_TRUE(item.value().grad().defined()) << item.key();
            if (item.key().find("scales") != std::string::npos) {
                EXPECT_GT(item.value().grad().abs().min().item<double>(), 0) << item.key();
            }
        }
    }
}

TEST(Skips, ClonesAndExportsAgree) {
    const SearchSpace space = space_of(small);
    Network network(space, space.reference());
    initialise(*network, 7);
    for (int i = 0; i < 3; ++i) {
        network->forward(torch::randn({8, 3, 11, 9})); // statistics that are not 0 and 1
    }
    network->eval();
    const torch::NoGradGuard no_grad;
    const torch::Tensor x = torch::randn({2, 3, 11, 9});
    const auto copy = std::dynamic_pointer_cast<NetworkImpl>(network->clone());
    EXPECT_TRUE(torch::equal(copy->forward(x), network->forward(x)));
    auto script = deploy(
        *network, [&](const torch::Tensor& in) { return network->forward(in); }, x);
    EXPECT_LT((script.forward({x}).toTensor() - network->forward(x)).abs().max().item<double>(), 1e-4);
    EXPECT_THAT(unlisted_operators(script), ::testing::IsEmpty());
    // Shifts and means have gone into the convolutions.
    EXPECT_EQ(script.dump_to_str(true, false, false).find("batch_norm"), std::string::npos);
}

TEST(Skips, CountTheirScalarsAndWhatWaits) {
    const SearchSpace space = space_of(small);
    const auto& d = space.blocks()[5];
    const Costs alone = family("envelope").costs(d.choices[0], d.site);
    EXPECT_EQ(space.block_costs(5, d.choices[0]).parameters, alone.parameters + 3);
    EXPECT_EQ(space.block_costs(5, d.choices[0]).macs, alone.macs);
    // While block b works, the stem's map (its own input's first part) and a's wait for d.
    const auto& v = space.blocks()[4];
    const Costs plain = family("widener").costs(v.choices[0], v.site);
    EXPECT_EQ(space.block_costs(4, v.choices[0]).peak_elements,
              plain.peak_elements + 8 * 99 + 8 * 99 + 16 * 30);
    Network network(space, space.reference());
    EXPECT_EQ(space.costs(space.reference()).parameters, parameters_of(*network));
}

TEST(Skips, BelongToTheSkeleton) {
    std::string other = small;
    other.replace(other.find("skips: [a, b]"), 13, "skips: [b, a]");
    // b is what c's widener has received; its map is another one than the widener's.
    EXPECT_NE(space_of(small).skeleton_hash(), space_of(other).skeleton_hash());
}

TEST(Skips, RefusedWhereTheyMeanNothing) {
    const auto with = [](const std::string& skips) {
        return message_of<support::UsageError>([&] {
            space_of("input: [3, 8, 8]\nclasses: 2\nstem: {channels: 4}\nblocks:\n"
                     "  - {name: first, channels: 4, choices: [conv: {}]}\n"
                     "  - {name: second, channels: 4, skips: " +
                     skips + ", choices: [conv: {}]}\n  - {name: third, channels: 4, choices: [conv: {}]}");
        });
    };
    EXPECT_THAT(with("[frist]"), HasSubstr("no earlier block is called 'frist'; did you mean 'first'?"));
    EXPECT_THAT(with("[third]"), HasSubstr("no earlier block is called 'third'"));
    EXPECT_THAT(with("[stme]"), HasSubstr("did you mean 'stem'?"));
    EXPECT_THAT(with("[first]"), HasSubstr("the map of 'first' is what the block receives anyway"));
    EXPECT_THAT(with("[stem, stem]"), HasSubstr("'stem' is named twice"));
    EXPECT_THAT(with("[second]"), HasSubstr("s.yaml:6"));
    EXPECT_THAT(message_of<support::UsageError>([] {
                    space_of("input: [3, 8, 8]\nclasses: 2\n"
                             "stem: {kind: patch, channels: 4, stride: 2, class_token: true}\nblocks:\n"
                             "  - {name: a, channels: 4, choices: [attention: {heads: 1}]}\n"
                             "  - {name: b, channels: 4, skips: [stem], choices: [attention: {heads: 1}]}");
                }),
                HasSubstr("class token"));
}

TEST(EnvelopeCell, IsItsBranchesOneByOne) {
    // 7 channels over 3 branches: 3, 2, 2.
    const Site site{{6, 5, 9}, 7, 1, 2};
    const auto block = build_block(Choice::parse("envelope(branches=1x1+3x3sep+5x5,width=0.5)"), site);
    initialise(*block, 11);
    const auto p = block->named_parameters();
    EXPECT_EQ(p["cell.bottleneck.conv.weight"].sizes(), (Sizes{2, 6, 1, 1})); // half of 6 - 2 channels
    EXPECT_EQ(p["cell.branch0.weight"].sizes(), (Sizes{3, 2, 1, 1}));
    EXPECT_EQ(p["cell.branch1_depthwise.weight"].sizes(), (Sizes{2, 1, 3, 3}));
    EXPECT_EQ(p["cell.branch1.weight"].sizes(), (Sizes{2, 2, 1, 1}));
    EXPECT_EQ(p["cell.branch2.weight"].sizes(), (Sizes{2, 2, 5, 5}));
    EXPECT_EQ(p["cell.norm.shift"].sizes(), (Sizes{7}));
    const torch::NoGradGuard no_grad;
    p["cell.norm.shift"].copy_(torch::randn({7}));
    const torch::Tensor x = torch::randn({3, 6, 5, 9});
    const auto by_hand = [&](bool training) {
        const torch::Tensor shared =
            torch::conv2d(x, p["cell.bottleneck.conv.weight"], p["cell.bottleneck.conv.bias"]).relu();
        const torch::Tensor depthwise =
            torch::conv2d(shared, p["cell.branch1_depthwise.weight"], {}, 1, 1, 1, 2);
        const torch::Tensor y = torch::cat({torch::conv2d(shared, p["cell.branch0.weight"]),
                                            torch::conv2d(depthwise, p["cell.branch1.weight"]),
                                            torch::conv2d(shared, p["cell.branch2.weight"], {}, 1, 2)},
                                           1);
        const auto buffers = block->named_buffers();
        const torch::Tensor mean = training ? y.mean({0, 2, 3}) : buffers["cell.norm.running_mean"];
        const torch::Tensor variance = training ? y.var({0, 2, 3}, false) : buffers["cell.norm.running_var"];
        const auto wide = [](const torch::Tensor& c) { return c.view({1, -1, 1, 1}); };
        return ((y - wide(mean)) / wide(variance + 1e-5).sqrt() + wide(p["cell.norm.shift"])).relu();
    };
    EXPECT_LT((block->forward(x) - by_hand(true)).abs().max().item<double>(), 1e-5);
    block->eval();
    EXPECT_GT(block->named_buffers()["cell.norm.running_mean"].abs().max().item<double>(), 0);
    EXPECT_LT((block->forward(x) - by_hand(false)).abs().max().item<double>(), 1e-5);
}

TEST(EnvelopeCell, BranchesAreASetWithOneSpelling) {
    EXPECT_EQ(complete(Choice::parse("envelope(branches=5x5sep+1x1)")).text(),
              "envelope(branches=1x1+5x5sep,width=1,dropout=0)");
    EXPECT_EQ(complete(Choice::parse("envelope(branches=all)")), complete(Choice::parse("envelope")));
    const auto refused = [](const char* text) {
        return message_of<support::UsageError>([&] { complete(Choice::parse(text)); });
    };
    EXPECT_THAT(refused("envelope(branches=3x3+5x5spe)"),
                HasSubstr("one or more of 1x1, 3x3, 3x3sep, 5x5, 5x5sep, 7x7sep, joined by '+', not "
                          "'3x3+5x5spe'; did you mean '5x5sep'?"));
    EXPECT_THAT(refused("envelope(branches=3x3+3x3)"), HasSubstr("not '3x3+3x3'"));
    EXPECT_THAT(refused("envelope(branches=3x3+)"), HasSubstr("not '3x3+'"));
}

TEST(EnvelopeCell, RefusesWhatItCannotBe) {
    const auto refused = [](const char* text, const Site& site) {
        return message_of<support::UsageError>([&] { build_block(Choice::parse(text), site); });
    };
    EXPECT_THAT(refused("envelope", {{8, 4, 4}, 8, 2}), HasSubstr("a widener before it halves"));
    EXPECT_THAT(refused("envelope", {{8, 4, 4}, 5, 1}), HasSubstr("6 branches have no 5 channels to share"));
    EXPECT_THAT(refused("widener", {{8, 4, 4}, 8, 2}), HasSubstr("keeps the 8 channels"));
}

TEST(Widener, PoolsAndConvolves) {
    const auto block = build_block(Choice::parse("widener"), {{2, 5, 4}, 5, 2});
    initialise(*block, 2);
    const torch::NoGradGuard no_grad;
    const torch::Tensor x = torch::randn({1, 2, 5, 4});
    const torch::Tensor y = block->forward(x);
    ASSERT_EQ(y.sizes(), (Sizes{1, 5, 3, 2}));
    EXPECT_EQ(y[0][1][0][1].item<float>(), x[0][1].slice(0, 0, 2).slice(1, 2, 4).max().item<float>());
    EXPECT_EQ(y[0][0][2][0].item<float>(), x[0][0].slice(0, 4, 5).slice(1, 0, 2).max().item<float>());
    const auto p = block->named_parameters();
    const torch::Tensor convolved = torch::conv2d(x, p["conv.conv.weight"], p["conv.conv.bias"], 2, 1).relu();
    EXPECT_TRUE(torch::allclose(y.slice(1, 2), convolved));
}

} // namespace
} // namespace tessera::search_spaces
