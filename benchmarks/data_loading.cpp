// How much of a training step goes into making its batch.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target data_loading
//     build/release/data_loading [rounds=5] [steps=8] [threads=2]
//
// Images of random bytes lie in memory 1.15 times as large as the input; a small network is trained on random
// resized crops of them, as training/trainer.cpp does it. For each input size the median over the rounds of
// the seconds of a step, of making a batch, and of their ratio, with its smallest and largest value.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <malloc.h>

#include <fmt/format.h>

#include "search_spaces/block_module.h"
#include "search_spaces/space.h"
#include "training/batches.h"
#include "training/device.h"
#include "training/layout.h"
#include "training/losses.h"
#include "training/optimizer.h"

namespace {

using namespace tessera;

/// configs/quickstart.yaml's reference; images above 64 pixels are halved first, as such networks do.
search_spaces::SearchSpace small_space(std::int64_t side) {
    return search_spaces::SearchSpace::read(support::Document::parse(fmt::format(R"(
input: [3, {0}, {0}]
classes: 10
stem: {{channels: 16, kernel: 3, stride: {1}, act: relu}}
blocks:
  - {{name: b1, channels: 16, stride: 1, choices: [conv: {{}}]}}
  - {{name: b2, channels: 32, stride: 2, choices: [conv: {{}}]}}
  - {{name: b3, channels: 32, stride: 1, choices: [conv: {{}}]}}
  - {{name: b4, channels: 64, stride: 2, choices: [conv: {{}}]}}
head: {{channels: 0}}
)",
                                                                                 side, side > 64 ? 2 : 1))
                                                .root());
}

double seconds(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void measure(std::int64_t side, std::int64_t batch, int rounds, int steps, int threads) {
    const auto space = small_space(side);
    search_spaces::Network network(space, space.reference());
    search_spaces::initialise(*network, 1);
    training::to_channels_last(*network);
    network->train();
    std::vector<std::pair<std::string, torch::Tensor>> parameters;
    for (const auto& item : network->named_parameters()) {
        parameters.emplace_back(item.key(), item.value());
    }
    training::Optimizer optimizer(parameters, {});

    const std::int64_t count = 2000, kept = std::llround(1.15 * static_cast<double>(side));
    const training::Dataset data{torch::randint(0, 256, {count, 3, kept, kept}, torch::kUInt8),
                                 torch::randint(0, 10, {count}, torch::kInt64), side, side};
    const training::Normalisation normalisation{{0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}};
    training::AugmentOptions augment;
    augment.random_resized_crop = true;
    const auto order = training::epoch_order(count, 1, 1);

    std::vector<double> whole, making, share, free_share;
    for (int round = -1; round < rounds; ++round) { // the first round warms up
        double made = 0, made_cpu = 0;
        const double begin = seconds(CLOCK_MONOTONIC), begin_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (int step = 0; step < steps; ++step) {
            const auto place = static_cast<std::size_t>(step * batch % (count - batch));
            const double start = seconds(CLOCK_MONOTONIC), start_cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
            const auto images =
                training::make_batch(data, std::span(order).subspan(place, static_cast<std::size_t>(batch)),
                                     normalisation, &augment, static_cast<std::uint64_t>(round + 1));
            made += seconds(CLOCK_MONOTONIC) - start;
            made_cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
            optimizer.zero_grad();
            const auto loss = training::cross_entropy(network->forward(images.images), images.labels, 0);
            loss.item<double>();
            loss.backward();
            optimizer.step(0.01);
        }
        const double all = seconds(CLOCK_MONOTONIC) - begin;
        const double rest_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - begin_cpu - made_cpu;
        if (round >= 0) {
            whole.push_back(all / steps);
            making.push_back(made / steps);
            share.push_back(made / all);
            free_share.push_back(made_cpu / (made_cpu + rest_cpu / threads));
        }
    }
    std::printf("| %3lld | %4lld | %4lld | %8.1f | %8.2f | %4.1f %% (%.1f to %.1f) | %4.1f %% |\n",
                static_cast<long long>(side), static_cast<long long>(kept), static_cast<long long>(batch),
                1e3 * median(whole), 1e3 * median(making), 100 * median(share),
                100 * *std::min_element(share.begin(), share.end()),
                100 * *std::max_element(share.begin(), share.end()), 100 * median(free_share));
}

} // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 5, steps = argc > 2 ? std::atoi(argv[2]) : 8,
              threads = argc > 3 ? std::atoi(argv[3]) : 2;
    // As the program does (cli/main.cpp).
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    training::use_threads(threads);
    std::printf("| input | kept | batch | step, ms | batch, ms | share of the step | share with free cores "
                "|\n|---|---|---|---|---|---|---|\n");
    measure(32, 128, rounds, steps, threads);
    measure(96, 64, rounds, steps, threads);
    measure(128, 64, rounds, steps, threads);
    return 0;
}
