// What blocks learn beside the network's own loss, in a whole training.
#include <numeric>

#include <gtest/gtest.h>

#include "search_spaces/auxiliary_task.h"
#include "tests/training/tiny.h"
#include "training/state.h"
#include "training/trainer.h"

namespace tessera::training {
namespace {

using search_spaces::Network;

/// One block that selects tokens: its selector is reached by its own task alone.
Network selecting_network() {
    const auto document = support::Document::parse(R"(
input: [3, 8, 8]
classes: 3
stem: {kind: patch, channels: 12, stride: 2, positions: learned}
blocks: [{name: a, channels: 12, choices: [tosa: {heads: 3, mlp: 1, keep: 0.25}]}]
head: {norm: layer}
)");
    const auto space = search_spaces::SearchSpace::read(document.root());
    Network network(space, space.reference());
    search_spaces::initialise(*network, 4);
    return network;
}

TensorMap trained(bool tuning) {
    Network network = selecting_network();
    TrainOptions options;
    options.epochs = tuning ? 1 : 12;
    options.batch = 20;
    options.optimizer.kind = OptimizerKind::adam; // which leaves alone what has no gradient
    options.optimizer.learning_rate = 0.01;
    options.optimizer.weight_decay = 0;
    TrainContext context;
    context.seed = 2;
    context.tuning = tuning;
    train(network, tests::tiny_data(), options, context);
    return state_of(*network);
}

bool is_selectors(const std::string& name) { return name.find(".selector.") != std::string::npos; }

/// KL of the selector's maps from the true ones on held-out images.
double divergence(const TensorMap& weights) {
    Network network = selecting_network();
    load_state(*network, weights, "test");
    const Datasets data = tests::tiny_data();
    std::vector<std::int64_t> all(50);
    std::iota(all.begin(), all.end(), 0);
    const torch::NoGradGuard no_grad;
    network->train();
    network->forward(make_batch(data.validation, all, data.normalisation).images);
    return search_spaces::auxiliary_loss(*network).item<double>();
}

TEST(AuxiliaryTask, IsLearntInATraining) {
    const TensorMap before = state_of(*selecting_network());
    const TensorMap after = trained(/*tuning=*/false);
    TensorMap without = after; // the layers as they have become, the selector as it was
    int selectors = 0;
    for (const auto& [name, tensor] : before) {
        if (is_selectors(name)) {
            EXPECT_FALSE(torch::equal(tensor, after.at(name))) << name;
            without[name] = tensor;
            ++selectors;
        }
    }
    EXPECT_EQ(selectors, 4); // two layers' weights and biases
    EXPECT_LT(divergence(after), 0.8 * divergence(without));
}

TEST(AuxiliaryTask, IsToldHowFarTheTrainingIs) {
    // From the first step on tuning selects, where a training from scratch lets all tokens through.
    const auto first_epoch = [](bool tuning, std::int64_t epochs) {
        Network network = selecting_network();
        TrainOptions options;
        options.epochs = epochs;
        options.batch = 50;
        options.optimizer.learning_rate = 0.01;
        TrainContext context;
        context.tuning = tuning;
        double loss = 0;
        context.after_epoch = [&](const std::vector<EpochMetrics>& so_far) {
            loss = so_far.size() == 1 ? so_far.front().train_loss : loss;
        };
        train(network, tests::tiny_data(), options, context);
        return loss;
    };
    const double selecting = first_epoch(true, 4), whole = first_epoch(false, 4);
    EXPECT_NE(selecting, whole);
    EXPECT_EQ(first_epoch(true, 4), selecting);
}

} // namespace
} // namespace tessera::training
