// Whole networks: shapes, memory format, gradients, clones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using testing::awkward_architectures;
using testing::awkward_space;
using Sizes = std::vector<std::int64_t>;

torch::Tensor image(std::int64_t batch) { return torch::randn({batch, 3, 19, 15}); }

TEST(Network, ForwardAndBoundariesHaveTheSpacesShapes) {
    const SearchSpace space = awkward_space();
    for (const Architecture& architecture : awkward_architectures()) {
        Network network(space, architecture);
        EXPECT_EQ(network->architecture, space.architecture(space.genome(architecture)));
        network->eval();
        const torch::NoGradGuard no_grad;
        const torch::Tensor x = image(2);
        const std::vector<torch::Tensor> maps = network->boundaries(x);
        ASSERT_EQ(maps.size(), 3U);
        EXPECT_EQ(maps[0].sizes(), (Sizes{2, 12, 10, 8}));
        EXPECT_EQ(maps[1].sizes(), (Sizes{2, 18, 5, 4}));
        EXPECT_EQ(maps[2].sizes(), (Sizes{2, 18, 5, 4}));
        const torch::Tensor y = network->forward(x);
        EXPECT_EQ(y.sizes(), (Sizes{2, 7}));
        EXPECT_TRUE(torch::equal(network->head->forward(maps.back()), y));
    }
}

TEST(Network, SubmodulesAreNamedByPosition) {
    Network network(awkward_space(), awkward_architectures()[1]);
    std::vector<std::string> names;
    for (const auto& child : network->named_children()) {
        names.push_back(child.key());
    }
    EXPECT_THAT(names, ::testing::ElementsAre("stem", "block0", "block1", "head"));
    EXPECT_TRUE(network->named_parameters().contains("block1.layer0.first.conv.weight"));
    EXPECT_TRUE(network->named_parameters().contains("head.linear.bias"));
}

TEST(Network, RefusesAnArchitectureOfAnotherSpace) {
    EXPECT_THROW(Network(awkward_space(), Architecture::parse("identity | conv(depth=8)")),
                 support::UsageError);
}

TEST(Network, KeepsChannelsLast) {
    const SearchSpace space = awkward_space();
    for (const Architecture& architecture : awkward_architectures()) {
        for (const bool training : {true, false}) {
            Network network(space, architecture);
            network->train(training);
            network->to(torch::kCPU);
            for (const torch::Tensor& map :
                 network->boundaries(image(2).contiguous(torch::MemoryFormat::ChannelsLast))) {
                EXPECT_TRUE(map.is_contiguous(torch::MemoryFormat::ChannelsLast)) << architecture.text();
            }
        }
    }
}

TEST(Network, IdentityPassesTheMapThrough) {
    const auto block = build_block(Choice::parse("identity"), {{4, 3, 3}, 4, 1});
    const torch::Tensor x = torch::randn({2, 4, 3, 3});
    EXPECT_TRUE(block->forward(x).is_same(x));
    EXPECT_TRUE(block->parameters().empty());
    EXPECT_EQ(build_block(Choice::parse("identity"), {{4, 3, 3}, 6, 1})->forward(x).sizes(),
              (Sizes{2, 6, 3, 3}));
}

TEST(Network, BlocksLeaveTheirInputAlone) {
    const SearchSpace space = awkward_space();
    for (const Block& block : space.blocks()) {
        const Shape& in = block.site.input;
        for (const Choice& choice : block.choices) {
            const auto module = build_block(choice, block.site);
            const torch::Tensor x = torch::randn({2, in.channels, in.height, in.width});
            const torch::Tensor before = x.clone();
            module->forward(x);
            EXPECT_TRUE(torch::equal(x, before)) << choice.text();
        }
    }
}

TEST(Network, EveryParameterGetsAGradient) {
    const SearchSpace space = awkward_space();
    for (const Architecture& architecture : awkward_architectures()) {
        Network network(space, architecture);
        initialise(*network, 1);
        const torch::Tensor target = torch::randint(0, 7, {4});
        torch::nn::functional::cross_entropy(network->forward(image(4)), target).backward();
        for (const auto& item : network->named_parameters()) {
            ASSERT_TRUE(item.value().grad().defined()) << item.key();
            EXPECT_TRUE(torch::isfinite(item.value().grad()).all().item<bool>()) << item.key();
        }
    }
}

TEST(Network, ClonesAreEqualAndIndependent) {
    const SearchSpace space = awkward_space();
    for (const Architecture& architecture : awkward_architectures()) {
        Network network(space, architecture);
        initialise(*network, 7);
        network->forward(image(4)); // moves the running statistics
        network->eval();
        network->head->train();
        network->stem->parameters()[0].set_requires_grad(false);

        const auto copy = std::dynamic_pointer_cast<NetworkImpl>(network->clone());
        ASSERT_TRUE(copy != nullptr);
        EXPECT_EQ(copy->architecture, network->architecture);
        EXPECT_FALSE(copy->is_training());
        EXPECT_FALSE(copy->blocks[0]->is_training());
        EXPECT_TRUE(copy->head->is_training());
        EXPECT_FALSE(copy->stem->parameters()[0].requires_grad());
        EXPECT_TRUE(copy->stem->parameters()[1].requires_grad());

        const torch::Tensor x = image(3);
        const torch::Tensor expected =
            network->forward(x); // draws a dropout mask, as the clone does from its own copy
        EXPECT_TRUE(torch::equal(copy->forward(x), expected));
        copy->eval();
        network->eval();
        EXPECT_TRUE(torch::equal(copy->forward(x), network->forward(x)));
        {
            const torch::NoGradGuard no_grad;
            for (auto& parameter : copy->parameters()) {
                parameter.add_(1);
            }
            for (auto& buffer : copy->buffers()) {
                buffer.add_(1);
            }
        }
        const auto again = std::dynamic_pointer_cast<NetworkImpl>(network->clone());
        EXPECT_TRUE(torch::equal(again->forward(x), network->forward(x)));
        EXPECT_FALSE(torch::equal(copy->forward(x), network->forward(x)));
    }
}

} // namespace
} // namespace tessera::search_spaces
