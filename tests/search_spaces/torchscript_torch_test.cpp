// Traced and deployed networks: equal to the eager ones at any batch size, folded, loadable, independent.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/torchscript.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using testing::awkward_architectures;
using testing::awkward_space;
using ::testing::HasSubstr;
using ::testing::Not;

/// A network whose BatchNorms have something to fold.
Network lived_in(const Architecture& architecture) {
    Network network(awkward_space(), architecture);
    initialise(*network, 11);
    const torch::NoGradGuard no_grad;
    for (auto& item : network->named_buffers()) {
        if (item.key().ends_with("running_mean")) {
            item.value().normal_(0, 0.3);
        }
        if (item.key().ends_with("running_var")) {
            item.value().uniform_(0.5, 2);
        }
    }
    for (auto& item : network->named_parameters()) {
        if (item.key().ends_with("norm.weight")) {
            item.value().uniform_(0.5, 1.5);
        }
        if (item.key().ends_with("bias")) {
            item.value().normal_(0, 0.2);
        }
    }
    return network;
}

auto forward_of(Network& network) {
    return [&network](const torch::Tensor& x) { return network->forward(x); };
}

double difference(torch::jit::Module& script, Network& network, std::int64_t batch) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor x = torch::randn({batch, 3, 19, 15});
    return (script.forward({x}).toTensor() - network->forward(x)).abs().max().item<double>();
}

std::vector<std::string> operators(const torch::jit::Block& block) {
    std::vector<std::string> result;
    for (const torch::jit::Node* node : block.nodes()) {
        result.emplace_back(node->kind().toQualString());
        for (const torch::jit::Block* inner : node->blocks()) {
            for (auto& name : operators(*inner)) {
                result.push_back(name);
            }
        }
    }
    return result;
}

TEST(TorchScript, EqualsTheEagerNetworkAtAnyBatchSize) {
    for (const Architecture& architecture : awkward_architectures()) {
        Network network = lived_in(architecture);
        torch::jit::Module traced = trace(*network, forward_of(network), torch::randn({2, 3, 19, 15}));
        torch::jit::Module deployed = deploy(*network, forward_of(network), torch::randn({2, 3, 19, 15}));
        network->eval();
        for (const std::int64_t batch : {1, 3, 64}) {
            EXPECT_LE(difference(traced, network, batch), 1e-6) << architecture.text();
            EXPECT_LE(difference(deployed, network, batch), 1e-4) << architecture.text();
        }
    }
}

TEST(TorchScript, DeployedGraphsHaveNoBatchNormNorInPlaceOperators) {
    for (const Architecture& architecture : awkward_architectures()) {
        Network network = lived_in(architecture);
        const torch::jit::Module deployed =
            deploy(*network, forward_of(network), torch::randn({2, 3, 19, 15}));
        const std::vector<std::string> names = operators(*deployed.get_method("forward").graph()->block());
        EXPECT_THAT(names, ::testing::Contains("aten::_convolution"))
            << deployed.get_method("forward").graph()->toString();
        for (const std::string& name : names) {
            EXPECT_THAT(name, Not(HasSubstr("batch_norm")));
            EXPECT_FALSE(name.starts_with("aten::") && name.ends_with("_")) << name;
        }
        EXPECT_EQ(deployed.parameters().size(), 0U);
    }
}

TEST(TorchScript, SavedFilesLoadAgain) {
    Network network = lived_in(awkward_architectures()[2]);
    for (const bool frozen : {false, true}) {
        const torch::jit::Module module =
            frozen ? deploy(*network, forward_of(network), torch::randn({2, 3, 19, 15}))
                   : trace(*network, forward_of(network), torch::randn({2, 3, 19, 15}));
        std::stringstream file;
        module.save(file);
        torch::jit::Module loaded = torch::jit::load(file);
        network->eval();
        EXPECT_LE(difference(loaded, network, 3), 1e-4);
        network->train();
    }
}

TEST(TorchScript, TracedModulesMirrorTheTree) {
    Network network = lived_in(awkward_architectures()[1]);
    const torch::jit::Module traced = trace(*network, forward_of(network), torch::randn({2, 3, 19, 15}));
    std::vector<std::string> expected, found;
    for (const auto& item : network->named_parameters()) {
        expected.push_back(item.key());
    }
    for (const auto& item : traced.named_parameters()) {
        found.push_back(item.name);
    }
    EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(expected));
}

TEST(TorchScript, SharesNothingWithTheNetwork) {
    Network network = lived_in(awkward_architectures()[0]);
    torch::jit::Module traced = trace(*network, forward_of(network), torch::randn({1, 3, 19, 15}));
    torch::jit::Module deployed = deploy(*network, forward_of(network), torch::randn({1, 3, 19, 15}));
    const torch::Tensor x = torch::randn({2, 3, 19, 15});
    const torch::Tensor from_traced = traced.forward({x}).toTensor(),
                        from_deployed = deployed.forward({x}).toTensor();
    EXPECT_FALSE(from_traced.requires_grad());
    EXPECT_FALSE(from_deployed.requires_grad());
    {
        const torch::NoGradGuard no_grad;
        for (auto& parameter : network->parameters()) {
            parameter.add_(1);
        }
    }
    EXPECT_TRUE(torch::equal(traced.forward({x}).toTensor(), from_traced));
    EXPECT_TRUE(torch::equal(deployed.forward({x}).toTensor(), from_deployed));
}

TEST(TorchScript, LeavesModesAndGradientsAsTheyWere) {
    Network network = lived_in(awkward_architectures()[2]);
    network->train();
    network->blocks[0]->eval();
    network->stem->parameters()[0].set_requires_grad(false);
    deploy(*network, forward_of(network), torch::randn({1, 3, 19, 15}));
    EXPECT_TRUE(network->is_training());
    EXPECT_TRUE(network->stem->is_training());
    EXPECT_FALSE(network->blocks[0]->is_training());
    EXPECT_TRUE(network->blocks[1]->is_training());
    EXPECT_FALSE(network->stem->parameters()[0].requires_grad());
    EXPECT_TRUE(network->stem->parameters()[1].requires_grad());
}

TEST(TorchScript, SingleBlocksCanBeDeployed) {
    for (const char* text : {"identity", "conv", "mbconv(attention=se)"}) {
        const auto block = build_block(Choice::parse(text), {{6, 5, 5}, 6, 1});
        torch::jit::Module deployed = deploy(
            *block, [&](const torch::Tensor& x) { return block->forward(x); }, torch::randn({2, 6, 5, 5}));
        block->eval();
        const torch::Tensor x = torch::randn({4, 6, 5, 5});
        EXPECT_TRUE(torch::allclose(deployed.forward({x}).toTensor(), block->forward(x), 1e-4, 1e-4)) << text;
    }
}

TEST(TorchScript, AFailureIsOneLine) {
    Network network = lived_in(awkward_architectures()[0]);
    const std::string message = message_of<support::RunError>([&] {
        deploy(*network, forward_of(network), torch::randn({1, 4, 19, 15}));
    }); // four channels
    EXPECT_THAT(message, HasSubstr("cannot be traced: "));
    EXPECT_THAT(message, HasSubstr("channels"));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
    EXPECT_TRUE(network->is_training());
    // The tracer is usable again.
    EXPECT_NO_THROW(deploy(*network, forward_of(network), torch::randn({1, 3, 19, 15})));
}

} // namespace
} // namespace tessera::search_spaces
