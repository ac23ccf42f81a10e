// Token mixers alone: seconds, peak bytes, arithmetic done in a second.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON
//     cmake --build build/release --target attention_benchmarks
//     build/release/attention_benchmarks --benchmark_filter=forward/.*/192 [--threads=2]
//
// Names: forward or train / family / tokens / channels. float32, batch 1, heads of 64 channels, projections
// included; a training pass is forward and backward. GFLOP/s are of the bare arithmetic (three times the
// forward pass's when training), peak_bytes what tensors take at once beyond weights and input.
#include <cstdlib>
#include <cstring>

#include <malloc.h>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "benchmarks/attention_families.h"
#include "predictors/memory_meter.h"

namespace {

using namespace tessera;

void measure(benchmark::State& state, const benchmarks::Family& family, std::int64_t tokens, std::int64_t dim,
             bool train) {
    benchmarks::Mixer mixer = family.make(tokens, dim);
    const torch::Tensor x = benchmarks::tokens_of(tokens, dim);
    benchmarks::pass(mixer, x, train); // warm: the second pass's memory is what a loop of them takes
    const std::int64_t peak = predictors::peak_bytes([&] { benchmarks::pass(mixer, x, train); });
    for (auto _ : state) {
        benchmarks::pass(mixer, x, train);
    }
    state.counters["peak_bytes"] = static_cast<double>(peak);
    state.counters["GFLOP/s"] = benchmark::Counter(1e-9 * mixer.flops * (train ? 3 : 1),
                                                   benchmark::Counter::kIsIterationInvariantRate);
}

} // namespace

int main(int count, char** words) {
    int threads = 2, kept = 1;
    for (int i = 1; i < count; ++i) {
        if (std::strncmp(words[i], "--threads=", 10) == 0) {
            threads = std::max(1, std::atoi(words[i] + 10));
        } else {
            words[kept++] = words[i];
        }
    }
    count = kept;
    // As the program has it: memory of large tensors is kept, not given back after every operation.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    at::set_num_threads(threads);
    benchmark::AddCustomContext("intra_op_threads", std::to_string(threads));
    for (const bool train : {false, true}) {
        for (const auto& family : benchmarks::families()) {
            for (const std::int64_t dim : {192, 384, 768}) {
                for (const std::int64_t tokens : {64, 128, 256, 512, 1024, 2048, 4096, 16384}) {
                    if (tokens > family.most_tokens) {
                        continue;
                    }
                    const auto name =
                        fmt::format("{}/{}/{}/{}", train ? "train" : "forward", family.name, tokens, dim);
                    benchmark::RegisterBenchmark(name.c_str(),
                                                 [&family, tokens, dim, train](benchmark::State& state) {
                                                     measure(state, family, tokens, dim, train);
                                                 })
                        ->UseRealTime()
                        ->Unit(benchmark::kMillisecond);
                }
            }
        }
    }
    benchmark::Initialize(&count, words);
    if (benchmark::ReportUnrecognizedArguments(count, words)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
