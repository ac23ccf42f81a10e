#include "latency/probe.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "latency/chains.h"
#include "latency/hardware.h"
#include "latency/placed_block.h"
#include "latency/steady_memory.h"
#include "latency/whole_networks.h"
#include "support/interrupt.h"
#include "support/log.h"
#include "support/progress.h"
#include "training/device.h"

namespace tessera::latency {
namespace {

using search_spaces::Architecture;
using search_spaces::Network;
using search_spaces::SearchSpace;

/// Memory for the deployed choices that are timed side by side. 1920 choices of ImageNet size would take 10
/// GiB at once.
constexpr double modules_bytes = 1.5 * (1ULL << 30);
/// Share of preempted timings from which on the user should know.
constexpr double busy = 0.25;

LatencyContext context_of(const SearchSpace& space, torch::Device device, const ProbeOptions& options,
                          int threads) {
    LatencyContext context;
    context.device = device_name(device);
    context.hardware = device.is_cuda() ? gpu_name(device.has_index() ? device.index() : 0) : cpu_name();
    context.threads = threads;
    context.batch = options.batch;
    context.libtorch = TORCH_VERSION;
    // Whether threads sleep or spin between parallel regions changes small networks' times threefold.
    if (const char* const policy = std::getenv("OMP_WAIT_POLICY");
        policy != nullptr && threads > 1 && device.is_cpu()) {
        context.form += fmt::format(", OMP_WAIT_POLICY={}", policy);
    }
    context.input = {space.input().channels, space.input().height, space.input().width};
    return context;
}

/// One pass over everything of a part: chains and whole networks in a drawn order, each called once untimed
/// (which brings its kernels back into oneDNN's cache of 1024) and then timed.
class Round {
public:
    Round(const torch::Tensor& input, const ProbeOptions& options, int threads)
        : input_(input), calls_(options.calls), threads_(threads), watch_(input.device()) {}

    void run(Chains& chains, std::vector<Whole>& networks, Measurements& measured, support::Rng& rng,
             support::Progress& progress) {
        chains.shuffle(rng);
        std::vector<std::int64_t> order(static_cast<std::size_t>(chains.count()) + networks.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = static_cast<std::int64_t>(i);
        }
        rng.shuffle(order);
        for (const std::int64_t i : order) {
            support::check_interrupt();
            training::use_threads(threads_); // per thread, and a library call may have changed it
            if (i < chains.count()) {
                chains.walk(i);
                for (std::int64_t call = 0; call < calls_; ++call) {
                    chains.time(i, watch_, measured);
                }
            } else {
                networks[static_cast<std::size_t>(i - chains.count())].time(input_, calls_, watch_);
            }
            progress.advance();
        }
    }

private:
    torch::Tensor input_;
    std::int64_t calls_;
    int threads_;
    Stopwatch watch_;
};

void warn_if_busy(const Measurements& measured) {
    std::size_t all = measured.stem.count() + measured.head.count();
    std::size_t disturbed = measured.stem.disturbed() + measured.head.disturbed();
    for (const auto& [key, samples] : measured.choices) {
        all += samples.count();
        disturbed += samples.disturbed();
    }
    const double share = static_cast<double>(disturbed) / static_cast<double>(all);
    if (share > busy) {
        support::warn("the machine was busy: {:.0f} % of the timings were interrupted and set aside; "
                      "measure on an idle machine for latencies to rely on",
                      100 * share);
    }
}

LatencyTable tabulate(const SearchSpace& space, const Measurements& measured,
                      const std::vector<Whole>& networks, LatencyContext context) {
    LatencyTable table;
    table.context = std::move(context);
    // A network is called once as well: that call stays in the stem's time.
    const double call_ms = measured.call.timing().p50_ms;
    table.stem = measured.stem.timing();
    table.head = measured.head.timing().without(call_ms);
    for (const search_spaces::Block& block : space.blocks()) {
        for (const auto& choice : block.choices) {
            const Samples& samples = measured.choices.at(placed_key(space, block, choice));
            table.add(block.name, choice.text(), samples.timing().without(call_ms));
        }
    }
    for (const Whole& network : networks) {
        std::vector<std::pair<std::string, std::string>> rows;
        for (std::size_t i = 0; i < space.blocks().size(); ++i) {
            rows.emplace_back(space.blocks()[i].name, network.architecture.choices[i].text());
        }
        table.additivity.push_back(
            {network.architecture.text(), table.network_ms(rows), network.samples.timing().p50_ms});
    }
    table.fit_correction();
    return table;
}

} // namespace

void ProbeOptions::read(support::Section& section) {
    section.read("batch", batch, {1, 4096}, "images per call");
    section.read("threads", threads, {0, 1024}, "threads within a network; 0: all that the run may use");
    section.read("rounds", rounds, {2, 100'000},
                 "passes over everything that is timed, each in another order");
    section.read("calls", calls, {1, 1000}, "timed calls per pass, after an untimed one");
    section.read("networks", networks, {0, 1000},
                 "whole networks timed in between, to check and correct the sum of blocks");
}

std::string device_name(torch::Device device) { return device.is_cuda() ? "cuda" : "cpu"; }

LatencyTable measure(const SearchSpace& space, torch::Device device, const ProbeOptions& options, int threads,
                     std::uint64_t seed) {
    const torch::NoGradGuard no_grad;
    const SteadyMemory steady;
    threads = options.threads_of(threads);
    training::use_threads(threads);
    support::Rng rng(support::derive_seed(seed, {"latency", "order"}));
    const torch::Tensor input = noise(space.input(), options.batch, device, seed);
    std::vector<Whole> networks =
        deploy_networks(space, input, options.networks, support::derive_seed(seed, {"latency", "networks"}));

    // The whole networks are timed beside every part, so that they see the same hours of the machine as the
    // blocks.
    const std::int64_t parts = parts_for(space, modules_bytes);
    Round round(input, options, threads);
    Measurements measured;
    std::size_t most = 0;
    for (const auto& block : space.blocks()) {
        most = std::max(most, block.choices.size());
    }
    const auto chains_in_all =
        static_cast<std::int64_t>(most); // of the block that has the most choices, over all parts
    support::Progress progress(
        fmt::format("measure {}", device_name(device)),
        options.rounds * (chains_in_all + parts * static_cast<std::int64_t>(networks.size())), "passes");
    for (std::int64_t part = 0; part < parts; ++part) {
        Chains chains(space, input, part, parts, support::derive_seed(seed, {"latency", "weights"}));
        for (std::int64_t i = 0; i < options.rounds; ++i) {
            round.run(chains, networks, measured, rng, progress);
        }
    }
    warn_if_busy(measured);
    return tabulate(space, measured, networks, context_of(space, device, options, threads));
}

Timing time_network(Network& network, const SearchSpace& space, torch::Device device,
                    const ProbeOptions& options, int threads) {
    const torch::NoGradGuard no_grad;
    const SteadyMemory steady;
    training::use_threads(options.threads_of(threads));
    const torch::Tensor input = noise(space.input(), options.batch, device, 0);
    Whole whole = deploy_network(network, input);
    Stopwatch watch(device);
    for (std::int64_t i = 0; i < options.rounds; ++i) {
        support::check_interrupt();
        whole.time(input, options.calls, watch);
    }
    return whole.samples.timing();
}

} // namespace tessera::latency
