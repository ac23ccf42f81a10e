// Stems, heads and blocks of vision transformers.
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/linear_attention.h"
#include "search_spaces/layers/positions.h"
#include "search_spaces/layers/softmax_attention.h"
#include "search_spaces/layers/token_map.h"
#include "search_spaces/torchscript.h"
#include "support/files.h"
#include "tests/search_spaces/helpers.h"
#include "tests/search_spaces/memory_meter.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;
using testing::space_of;

SearchSpace deit(const std::string& size) {
    const auto document = support::Document::load(TESSERA_SOURCE_DIR "/configs/deit-" + size + ".yaml");
    return SearchSpace::read(document.root().section("space", "the search space"));
}

TEST(VisionTransformer, DeitHasItsPublishedParameters) {
    for (const auto& [size, published] :
         {std::pair{"tiny", 5'717'416}, std::pair{"small", 22'050'664}, std::pair{"base", 86'567'656}}) {
        const SearchSpace space = deit(size);
        EXPECT_EQ(space.costs(space.reference()).parameters, published) << size;
    }
    const SearchSpace tiny = deit("tiny");
    std::int64_t built = 0;
    for (const auto& parameter : Network(tiny, tiny.reference())->parameters()) {
        built += parameter.numel();
    }
    EXPECT_EQ(built, 5'717'416);
    // 14 x 14 patches and the class token: patch embedding, twelve layers, the classifier.
    const std::int64_t n = 197, d = 192;
    EXPECT_EQ(tiny.costs(tiny.reference()).macs,
              196 * 768 * d + 12 * (12 * n * d * d + 2 * n * n * d) + d * 1000);
}

/// What timm's DeiT-T consists of.
std::map<std::string, std::vector<std::int64_t>> published_shapes() {
    const std::int64_t d = 192;
    std::map<std::string, std::vector<std::int64_t>> all{{"cls_token", {1, 1, d}},
                                                         {"pos_embed", {1, 197, d}},
                                                         {"patch_embed.proj.weight", {d, 3, 16, 16}},
                                                         {"patch_embed.proj.bias", {d}},
                                                         {"norm.weight", {d}},
                                                         {"norm.bias", {d}},
                                                         {"head.weight", {1000, d}},
                                                         {"head.bias", {1000}}};
    for (int layer = 0; layer < 12; ++layer) {
        const auto add = [&](const std::string& name, std::int64_t out, std::int64_t in) {
            const std::string whole = fmt::format("blocks.{}.{}.", layer, name);
            all[whole + "weight"] = in > 0 ? std::vector{out, in} : std::vector{out};
            all[whole + "bias"] = {out};
        };
        add("norm1", d, 0);
        add("attn.qkv", 3 * d, d);
        add("attn.proj", d, d);
        add("norm2", d, 0);
        add("mlp.fc1", 4 * d, d);
        add("mlp.fc2", d, 4 * d);
    }
    return all;
}

TEST(VisionTransformer, PublishedNamesAreThoseOfTheNetworkByWayOfTheDocumentation) {
    if (std::system("python3 --version > /dev/null 2>&1") != 0) {
        GTEST_SKIP() << "no python3";
    }
    const std::string page = support::read_file(TESSERA_SOURCE_DIR "/docs/transformers.md"),
                      fence = "```python\n";
    const std::size_t begin = page.find(fence);
    ASSERT_NE(begin, std::string::npos);
    const std::string code =
        page.substr(begin + fence.size(), page.find("```", begin + 3) - begin - fence.size());
    const support::testing::TemporaryFolder folder;
    support::testing::put(folder / "timm_names.py", code);
    std::string published;
    for (const auto& item : published_shapes()) {
        published += item.first + "\n";
    }
    support::testing::put(folder / "names.txt", published);
    const std::string here = folder.path().string();
    const std::string command = fmt::format(
        "cd '{}' && python3 -c 'from timm_names import tessera_name; "
        "print(*[tessera_name(line.strip()) for line in open(\"names.txt\")], sep=\"\\n\")' > ours.txt",
        here);
    ASSERT_EQ(std::system(command.c_str()), 0);
    std::istringstream ours(support::read_file(here + "/ours.txt"));
    const SearchSpace tiny = deit("tiny");
    Network network(tiny, tiny.reference());
    EXPECT_TRUE(network->buffers().empty());
    const auto parameters = network->named_parameters();
    std::set<std::string> met;
    for (const auto& [name, sizes] : published_shapes()) {
        std::string own;
        std::getline(ours, own);
        ASSERT_TRUE(parameters.contains(own)) << name << " is to be " << own;
        EXPECT_EQ(parameters[own].sizes(), sizes) << own;
        met.insert(own);
    }
    EXPECT_EQ(met.size(), parameters.size());
}

/// A convolutional early block, transformers of two widths after it.
const std::string hybrid = R"(
input: [3, 19, 15]
classes: 7
stem: {channels: 16, layers: 2, stride: 2, act: hswish, positions: sinusoidal}
blocks:
  - {name: a, channels: 16, choices: [conv: {}, attention: {heads: 2}, identity: {}]}
  - {name: b, channels: 24, stride: 2, choices: [attention: {depth: 2, heads: 3, mlp: 2}, linear_attention: {heads: 4, mlp: 1}]}
head: {norm: layer}
)";
const std::string with_class_token = R"(
input: [3, 12, 18]
classes: 7
stem: {kind: patch, channels: 12, stride: 6, positions: learned, class_token: true}
blocks:
  - {name: a, channels: 12, choices: [attention: {heads: 3, mlp: 2}, linear_attention: {heads: 3, mlp: 2}, identity: {}]}
head: {norm: layer, pool: class}
)";

TEST(VisionTransformer, NetworksHaveTheirAnalyticParametersAndShapes) {
    for (const std::string& text : {hybrid, with_class_token}) {
        const SearchSpace space = space_of(text);
        for (std::size_t c = 0; c < space.blocks().front().choices.size(); ++c) {
            std::vector<int> genome(space.blocks().size(), 0);
            genome.front() = static_cast<int>(c);
            const Architecture architecture = space.architecture(genome);
            Network network(space, architecture);
            initialise(*network, 3);
            std::int64_t parameters = 0;
            for (const auto& parameter : network->parameters()) {
                parameters += parameter.numel();
            }
            EXPECT_EQ(parameters, space.costs(architecture).parameters);
            const torch::NoGradGuard no_grad;
            network->eval();
            const auto images = torch::rand({2, 3, space.input().height, space.input().width});
            const auto maps = network->boundaries(images);
            for (std::size_t b = 0; b < space.blocks().size(); ++b) {
                EXPECT_EQ(maps[b].sizes(), space.blocks()[b].site.input.sizes(2));
            }
            EXPECT_EQ(network->forward(images).sizes(), (std::vector<std::int64_t>{2, 7}));
        }
    }
}

TEST(VisionTransformer, DeployedFormsAnswerAlikeAtAnyBatch) {
    for (const std::string& text : {hybrid, with_class_token}) {
        const SearchSpace space = space_of(text);
        for (int c = 0; c < 3; ++c) {
            std::vector<int> genome(space.blocks().size(), c % 2);
            genome.front() = c;
            Network network(space, space.architecture(genome));
            initialise(*network, 4);
            network->eval();
            const torch::NoGradGuard no_grad;
            const auto example = torch::rand({2, 3, space.input().height, space.input().width});
            auto deployed = deploy(
                *network, [&](const torch::Tensor& x) { return network->forward(x); }, example);
            for (const std::int64_t batch : {1, 3, 64}) {
                const auto images = torch::rand({batch, 3, space.input().height, space.input().width});
                const auto expected = network->forward(images);
                EXPECT_LT((deployed.forward({images}).toTensor() - expected).abs().max().item<double>(),
                          1e-5);
            }
        }
    }
}

TEST(VisionTransformer, ClonesAndSeedsReproduceEveryTensor) {
    const SearchSpace space = space_of(with_class_token);
    Network one(space, space.reference()), two(space, space.reference());
    initialise(*one, 5);
    initialise(*two, 5);
    const auto copy = std::dynamic_pointer_cast<NetworkImpl>(one->clone());
    for (const auto& item : one->named_parameters()) {
        EXPECT_TRUE(torch::equal(item.value(), two->named_parameters()[item.key()])) << item.key();
        EXPECT_TRUE(torch::equal(item.value(), copy->named_parameters()[item.key()])) << item.key();
    }
    EXPECT_GT(one->named_parameters()["stem.positions.class_tokens"].abs().max().item<double>(), 0);
}

TEST(Stem, ConvolutionsShareTheStrideAndHalveTheWidthBackwards) {
    const auto layers_of = [](const std::string& stem) {
        const auto space = space_of("input: [3, 32, 32]\nclasses: 2\nstem: " + stem +
                                    "\nblocks: [{name: a, channels: 8, choices: [identity: {}]}]");
        std::vector<std::pair<std::int64_t, std::int64_t>> result;
        for (const auto& layer : space.stem().convolutions()) {
            result.emplace_back(layer.channels, layer.stride);
        }
        return result;
    };
    using Layers = std::vector<std::pair<std::int64_t, std::int64_t>>;
    EXPECT_EQ(layers_of("{channels: 96, layers: 3, stride: 4}"), (Layers{{24, 1}, {48, 2}, {96, 2}}));
    EXPECT_EQ(layers_of("{channels: 96, layers: 2, stride: 4}"), (Layers{{48, 2}, {96, 2}}));
    EXPECT_EQ(layers_of("{channels: 12, layers: 3, stride: 1}"), (Layers{{8, 1}, {8, 1}, {12, 1}}));
    EXPECT_EQ(layers_of("{channels: 6, layers: 2}"), (Layers{{6, 1}, {6, 1}}));
    EXPECT_EQ(layers_of("{channels: 96, stride: 3}"), (Layers{{96, 3}}));
}

TEST(Stem, PositionsAreAddedIntoANewTensor) {
    const auto peak_of = [](const std::string& stem) {
        return space_of("input: [1, 4, 4]\nclasses: 2\nstem: " + stem +
                        "\nblocks: [{name: a, channels: 64, choices: [identity: {}]}]")
            .stem()
            .costs({1, 4, 4})
            .peak_elements;
    };
    EXPECT_EQ(peak_of("{kind: patch, channels: 64, stride: 2}"), 16 + 4 * 64);
    for (const char* kind : {"learned", "sinusoidal"}) {
        EXPECT_EQ(peak_of(fmt::format("{{kind: patch, channels: 64, stride: 2, positions: {}}}", kind)),
                  4 * 64 + 4 * 64);
        Positions positions(PositionsOptions(64, {2, 2, 1}).kind(kind));
        const torch::NoGradGuard no_grad;
        const auto tokens = torch::randn({1, 4, 64}), before = tokens.clone();
        const auto meter = testing::metered([&] { positions->forward(tokens); });
        EXPECT_TRUE(torch::equal(tokens, before));
        EXPECT_EQ(meter->peak, (5 + 5) * 64 * 4); // with the class token in front, and the sum
    }
    EXPECT_EQ(peak_of("{kind: patch, channels: 64, stride: 2, positions: learned, class_token: true}"),
              5 * 64 + 5 * 64);
}

std::string with_stem(const std::string& stem, const std::string& head = "{}",
                      const std::string& choice = "attention: {}") {
    return message_of([&] {
        space_of("input: [3, 18, 12]\nclasses: 2\nstem: " + stem +
                 "\nblocks: [{name: a, channels: 12, choices: [" + choice + "]}]\nhead: " + head);
    });
}

TEST(VisionTransformer, RefusesWhatDoesNotFit) {
    EXPECT_THAT(with_stem("{kind: patch, channels: 12, stride: 4}"),
                HasSubstr("patches of 4 x 4 do not tile an image of 18 x 12"));
    EXPECT_THAT(with_stem("{kind: patch, channels: 12, stride: 6, layers: 2}"), HasSubstr("is one layer"));
    EXPECT_THAT(with_stem("{channels: 12, layers: 2, stride: 6}"),
                HasSubstr("2 convolutions of stride 1 or 2 do not make 6"));
    EXPECT_THAT(with_stem("{channels: 14, positions: sinusoidal}"), HasSubstr("multiple of 4 channels"));
    EXPECT_THAT(with_stem("{kind: path}"), HasSubstr("did you mean \"patch\""));
    EXPECT_THAT(with_stem("{channels: 12}", "{pool: class}"), HasSubstr("there is no class token"));
    EXPECT_THAT(with_stem("{channels: 12, class_token: true}", "{channels: 8}"),
                HasSubstr("a class token has no place in a convolution's map"));
    EXPECT_THAT(with_stem("{channels: 12}", "{}", "attention: {heads: 5}"),
                HasSubstr("5 heads do not divide 12 channels"));
    EXPECT_THAT(with_stem("{channels: 12}", "{}", "linear_attention: {heads: 8}"),
                HasSubstr("8 heads do not divide 12 channels"));
    for (const char* choice : {"conv: {}", "mbconv: {expand: 1}", "mbconv: {}"}) {
        EXPECT_THAT(with_stem("{channels: 12, class_token: true}", "{}", choice), HasSubstr("class token"));
    }
    // The shape changes: there would have to be a convolution.
    for (const char* choice : {"attention: {}", "identity: {}"}) {
        EXPECT_THAT(with_stem("{channels: 8, class_token: true}", "{}", choice), HasSubstr("class token"));
    }
}

TEST(Sinusoids, KnownValues) {
    const auto table = sinusoids(2, 3, 8);
    EXPECT_EQ(table.sizes(), (std::vector<std::int64_t>{1, 6, 8}));
    // Row 1, column 2: frequencies 1 and 1/100.
    const auto last = table[0][5];
    const std::vector<double> expected{std::sin(1.0), std::sin(0.01), std::cos(1.0), std::cos(0.01),
                                       std::sin(2.0), std::sin(0.02), std::cos(2.0), std::cos(0.02)};
    for (std::int64_t i = 0; i < 8; ++i) {
        EXPECT_NEAR(last[i].item<double>(), expected[static_cast<std::size_t>(i)], 1e-6);
    }
    for (std::int64_t a = 0; a < 6; ++a) { // no two places alike
        for (std::int64_t b = 0; b < a; ++b) {
            EXPECT_GT((table[0][a] - table[0][b]).abs().max().item<double>(), 0.1);
        }
    }
}

TEST(TokenMap, IsAViewOfAChannelsLastMap) {
    const auto map = torch::rand({2, 5, 3, 4}).contiguous(at::MemoryFormat::ChannelsLast);
    const auto tokens = to_tokens(map);
    EXPECT_EQ(tokens.data_ptr(), map.data_ptr());
    EXPECT_TRUE(torch::equal(tokens[1][7], map.index({1, torch::indexing::Slice(), 1, 3})));
    const auto back = to_map(tokens, {3, 4, 0});
    EXPECT_EQ(back.data_ptr(), map.data_ptr());
    EXPECT_TRUE(torch::equal(back, map));
    EXPECT_TRUE(back.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_EQ(to_map(tokens, {1, 11, 1}).sizes(), (std::vector<std::int64_t>{2, 5, 12, 1}));
}

/// What forward() promises to be, by way of the scores.
torch::Tensor by_scores(ScoringMixer& mixer, const torch::Tensor& tokens) {
    const Heads heads = mixer.split(tokens);
    const auto p = mixer.probabilities(mixer.scores(heads.queries, heads.keys));
    EXPECT_LT((p.sum(-1) - 1).abs().max().item<double>(), 1e-5);
    EXPECT_NEAR(p.sum({2, 3}).mean().item<double>(), static_cast<double>(tokens.size(1)), 1e-3);
    return mixer.output(at::matmul(p, heads.values));
}

TEST(Attention, ForwardIsTheScoresApplied) {
    for (const std::int64_t length : {1, 7, 33}) {
        const auto tokens = torch::randn({2, length, 12});
        SoftmaxAttention softmax(AttentionOptions(12, 3));
        initialise(*softmax, 1);
        const torch::NoGradGuard no_grad;
        EXPECT_LT((softmax->forward(tokens) - by_scores(*softmax, tokens)).abs().max().item<double>(), 1e-5);
        LinearAttention linear(AttentionOptions(12, 3));
        initialise(*linear, 1);
        EXPECT_LT((linear->forward(tokens) - by_scores(*linear, tokens)).abs().max().item<double>(), 1e-5);
    }
}

TEST(Attention, LinearAttentionHasAnAnswerWhereItsFeaturesVanish) {
    LinearAttention linear(AttentionOptions(12, 3));
    initialise(*linear, 1);
    const auto tokens = torch::randn({2, 9, 12});
    const auto feature = [](const torch::Tensor& x) { return at::elu(x) + 1; };
    {
        // Where nothing vanishes nothing is other than phi(x) = elu(x) + 1, to the bit.
        const torch::NoGradGuard no_grad;
        const Heads plain = linear->ProjectedAttentionImpl::split(tokens), used = linear->split(tokens);
        EXPECT_TRUE(torch::equal(used.queries, feature(plain.queries)));
        EXPECT_TRUE(torch::equal(used.keys, feature(plain.keys)));
    }
    for (const double depth : {-16.0, -17.4, -20.0, -100.0}) {
        for (const bool keys_alone : {false, true}) {
            {
                const torch::NoGradGuard no_grad;
                linear->qkv->bias.narrow(0, 0, 24).fill_(depth);
                linear->qkv->bias.narrow(0, 0, keys_alone ? 12 : 0).fill_(0);
            }
            linear->zero_grad();
            const auto result = linear->forward(tokens);
            EXPECT_TRUE(result.isfinite().all().item<bool>()) << depth;
            EXPECT_LT(result.abs().max().item<double>(), 10) << depth; // a mean of values, projected
            result.square().sum().backward();
            for (const auto& item : linear->named_parameters()) {
                EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key() << " " << depth;
                EXPECT_LT(item.value().grad().abs().max().item<double>(), 1e4) << item.key() << " " << depth;
            }
            const torch::NoGradGuard no_grad;
            const Heads heads = linear->split(tokens);
            const auto p = linear->probabilities(linear->scores(heads.queries, heads.keys));
            EXPECT_LT((p.sum(-1) - 1).abs().max().item<double>(), 1e-5) << depth;
            EXPECT_LT((linear->output(at::matmul(p, heads.values)) - result).abs().max().item<double>(),
                      1e-4);
        }
    }
}

TEST(Attention, SoftmaxIsLibTorchsMultiheadAttention) {
    SoftmaxAttention own(AttentionOptions(12, 3));
    initialise(*own, 2);
    torch::nn::MultiheadAttention theirs(12, 3);
    const torch::NoGradGuard no_grad;
    theirs->in_proj_weight.copy_(own->qkv->weight);
    theirs->in_proj_bias.copy_(own->qkv->bias);
    theirs->out_proj->weight.copy_(own->project->weight);
    theirs->out_proj->bias.copy_(own->project->bias);
    const auto tokens = torch::randn({2, 9, 12}), sequence_first = tokens.transpose(0, 1);
    const auto expected =
        std::get<0>(theirs->forward(sequence_first, sequence_first, sequence_first)).transpose(0, 1);
    EXPECT_LT((own->forward(tokens) - expected).abs().max().item<double>(), 1e-5);
}

TEST(Attention, IsEquivariantUnderPermutations) {
    const auto order = torch::randperm(11);
    const auto tokens = torch::randn({1, 11, 8});
    const torch::NoGradGuard no_grad;
    SoftmaxAttention softmax(AttentionOptions(8, 2));
    LinearAttention linear(AttentionOptions(8, 2));
    for (TokenMixerImpl* mixer :
         {static_cast<TokenMixerImpl*>(softmax.get()), static_cast<TokenMixerImpl*>(linear.get())}) {
        initialise(*mixer, 6);
        const auto before = mixer->forward(tokens).index_select(1, order);
        EXPECT_LT((mixer->forward(tokens.index_select(1, order)) - before).abs().max().item<double>(), 1e-5);
    }
}

} // namespace
} // namespace tessera::search_spaces
