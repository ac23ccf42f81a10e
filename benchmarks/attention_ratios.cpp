// How many times faster than softmax attention each family of token mixers is.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target attention_ratios
//     build/release/attention_ratios [dim=192] [forward|train] [threads=2] [wall|cpu] [rounds=9]
//     [seconds=0.05] [tokens...]
//
// One interleaved run: for each number of tokens the families take turns, round by round, each for `seconds`
// at least; medians of the rounds. float32, batch 1, projections included, PADRe with kernel 11 on the most
// even grid. "naive" and "fused" of the table are the ratios to softmax attention by its definition and by
// LibTorch's fused operator; GFLOP/s are of the bare arithmetic.
#include <cstdio>
#include <cstdlib>
#include <map>

#include <malloc.h>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "benchmarks/attention_families.h"
#include "benchmarks/turns.h"

namespace {

using namespace tessera;

struct Plan {
    bool train = false;
    int threads = 2;
    clockid_t clock = CLOCK_MONOTONIC;
    int rounds = 9;
    double at_least = 0.05;
};

void compare(std::int64_t tokens, std::int64_t dim, const Plan& plan) {
    const torch::Tensor x = benchmarks::tokens_of(tokens, dim);
    std::vector<std::pair<std::string, benchmarks::Mixer>> mixers;
    for (const auto& family : benchmarks::families()) {
        if (tokens <= family.most_tokens) {
            mixers.emplace_back(family.name, family.make(tokens, dim));
        }
    }
    std::vector<std::function<void()>> contenders;
    for (auto& [name, mixer] : mixers) {
        contenders.emplace_back([&] { benchmarks::pass(mixer, x, plan.train); });
    }
    const auto turns = benchmarks::take_turns(contenders, plan.rounds, plan.at_least, plan.clock);
    std::map<std::string, double> seconds;
    for (std::size_t i = 0; i < mixers.size(); ++i) {
        seconds[mixers[i].first] =
            benchmarks::median(turns[i]) / (plan.clock == CLOCK_MONOTONIC ? 1 : plan.threads);
    }
    for (const auto& [name, mixer] : mixers) {
        const double own = seconds[name];
        const auto ratio = [&](const char* other) {
            return seconds.contains(other) ? fmt::format("{:8.2f}", seconds[other] / own) : "       -";
        };
        fmt::print("{:6d} {:5d}  {:8s} {:10.3f} {} {} {:9.1f}\n", tokens, dim, name, 1e3 * own,
                   ratio("naive"), ratio("fused"), mixer.flops * (plan.train ? 3 : 1) / own * 1e-9);
    }
    std::fflush(stdout);
}

} // namespace

int main(int count, char** words) {
    const auto word = [&](int i, const char* otherwise) { return i < count ? words[i] : otherwise; };
    const std::int64_t dim = std::atoll(word(1, "192"));
    const Plan plan{std::string(word(2, "forward")) == "train", std::atoi(word(3, "2")),
                    std::string(word(4, "wall")) == "cpu" ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC,
                    std::atoi(word(5, "9")), std::atof(word(6, "0.05"))};
    std::vector<std::int64_t> lengths;
    for (int i = 7; i < count; ++i) {
        lengths.push_back(std::atoll(words[i]));
    }
    if (lengths.empty()) {
        lengths = {64, 128, 256, 512, 1024, 2048, 4096, 16384};
    }
    if (dim < 64 || dim % 64 != 0 || plan.threads < 1 || plan.rounds < 1) {
        fmt::print(stderr, "attention_ratios: dim is a multiple of 64; threads and rounds are positive\n");
        return 2;
    }
    // As the program has it: memory of large tensors is kept, not given back after every operation.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    at::set_num_threads(plan.threads);
    fmt::print("{}, {} threads, {} time, {} heads\n", plan.train ? "forward and backward" : "forward",
               plan.threads, plan.clock == CLOCK_MONOTONIC ? "wall" : "processor", dim / 64);
    fmt::print("tokens   dim  family           ms    naive    fused   GFLOP/s\n");
    for (const std::int64_t tokens : lengths) {
        compare(tokens, dim, plan);
    }
    return 0;
}
