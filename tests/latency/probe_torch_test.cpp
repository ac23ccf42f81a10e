#include "latency/probe.h"

#include <thread>

#include <gmock/gmock.h>

#include "latency/chains.h"
#include "latency/hardware.h"
#include "latency/whole_networks.h"
#include "support/error.h"

namespace tessera::latency {
namespace {

using search_spaces::Architecture;
using search_spaces::SearchSpace;

/// b1 and b2 offer the same choices for the same maps; b0's are their own.
constexpr const char* space_yaml = R"(
space:
  input: [3, 16, 16]
  classes: 10
  stem: {channels: 8}
  blocks:
    - {name: b0, channels: 16, stride: 2, choices: [mbconv: {expand: 2, kernel: [3, 5]}]}
    - {name: b1, channels: 16, choices: [mbconv: {expand: [1, 6]}, identity: {}]}
    - {name: b2, channels: 16, choices: [mbconv: {expand: [1, 6]}, identity: {}]}
)";

SearchSpace space() {
    return SearchSpace::read(support::Document::parse(space_yaml).root().section("space", ""));
}

ProbeOptions quick() {
    ProbeOptions options;
    options.rounds = 4;
    options.calls = 2;
    options.networks = 3;
    return options;
}

TEST(Probe, MeasuresEveryChoiceOfEveryBlock) {
    const SearchSpace s = space();
    const LatencyTable table = measure(s, torch::kCPU, quick(), 1, 7);
    EXPECT_EQ(table.rows().size(), 8U);
    for (const auto& block : s.blocks()) {
        for (const auto& choice : block.choices) {
            const Timing* const timing = table.find(block.name, choice.text());
            ASSERT_NE(timing, nullptr) << block.name << ' ' << choice.text();
            EXPECT_GE(timing->count, 5);
            EXPECT_GT(timing->p10_ms, 0);
            EXPECT_LE(timing->p10_ms, timing->p50_ms);
            EXPECT_LE(timing->p50_ms, timing->p90_ms);
        }
    }
    EXPECT_GT(table.stem.p50_ms, 0);
    EXPECT_GT(table.head.p50_ms, 0);
}

TEST(Probe, RemembersTheContext) {
    ProbeOptions options = quick();
    options.batch = 2;
    const LatencyContext context = measure(space(), torch::kCPU, options, 1, 7).context;
    EXPECT_EQ(context.device, "cpu");
    EXPECT_EQ(context.hardware, cpu_name());
    EXPECT_EQ(context.threads, 1);
    EXPECT_EQ(context.batch, 2);
    EXPECT_EQ(context.libtorch, TORCH_VERSION);
    EXPECT_THAT(context.input, testing::ElementsAre(3, 16, 16));
}

TEST(Probe, OwnThreadCountGoesBeforeTheRuns) {
    ProbeOptions options = quick();
    options.rounds = 2;
    options.threads = 2;
    setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
    const LatencyContext context = measure(space(), torch::kCPU, options, 1, 7).context;
    EXPECT_EQ(context.threads, 2);
    EXPECT_THAT(context.form, testing::HasSubstr("OMP_WAIT_POLICY"));
    at::set_num_threads(1);
}

TEST(Probe, BlocksOfOneKindShareTheirTimings) {
    const SearchSpace s = space();
    const LatencyTable table = measure(s, torch::kCPU, quick(), 1, 7);
    for (const auto& choice : s.blocks()[1].choices) {
        const Timing *const one = table.find("b1", choice.text()), *const other =
                                                                       table.find("b2", choice.text());
        EXPECT_EQ(one->p50_ms, other->p50_ms);
        EXPECT_EQ(one->count, other->count);
    }
}

TEST(Probe, DoingNothingCostsNextToNothing) {
    const LatencyTable table = measure(space(), torch::kCPU, quick(), 1, 7);
    const double nothing = table.find("b1", "identity")->p50_ms;
    const double work = table.find("b1", space().reference().choices[1].text())->p50_ms;
    EXPECT_GT(nothing, 0);
    EXPECT_LT(nothing, work / 10); // calling it is not its work
}

TEST(Probe, ComparesWithWholeNetworksTheReferenceFirst) {
    const SearchSpace s = space();
    const LatencyTable table = measure(s, torch::kCPU, quick(), 1, 7);
    ASSERT_EQ(table.additivity.size(), 3U);
    EXPECT_EQ(table.additivity[0].architecture, s.reference().text());
    std::set<std::string> distinct;
    for (const WholeNetwork& network : table.additivity) {
        distinct.insert(network.architecture);
        EXPECT_GT(network.measured_ms, 0);
        // Far from tight, since the machine that runs the tests may be busy.
        EXPECT_THAT(network.predicted_ms / network.measured_ms,
                    testing::AllOf(testing::Gt(0.2), testing::Lt(5)));
        std::vector<std::pair<std::string, std::string>> rows;
        const Architecture architecture = Architecture::parse(network.architecture);
        double sum = table.stem.p50_ms + table.head.p50_ms;
        for (std::size_t i = 0; i < s.blocks().size(); ++i) {
            sum += table.find(s.blocks()[i].name, architecture.choices[i].text())->p50_ms;
        }
        EXPECT_NEAR(network.predicted_ms, sum, 1e-9);
    }
    EXPECT_EQ(distinct.size(), 3U);
}

TEST(Probe, ASpaceSmallerThanTheNumberOfNetworksIsMeasuredWhole) {
    ProbeOptions options = quick();
    options.rounds = 2;
    options.networks = 100;
    EXPECT_EQ(measure(space(), torch::kCPU, options, 1, 7).additivity.size(), 18U);
}

TEST(NetworksToCheck, TheReferenceThenSparseOnesThenRandomOnes) {
    const SearchSpace s = space();
    const std::vector<int> reference = {0, 0, 0}, least = {0, 2, 2}; // kernel 3, identity, identity
    const auto genomes = networks_to_check(s, 9, 1);
    ASSERT_EQ(genomes.size(), 9U);
    EXPECT_EQ(genomes[0], reference);
    EXPECT_EQ(genomes[1], least);
    for (std::size_t i = 2; i < 4; ++i) { // one block of three differs, or two where that was drawn before
        int differ = 0;
        for (std::size_t b = 0; b < 3; ++b) {
            differ += genomes[i][b] != least[b] ? 1 : 0;
        }
        EXPECT_LE(differ, 2) << i;
    }
    EXPECT_EQ(std::set<std::vector<int>>(genomes.begin(), genomes.end()).size(), 9U);
    EXPECT_EQ(networks_to_check(s, 9, 1), genomes);
    EXPECT_NE(networks_to_check(s, 9, 2), genomes);
}

TEST(NetworksToCheck, AsManyAsThereAre) {
    const SearchSpace s = space();
    EXPECT_TRUE(networks_to_check(s, 0, 1).empty());
    EXPECT_EQ(networks_to_check(s, 1, 1), (std::vector<std::vector<int>>{{0, 0, 0}}));
    EXPECT_EQ(networks_to_check(s, 1000, 1).size(), 18U);
}

TEST(Probe, TimesANetworkAndLeavesItAsItWas) {
    const SearchSpace s = space();
    search_spaces::Network network(s, s.reference());
    search_spaces::initialise(*network, 1);
    network->train();
    const Timing timing = time_network(network, s, torch::kCPU, quick(), 1);
    // Timings that a busy machine interrupted are set aside.
    EXPECT_GE(timing.count, 1);
    EXPECT_LE(timing.count, 8);
    EXPECT_GT(timing.p50_ms, 0);
    EXPECT_TRUE(network->is_training());
    EXPECT_TRUE(network->parameters().front().requires_grad());
}

TEST(Probe, OptionsAreReadAndChecked) {
    const auto document = support::Document::parse("latency: {batch: 4, rounds: 9, calls: 2, networks: 0}");
    support::Section section = document.root().section("latency", "");
    ProbeOptions options;
    options.read(section);
    section.finish();
    EXPECT_EQ(options.batch, 4);
    EXPECT_EQ(options.rounds, 9);
    EXPECT_EQ(options.calls, 2);
    EXPECT_EQ(options.networks, 0);
    EXPECT_EQ(options.threads, 0);
    support::Section wrong = support::Document::parse("latency: {batch: 0}").root().section("latency", "");
    EXPECT_THROW(options.read(wrong), support::UsageError);
}

TEST(Probe, NamesDevices) {
    EXPECT_EQ(device_name(torch::kCPU), "cpu");
    EXPECT_EQ(device_name(torch::Device(torch::kCUDA, 1)), "cuda");
}

TEST(Chains, PartsCoverEveryChoiceAlsoOfSmallerBlocks) {
    const torch::NoGradGuard no_grad;
    const SearchSpace s = space();
    const torch::Tensor input = noise(s.input(), 1, torch::kCPU, 1);
    Measurements measured;
    Stopwatch watch(torch::kCPU);
    support::Rng rng(1);
    for (std::int64_t part = 0; part < 3; ++part) {
        Chains chains(s, input, part, 3, 1);
        EXPECT_EQ(chains.count(), 1);
        chains.shuffle(rng);
        chains.time(0, watch, measured);
    }
    EXPECT_EQ(measured.choices.size(), 5U); // two of b0, three that b1 and b2 have in common
    EXPECT_EQ(measured.stem.count(), 3U);
    EXPECT_EQ(measured.call.count(), 3U); // one call of nothing a chain
}

TEST(Chains, OnePartWhereMemoryIsEnough) {
    EXPECT_EQ(parts_for(space(), 1e9), 1);
    EXPECT_EQ(parts_for(space(), 4.5 * (1 << 20)), 2);
    EXPECT_EQ(parts_for(space(), 1), 3); // no more than choices
}

TEST(Samples, InterruptedTimingsAreSetAsideWhereEnoughOthersExist) {
    Samples samples;
    for (const double ms : {1.0, 2.0, 3.0, 4.0}) {
        samples.add(ms, false);
    }
    for (const double ms : {50.0, 60.0, 70.0}) {
        samples.add(ms, true);
    }
    EXPECT_EQ(samples.timing().p50_ms, 4); // of all seven
    samples.add(5, false);
    EXPECT_EQ(samples.timing().p50_ms, 3);
    EXPECT_EQ(samples.timing().count, 5);
    EXPECT_EQ(samples.disturbed(), 3U);
}

TEST(Samples, NothingTakesNoTimeAtAll) {
    Samples samples;
    samples.add(0, false);
    EXPECT_GT(samples.timing().p50_ms, 0);
}

TEST(Stopwatch, MeasuresWallClockTime) {
    Samples samples;
    Stopwatch watch(torch::kCPU);
    watch.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    watch.stop(samples);
    EXPECT_GE(samples.timing().p50_ms, 20);
}

TEST(Hardware, HasNames) {
    EXPECT_FALSE(cpu_name().empty());
    EXPECT_FALSE(gpu_name(1000).empty());
}

} // namespace
} // namespace tessera::latency
