// Seeded first weights: the same bits whatever else happens in the process.
#include <cmath>
#include <thread>

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using testing::awkward_architectures;
using testing::awkward_space;

std::vector<torch::Tensor> state(const torch::nn::Module& module) {
    std::vector<torch::Tensor> all;
    for (const auto& tensor : module.parameters()) {
        all.push_back(tensor.detach().clone());
    }
    for (const auto& tensor : module.buffers()) {
        all.push_back(tensor.clone());
    }
    return all;
}

bool same(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
    bool equal = a.size() == b.size();
    for (std::size_t i = 0; equal && i < a.size(); ++i) {
        equal = torch::equal(a[i], b[i]);
    }
    return equal;
}

Network fresh(std::uint64_t seed) {
    Network network(awkward_space(), awkward_architectures()[2]);
    initialise(*network, seed);
    return network;
}

TEST(Initialise, IndependentOfTheGlobalGeneratorAndTheThreads) {
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    torch::manual_seed(1);
    const auto expected = state(*fresh(42));
    at::set_num_threads(2);
    torch::manual_seed(2);
    EXPECT_TRUE(same(state(*fresh(42)), expected));
    at::set_num_threads(threads);

    std::vector<torch::Tensor> other;
    std::thread([&] { other = state(*fresh(42)); }).join();
    EXPECT_TRUE(same(other, expected));
    EXPECT_FALSE(same(state(*fresh(43)), expected));
}

TEST(Initialise, LeavesTheGlobalGeneratorAlone) {
    Network network = fresh(1);
    torch::manual_seed(3);
    const torch::Tensor expected = torch::randn({8});
    torch::manual_seed(3);
    initialise(*network, 2);
    EXPECT_TRUE(torch::equal(torch::randn({8}), expected));
}

TEST(Initialise, UndoesTrainingAndIgnoresTheMemoryFormat) {
    Network network = fresh(5);
    const auto expected = state(*network);
    for (auto& parameter : network->parameters()) {
        if (parameter.dim() == 4) {
            parameter.set_data(parameter.detach().contiguous(torch::MemoryFormat::ChannelsLast));
        }
    }
    network->forward(torch::randn({4, 3, 19, 15}) * 10);
    EXPECT_FALSE(same(state(*network), expected));
    initialise(*network, 5);
    EXPECT_TRUE(same(state(*network), expected));
}

TEST(Initialise, ABlocksWeightsDoNotDependOnItsNeighbours) {
    const SearchSpace space = awkward_space();
    Network a(space, Architecture::parse("identity | conv")),
        b(space, Architecture::parse("conv(depth=2,kernel=1,width=0.5) | conv"));
    initialise(*a, 9);
    initialise(*b, 9);
    EXPECT_TRUE(same(state(*a->blocks[1]), state(*b->blocks[1])));
    EXPECT_TRUE(same(state(*a->stem), state(*b->stem)));
}

TEST(Initialise, FollowsKaimingAndTheNormalisationsConventions) {
    const auto block =
        build_block(Choice::parse("mbconv(expand=8,group=4,kernel=5,attention=se)"), {{32, 8, 8}, 48, 1});
    initialise(*block, 3);
    const auto parameters = block->named_parameters();
    const auto deviation = [&](const std::string& name) { return parameters[name].std().item<double>(); };
    EXPECT_NEAR(deviation("layer0.expand.conv.weight"), std::sqrt(2.0 / 256), 0.003);
    EXPECT_NEAR(deviation("layer0.spatial.conv.weight"), std::sqrt(2.0 / (4 * 25)),
                0.003); // four outputs a group
    EXPECT_NEAR(deviation("layer0.project.conv.weight"), std::sqrt(2.0 / 48), 0.004);
    EXPECT_TRUE((parameters["layer0.attention.reduce.bias"] == 0).all().item<bool>());
    EXPECT_TRUE((parameters["layer0.expand.norm.weight"] == 1).all().item<bool>());
    EXPECT_TRUE((parameters["layer0.expand.norm.bias"] == 0).all().item<bool>());
}

struct Scaled : torch::nn::Module, SelfInitialising {
    Scaled() : scale(register_parameter("scale", torch::zeros({}))) {}
    void initialise_own(at::Generator generator) override { scale.normal_(0.5, 0.01, generator); }
    torch::Tensor scale;
};

struct Unruly : torch::nn::Module {
    Unruly() { register_parameter("scale", torch::zeros({})); }
};

TEST(Initialise, ModulesMayHaveTheirOwnRule) {
    Scaled a, b;
    initialise(a, 1);
    initialise(b, 1);
    EXPECT_NEAR(a.scale.item<double>(), 0.5, 0.06);
    EXPECT_TRUE(torch::equal(a.scale, b.scale));
    Unruly unruly;
    EXPECT_THROW(initialise(unruly, 1), std::logic_error);
}

} // namespace
} // namespace tessera::search_spaces
