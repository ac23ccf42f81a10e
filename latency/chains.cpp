#include "latency/chains.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "latency/placed_block.h"
#include "support/interrupt.h"

namespace tessera::latency {
namespace {

using search_spaces::SearchSpace;

/// What a deployed module costs beside its weights (graphs, oneDNN's kernels); measured 0.7-0.9 MiB.
constexpr double module_bytes = 1 << 20;

} // namespace

std::int64_t parts_for(const SearchSpace& space, double bytes) {
    double needed = 0;
    std::size_t most = 1;
    for (std::size_t i = 0; i < space.blocks().size(); ++i) {
        const auto& choices = space.blocks()[i].choices;
        most = std::max(most, choices.size());
        for (const auto& choice : choices) {
            needed += module_bytes + 4.0 * static_cast<double>(space.block_costs(i, choice).parameters);
        }
    }
    return static_cast<std::int64_t>(std::clamp(std::ceil(needed / bytes), 1.0, static_cast<double>(most)));
}

Chains::Chains(const SearchSpace& space, const torch::Tensor& input, std::int64_t part, std::int64_t parts,
               std::uint64_t seed)
    : input_(input) {
    const auto stem = build_stem(space);
    stem_ = Deployed(*stem, input, support::derive_seed(seed, {"stem"}));
    for (const search_spaces::Block& block : space.blocks()) {
        const torch::Tensor example = noise(block.sequential_input(), input.size(0), input.device(), seed);
        const auto all = static_cast<std::int64_t>(block.choices.size());
        // A block with fewer choices than there are parts takes part in all of them.
        const std::int64_t first = std::min(all * part / parts, all - 1);
        const std::int64_t last = std::max(first + 1, all * (part + 1) / parts);
        std::vector<Option> options;
        for (std::int64_t i = first; i < last; ++i) {
            support::check_interrupt();
            const auto& choice = block.choices[static_cast<std::size_t>(i)];
            const auto module = build_placed(space, block, choice, input.size(0), seed);
            options.push_back(
                {placed_key(space, block, choice),
                 Deployed(*module, example, support::derive_seed(seed, {block.name, choice.text()}))});
        }
        count_ = std::max(count_, last - first);
        order_.emplace_back(options.size());
        std::iota(order_.back().begin(), order_.back().end(), std::size_t{0});
        blocks_.push_back(std::move(options));
    }
    const search_spaces::Shape first_map = space.blocks().front().site.input;
    const auto nothing =
        build_block(search_spaces::Choice("identity", {}), {first_map, first_map.channels, 1});
    nothing_ = Deployed(*nothing, noise(first_map, input.size(0), input.device(), seed), seed);
    const auto head = build_head(space);
    const search_spaces::Shape last_map = space.blocks().back().site.output();
    head_ = Deployed(*head, noise(last_map, input.size(0), input.device(), seed),
                     support::derive_seed(seed, {"head"}));
    for (std::int64_t k = 0; k < count_; ++k) {
        for (int i = 0; i < settling_calls; ++i) {
            walk(k);
        }
        support::check_interrupt();
    }
}

Chains::Option& Chains::option(std::size_t block, std::int64_t k) {
    const auto& order = order_[block];
    return blocks_[block][order[static_cast<std::size_t>(k) % order.size()]];
}

void Chains::shuffle(support::Rng& rng) {
    for (auto& order : order_) {
        rng.shuffle(order);
    }
}

void Chains::walk(std::int64_t k) {
    torch::Tensor x = stem_(input_);
    x = nothing_(x);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        x = option(i, k).module(x);
    }
    head_(x);
}

void Chains::time(std::int64_t k, Stopwatch& watch, Measurements& into) {
    // Freeing the map before, as the assignments do, belongs to a block's time: a network frees it as well.
    watch.start();
    torch::Tensor x = stem_(input_);
    watch.stop(into.stem);
    const std::size_t idle = static_cast<std::size_t>(k) % blocks_.size();
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        if (i == idle) {
            watch.start();
            x = nothing_(x);
            watch.stop(into.call);
        }
        Option& chosen = option(i, k);
        Samples& samples = into.choices[chosen.key];
        watch.start();
        x = chosen.module(x);
        watch.stop(samples);
    }
    watch.start();
    x = head_(x);
    watch.stop(into.head);
}

} // namespace tessera::latency
