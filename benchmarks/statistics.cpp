// What filter statistics add to a training step.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target statistics
//     build/release/statistics [threads=2] [rounds=9] [seconds=0.5] [batch=50] [wall|cpu]
//
// One interleaved run of whole steps (forward, loss, backward, SGD) of the same network, watched in every
// step and not watched; medians of the rounds. The network that a construction starts with (three stages of
// two full cells, dense skips), of which it watches the cells, and networks of two other families of which
// every layer is watched; images of 32 x 32.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <malloc.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "benchmarks/turns.h"
#include "predictors/statistics_collector.h"
#include "search_spaces/block_module.h"
#include "training/layout.h"

namespace {

using namespace tessera;
using search_spaces::Network;
using torch::Tensor;

std::string envelope_space(std::int64_t width) {
    const auto cell = [&](const char* name, std::int64_t channels, const std::string& skips) {
        return fmt::format(
            "  - {{name: {}, channels: {}, skips: [{}], choices: [envelope: {{dropout: 0.2}}]}}\n", name,
            channels / 6 * 6, skips);
    };
    const auto widener = [&](const char* name, std::int64_t from, std::int64_t width_then) {
        return fmt::format("  - {{name: {}, channels: {}, stride: 2, choices: [widener: {{}}]}}\n", name,
                           from / 6 * 6 + width_then / 2);
    };
    return fmt::format("input: [3, 32, 32]\nclasses: 10\nstem: {{channels: {}, norm: none}}\nblocks:\n",
                       width) +
           cell("a", width, "") + cell("b", width, "") + widener("v", width, 2 * width) +
           cell("c", 2 * width, "a, b") + cell("d", 2 * width, "a, b, v") +
           widener("w", 2 * width, 4 * width) + cell("e", 4 * width, "a, b, v, c, d") +
           cell("f", 4 * width, "a, b, v, c, d, w");
}

std::string family_space(const std::string& family) {
    return fmt::format(R"(
input: [3, 32, 32]
classes: 10
stem: {{channels: 32}}
blocks:
  - {{name: a, channels: 32, choices: [{0}: {{depth: 2}}]}}
  - {{name: b, channels: 64, stride: 2, choices: [{0}: {{depth: 2}}]}}
  - {{name: c, channels: 128, stride: 2, choices: [{0}: {{depth: 2}}]}}
)",
                       family);
}

void compare(const std::string& name, const std::string& yaml, int threads, int rounds, double at_least,
             std::int64_t batch, clockid_t clock) {
    const auto document = support::Document::parse(yaml);
    const auto space = search_spaces::SearchSpace::read(document.root());
    Network network(space, space.reference());
    search_spaces::initialise(*network, 1);
    training::to_channels_last(*network);
    const Tensor images = torch::randn({batch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
    const Tensor classes = torch::arange(batch) % 10;
    torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.001).momentum(0.9));
    const auto step = [&] {
        optimizer.zero_grad();
        torch::cross_entropy_loss(network->forward(images), classes).backward();
        optimizer.step();
    };
    const bool constructs = name.starts_with("envelope");
    predictors::StatisticsCollector collector(
        *network, threads, [&](const std::string& layer) { return !constructs || layer.ends_with(".cell"); });
    const auto seconds = benchmarks::take_turns({[&] {
                                                     collector.look(false);
                                                     step();
                                                 },
                                                 [&] {
                                                     collector.look(true);
                                                     step();
                                                 }},
                                                rounds, at_least, clock);
    fmt::print("{:24s} {:6d} {:10.1f} {:10.1f} {:9.2f} %\n", name, batch,
               1e3 * benchmarks::median(seconds[0]), 1e3 * benchmarks::median(seconds[1]),
               100 * (benchmarks::ratio(seconds[1], seconds[0]) - 1));
    std::fflush(stdout);
}

/// Processor time of all threads is what counts on a machine that others use.
clockid_t clock_of(int count, char** words) {
    return count > 5 && std::string(words[5]) == "cpu" ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
}

} // namespace

int main(int count, char** words) {
    const auto number = [&](int i, double otherwise) { return i < count ? std::atof(words[i]) : otherwise; };
    mallopt(M_MMAP_THRESHOLD, 1 << 30); // as the program has it: memory of large tensors is kept
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    const auto threads = static_cast<int>(number(1, 2)), rounds = static_cast<int>(number(2, 9));
    at::set_num_threads(threads);
    const clockid_t clock = clock_of(count, words);
    fmt::print("network                   batch     off ms      on ms        cost\n");
    for (const std::int64_t width : {8, 12, 24, 66}) {
        compare(fmt::format("envelope, {} wide", width), envelope_space(width), threads, rounds,
                number(3, 0.5), static_cast<std::int64_t>(number(4, 50)), clock);
    }
    for (const std::string family : {"conv", "mbconv"}) {
        compare(family, family_space(family), threads, rounds, number(3, 0.5),
                static_cast<std::int64_t>(number(4, 50)), clock);
    }
    return 0;
}
