// What a training step of a cell costs beside its bare convolutions, and beside a module that runs one branch
// after the other.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target envelope_cell
//     build/release/envelope_cell [threads=2] [rounds=9] [seconds=0.3] [batch=32] [wall|cpu]
//
// One interleaved run, medians of the rounds' ratios. A step is forward and backward with gradients of input
// and weights, float32, channels-last, without dropout. "bare": the cell's convolutions alone, each on a map
// of its own, forward and backward. "plain": convolution, BatchNorm without scale, ReLU a branch, then the
// concatenation. Shares are of bare to cell and to plain: 1 would mean that nothing but convolutions costs.
#include <cstdio>
#include <cstdlib>

#include <malloc.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "benchmarks/turns.h"
#include "search_spaces/block_module.h"
#include "search_spaces/layers/envelope_cell.h"
#include "training/layout.h"

namespace {

using namespace tessera;
using search_spaces::EnvelopeBranch;
using search_spaces::EnvelopeCell;
using search_spaces::EnvelopeCellOptions;
using search_spaces::ShiftNorm;
using torch::Tensor;

const std::vector<std::pair<std::int64_t, bool>> all_branches = {{1, false}, {3, false}, {3, true},
                                                                 {5, false}, {5, true},  {7, true}};

Tensor noise(std::int64_t batch, std::int64_t channels, std::int64_t side) {
    return torch::randn({batch, channels, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
}

struct Layer {
    torch::nn::Conv2d conv{nullptr};
    Tensor input, gradient;
};

/// Every convolution of the cell with a map and a gradient of its own.
std::vector<Layer> bare_layers(EnvelopeCell& cell, std::int64_t batch, std::int64_t side) {
    std::vector<torch::nn::Conv2d> convolutions{cell->bottleneck->conv};
    for (auto& branch : cell->branches) {
        if (!branch.depthwise.is_empty()) {
            convolutions.push_back(branch.depthwise);
        }
        convolutions.push_back(branch.conv);
    }
    std::vector<Layer> layers;
    for (auto& conv : convolutions) {
        layers.push_back({conv, noise(batch, conv->options.in_channels(), side).requires_grad_(),
                          noise(batch, conv->options.out_channels(), side)});
    }
    return layers;
}

void bare_step(std::vector<Layer>& layers) {
    for (Layer& layer : layers) {
        layer.conv->forward(layer.input).backward(layer.gradient);
    }
}

/// The same layers as a module would have them that knows nothing of its neighbours.
struct PlainCell {
    explicit PlainCell(EnvelopeCell& cell) : like(cell) {
        for (auto& branch : cell->branches) {
            norms.emplace_back(branch.conv->options.out_channels());
        }
    }
    Tensor forward(const Tensor& x) {
        const Tensor shared = like->bottleneck->conv->forward(x).relu();
        std::vector<Tensor> maps;
        for (std::size_t i = 0; i < norms.size(); ++i) {
            auto& branch = like->branches[i];
            const Tensor in = branch.depthwise.is_empty() ? shared : branch.depthwise->forward(shared);
            maps.push_back(norms[i]->forward(branch.conv->forward(in)).relu());
        }
        return torch::cat(maps, 1);
    }
    EnvelopeCell like;
    std::vector<ShiftNorm> norms;
};

void compare(std::int64_t channels, std::int64_t side, std::int64_t batch, int rounds, double at_least,
             clockid_t clock) {
    std::vector<EnvelopeBranch> branches;
    for (const auto& [kernel, separable] : all_branches) {
        branches.push_back({kernel, separable, channels / 6});
    }
    EnvelopeCell cell(EnvelopeCellOptions(channels, channels, branches));
    search_spaces::initialise(*cell, 1);
    training::to_channels_last(*cell);
    PlainCell plain(cell);
    auto layers = bare_layers(cell, batch, side);
    const Tensor input = noise(batch, channels, side).requires_grad_(),
                 gradient = noise(batch, channels / 6 * 6, side);
    const auto seconds =
        benchmarks::take_turns({[&] { bare_step(layers); }, [&] { cell->forward(input).backward(gradient); },
                                [&] { plain.forward(input).backward(gradient); }},
                               rounds, at_least, clock);
    fmt::print("{:8d} {:5d} {:6d} {:10.1f} {:10.1f} {:10.1f} {:12.2f} {:12.2f}\n", channels, side, batch,
               1e3 * benchmarks::median(seconds[0]), 1e3 * benchmarks::median(seconds[1]),
               1e3 * benchmarks::median(seconds[2]), benchmarks::ratio(seconds[0], seconds[1]),
               benchmarks::ratio(seconds[0], seconds[2]));
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
    at::set_num_threads(static_cast<int>(number(1, 2)));
    const auto rounds = static_cast<int>(number(2, 9));
    const double at_least = number(3, 0.3);
    const auto batch = static_cast<std::int64_t>(number(4, 32));
    const clockid_t clock = clock_of(count, words);
    fmt::print("channels  side  batch    bare ms    cell ms   plain ms   cell share  plain share\n");
    for (const auto& [channels, side] : std::vector<std::pair<std::int64_t, std::int64_t>>{
             {8, 32}, {12, 32}, {24, 32}, {48, 16}, {66, 32}, {126, 32}, {252, 16}, {510, 8}}) {
        compare(channels, side, batch, rounds, at_least, clock);
    }
    return 0;
}
