// What the synthetic images are for: colours and places give nothing away, and larger networks see more.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <gtest/gtest.h>
#include <tbb/parallel_for.h>

#include "training/batches.h"
#include "training/dataset.h"
#include "training/device.h"

namespace tessera::training {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t batch_size = 64;

/// Six 3x3 convolutions in three stages of `width`, 2 `width` and 4 `width` channels.
nn::Sequential small_cnn(std::int64_t width) {
    nn::Sequential network;
    std::int64_t channels = 3;
    for (const std::int64_t stage : {1, 2, 4}) {
        for (const bool first : {true, false}) {
            network->push_back(nn::Conv2d(nn::Conv2dOptions(channels, stage * width, 3)
                                              .stride(first && stage > 1 ? 2 : 1)
                                              .padding(1)
                                              .bias(false)));
            network->push_back(nn::BatchNorm2d(stage * width));
            network->push_back(nn::ReLU());
            channels = stage * width;
        }
    }
    network->push_back(nn::AdaptiveAvgPool2d(1));
    network->push_back(nn::Flatten());
    network->push_back(nn::Linear(channels, 10));
    return network;
}

/// Accuracy on the test set after eight epochs of SGD under a cosine schedule, with one epoch of warm-up.
double train(nn::Sequential network, const Datasets& data, double learning_rate, std::uint64_t seed) {
    constexpr std::int64_t epochs = 8;
    use_threads(1);
    torch::optim::SGD optimizer(
        network->parameters(),
        torch::optim::SGDOptions(learning_rate).momentum(0.9).nesterov(true).weight_decay(5e-4));
    const std::int64_t steps = data.train.size() / batch_size;
    for (std::int64_t step = 0; step < epochs * steps; ++step) {
        const auto order = epoch_order(data.train.size(), seed, step / steps);
        const auto rows =
            std::span(order).subspan(static_cast<std::size_t>(step % steps * batch_size), batch_size);
        const auto batch = make_batch(data.train, rows, data.normalisation);
        const double warm = std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(steps));
        const double done = static_cast<double>(step) / static_cast<double>(epochs * steps);
        optimizer.param_groups()[0].options().set_lr(learning_rate * warm * 0.5 *
                                                     (1 + std::cos(M_PI * done)));
        optimizer.zero_grad();
        nn::functional::cross_entropy(network->forward(batch.images), batch.labels).backward();
        optimizer.step();
    }
    const torch::NoGradGuard no_gradients;
    network->eval();
    const auto batch = make_batch(data.test, epoch_order(data.test.size(), 0, 0), data.normalisation);
    return (network->forward(batch.images).argmax(1) == batch.labels)
        .to(torch::kFloat64)
        .mean()
        .item<double>();
}

TEST(SyntheticImages, LinearModelsFailAndNetworksRankBySize) {
    const Datasets data = load_datasets(DataOptions{}, 3, 16, 16, 10);
    nn::Sequential linear(nn::Flatten(), nn::Linear(3 * 16 * 16, 10));
    const double guess = train(linear, data, 0.01, 1);
    std::printf("linear %.3f\n", guess);
    EXPECT_LT(guess, 0.6);

    // Built one after the other, as all draw from the global generator; trained side by side, one thread
    // each.
    constexpr std::array<std::int64_t, 3> widths{4, 8, 16};
    std::vector<nn::Sequential> networks;
    for (int seed = 0; seed < 3; ++seed) {
        torch::manual_seed(static_cast<std::uint64_t>(seed));
        for (const auto width : widths) {
            networks.push_back(small_cnn(width));
        }
    }
    std::vector<double> accuracy(networks.size());
    tbb::parallel_for(std::size_t{0}, networks.size(),
                      [&](std::size_t i) { accuracy[i] = train(networks[i], data, 0.1, i / widths.size()); });
    for (std::size_t seed = 0; seed < 3; ++seed) {
        const double* found = &accuracy[seed * widths.size()];
        std::printf("seed %zu: %.3f %.3f %.3f\n", seed, found[0], found[1], found[2]);
        EXPECT_LT(found[0], found[2] - 0.02);
        EXPECT_LT(found[1], found[2] - 0.02);
        EXPECT_GT(found[2], 0.85);
    }
    // Neighbouring sizes differ by less than two seeds of the smallest network do: their order is that of the
    // means.
    const auto mean = [&](std::size_t size) {
        return (accuracy[size] + accuracy[3 + size] + accuracy[6 + size]) / 3;
    };
    EXPECT_LT(mean(0), mean(1) - 0.02);
    EXPECT_LT(mean(1), mean(2) - 0.02);
}

} // namespace
} // namespace tessera::training
