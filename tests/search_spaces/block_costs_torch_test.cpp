// Analytic costs against the modules' own parameters and against LibTorch's FLOP counter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "tests/search_spaces/flop_counter.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using testing::FlopCounter;

std::int64_t parameters_of(const torch::nn::Module& module) {
    std::int64_t count = 0;
    for (const auto& parameter : module.parameters()) {
        count += parameter.numel();
    }
    return count;
}

std::int64_t layers_of(const torch::nn::Module& module) {
    std::int64_t count = 0;
    for (const auto& one : module.modules()) {
        count += one->as<torch::nn::Conv2dImpl>() != nullptr || one->as<torch::nn::LinearImpl>() != nullptr
                     ? 1
                     : 0;
    }
    return count;
}

/// Compares one built choice with its analytic costs; a batch of 3 shows costs that are not per image.
void expect_exact(const Choice& choice, const Site& site) {
    SCOPED_TRACE(fmt::format("{} at {}x{}x{} -> {} / {}", choice.text(), site.input.channels,
                             site.input.height, site.input.width, site.out_channels, site.stride));
    const auto block = build_block(choice, site);
    block->eval();
    // Kernels of our own work in single precision; in double the same layers are LibTorch's, which it counts.
    block->to(torch::kDouble);
    const torch::NoGradGuard no_grad;
    const Costs costs = family(choice.family()).costs(choice, site);
    EXPECT_EQ(costs.parameters, parameters_of(*block));
    const FlopCounter counter;
    const torch::Tensor y = block->forward(torch::randn(site.input.sizes(3), torch::kDouble));
    const Shape out = site.output();
    EXPECT_EQ(y.sizes(), out.sizes(3));
    EXPECT_GE(counter.operations(), layers_of(*block)); // attention's products beside them
    EXPECT_EQ(counter.zeros(), 0);
    EXPECT_EQ(counter.macs(), 3 * costs.macs);
    EXPECT_GE(costs.peak_elements, std::max(site.input.elements(), out.elements()));
}

const std::vector<Site> awkward_sites{
    {{12, 7, 5}, 12, 1}, {{12, 7, 5}, 18, 1}, {{12, 7, 5}, 18, 2}, {{5, 9, 11}, 7, 2},
    {{6, 1, 1}, 6, 1},   {{6, 1, 13}, 5, 3},  {{1, 4, 4}, 1, 1},   {{48, 8, 8}, 48, 2},
};
/// For families that want a stride of 1, a large grid, or more channels than they receive.
const std::vector<Site> roomy_sites{{{12, 13, 11}, 12, 1},
                                    {{12, 11, 19}, 17, 1},
                                    {{9, 12, 12}, 20, 2},
                                    {{7, 5, 6}, 11, 3},
                                    {{16, 16, 16}, 40, 1, 4}};

TEST(BlockCosts, EveryFamilyOnAwkwardSites) {
    for (const Family* one : families()) {
        const Choice choice = complete(Choice(std::string(one->name()), {}));
        int fitting = 0;
        for (const auto& sites : {awkward_sites, roomy_sites}) {
            for (const Site& site : sites) {
                if (one->refuse(choice, site).empty()) {
                    expect_exact(choice, site);
                    ++fitting;
                }
            }
        }
        EXPECT_GE(fitting, 3) << one->name();
    }
}

TEST(BlockCosts, MBConvParametersOneByOne) {
    for (const char* text : {"mbconv(depth=3)", "mbconv(depth=8,kernel=1)", "mbconv(kernel=11)",
                             "mbconv(kernel=7,expand=1)", "mbconv(expand=12)", "mbconv(expand=1,width=0.5)",
                             "mbconv(width=0.1)", "mbconv(expand=2,width=0.5)", "mbconv(group=4)",
                             "mbconv(group=5)", "mbconv(group=64)", "mbconv(attention=se,act=swish)",
                             "mbconv(attention=se,act=hswish,depth=2,group=3)", "mbconv(act=relu6)"}) {
        for (const Site& site : awkward_sites) {
            expect_exact(complete(Choice::parse(text)), site);
        }
    }
}

TEST(BlockCosts, ConvParametersOneByOne) {
    for (const char* text : {"conv(depth=4)", "conv(kernel=1)", "conv(kernel=11)", "conv(width=0.05)",
                             "conv(width=1.7,depth=2)"}) {
        for (const Site& site : awkward_sites) {
            expect_exact(complete(Choice::parse(text)), site);
        }
    }
}

TEST(BlockCosts, AllDonnaChoicesOnAnAwkwardSite) {
    const SearchSpace space =
        testing::space_of("input: [3, 7, 5]\nclasses: 2\nstem: {channels: 9}\nblocks: [{name: b, "
                          "channels: 11, stride: 2, " +
                          testing::donna_axes + "}]");
    for (const Choice& choice : space.blocks().front().choices) {
        expect_exact(choice, space.blocks().front().site);
    }
}

TEST(BlockCosts, WholeNetworks) {
    const SearchSpace space = testing::awkward_space();
    for (const Architecture& architecture : testing::awkward_architectures()) {
        Network network(space, architecture);
        network->eval();
        const torch::NoGradGuard no_grad;
        const Costs costs = space.costs(architecture);
        const FlopCounter counter;
        network->forward(torch::randn({1, 3, 19, 15}));
        EXPECT_EQ(counter.macs(), costs.macs);
        EXPECT_EQ(counter.operations(), layers_of(*network));
        EXPECT_EQ(counter.zeros(), 0);
        EXPECT_EQ(costs.parameters, parameters_of(*network));
    }
}

TEST(BlockCosts, TransformersOneByOne) {
    std::vector<Site> sites{
        {{12, 7, 5}, 12, 1}, {{12, 7, 5, 1}, 12, 1}, {{5, 9, 11}, 6, 2}, {{24, 1, 13, 2}, 24, 1}};
    for (const char* text :
         {"attention(depth=2,heads=3,mlp=2)", "attention(heads=6,mlp=0.25)",
          "linear_attention(depth=2,heads=3,mlp=1.5)", "linear_attention(heads=2)", "tosa(heads=3,mlp=2)",
          "padre(kernel=3)", "padre(degree=1,kernel=5,mlp=2)", "padre(depth=2,degree=3,kernel=5)",
          "tosa(depth=4,heads=2,keep=0.25,selector=heads)",
          "tosa(heads=6,keep=0.75,attention=linear,scores=softmax,width=1)", "tosa(heads=3,keep=1)"}) {
        for (const Site& site : sites) {
            EXPECT_EQ(family(Choice::parse(text).family()).refuse(complete(Choice::parse(text)), site), "");
            expect_exact(complete(Choice::parse(text)), site);
        }
    }
}

TEST(BlockCosts, AttentionByFormula) {
    // 12 L D^2 + 2 L^2 D a layer of ratio 4.
    const std::int64_t tokens = 1 + 14 * 14, d = 192;
    const Site site{{d, 14, 14, 1}, d, 1};
    const auto costs = family("attention").costs(complete(Choice::parse("attention(depth=2,heads=3)")), site);
    EXPECT_EQ(costs.macs, 2 * (12 * tokens * d * d + 2 * tokens * tokens * d));
    EXPECT_EQ(costs.parameters, 2 * (12 * d * d + 13 * d)); // biases 3 + 1 + 4 + 1, two norms of 2
    const auto linear =
        family("linear_attention").costs(complete(Choice::parse("linear_attention(depth=2,heads=3)")), site);
    EXPECT_EQ(linear.macs, 2 * (12 * tokens * d * d + 2 * tokens * d * (d / 3)));
    EXPECT_EQ(linear.parameters, costs.parameters);
}

struct Peak {
    std::string choice;
    Site site;
    std::int64_t elements;
};

TEST(BlockCosts, PeaksWorkedOutByHand) {
    const Site same{{8, 6, 6}, 8, 1}, wider{{8, 6, 6}, 16, 1}, halved{{8, 6, 6}, 16, 2};
    const std::vector<Peak> all{
        // input 288, hidden 32 * 36 = 1152: the input is held while the spatial convolution reads and writes
        {"mbconv(expand=4)", same, 288 + 1152 + 1152},
        // no residual: the input is gone by then
        {"mbconv(expand=4)", wider, 1152 + 1152},
        // the spatial output is 32 * 9 = 288; expansion and spatial convolution tie
        {"mbconv(expand=4)", halved, 288 + 1152},
        // attention: the gate's 32 elements beside its input and the product
        {"mbconv(expand=4,attention=se)", wider, 1152 + 32 + 1152},
        {"mbconv(expand=4,attention=se)", same, 288 + 1152 + 32 + 1152},
        // no expansion: input, spatial output, projection's output
        {"mbconv(expand=1)", same, 288 + 288 + 288},
        // second layer of 16 channels: 576 held, hidden 64 * 36 = 2304
        {"mbconv(expand=4,depth=2)", wider, 576 + 2304 + 2304},
        {"conv", same, 288 + 288 + 288},
        {"conv(width=0.5)", same, 288 + 144 + 288},
        // both branches' outputs are 144, and the shortcut reads the input
        {"conv", halved, 288 + 144 + 144},
        {"identity", same, 288},
        {"identity", halved, 288 + 144},
    };
    for (const Peak& peak : all) {
        const Choice choice = complete(Choice::parse(peak.choice));
        EXPECT_EQ(family(choice.family()).costs(choice, peak.site).peak_elements, peak.elements)
            << peak.choice;
    }
}

TEST(BlockCosts, HiddenWidthIsTheNearestMultipleOfTheGroup) {
    // 10 channels * 3 = 30: multiples of 4 are 28 and 32 (30 is the middle: upwards), of 7 are 28 and 35, of
    // 64 at least one.
    const Site site{{10, 4, 4}, 10, 1};
    const auto hidden = [&](const std::string& text) {
        const auto block = build_block(Choice::parse(text), site);
        return block->named_parameters()["layer0.spatial.norm.weight"].numel();
    };
    EXPECT_EQ(hidden("mbconv(expand=3,group=1)"), 30);
    EXPECT_EQ(hidden("mbconv(expand=3,group=4)"), 32);
    EXPECT_EQ(hidden("mbconv(expand=3,group=7)"), 28);
    EXPECT_EQ(hidden("mbconv(expand=3,group=64)"), 64);
    EXPECT_EQ(hidden("mbconv(expand=1,width=0.1)"), 1);
    EXPECT_EQ(hidden("mbconv(expand=1,width=0.25)"), 3); // 2.5 away from zero
}

TEST(BlockCosts, BuildingRefusesWhatTheFamilyRefuses) {
    const std::string message = support::testing::message_of([] {
        build_block(Choice::parse("mbconv(expand=1,group=4)"), {{10, 4, 4}, 12, 1});
    });
    EXPECT_THAT(message, ::testing::HasSubstr("10 channels would have to be a multiple of group 4"));
}

} // namespace
} // namespace tessera::search_spaces
