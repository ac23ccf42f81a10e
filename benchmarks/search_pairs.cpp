// Certified fronts of models with terms of pairs of blocks: time, certified gap, boxes' work.
//
//     cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target
//     search_pairs_benchmarks build/release/search_pairs_benchmarks
#include <string>

#include <benchmark/benchmark.h>

#include "benchmarks/search_pairs_models.h"
#include "nas/search/certified.h"

namespace {

using namespace tessera;
using namespace tessera::nas;

void certified_case(benchmark::State& state, bool linked) {
    const TableModel model =
        second_order(static_cast<std::size_t>(state.range(0)), static_cast<int>(state.range(1)), linked, 1);
    std::uint64_t work = 0;
    CertifiedOptions options;
    options.progress = [&](double, std::uint64_t done) { work = done; };
    SearchResult result;
    for (auto _ : state) {
        result = certified_front(model, options);
    }
    state.counters["gap_percent"] = 100 * *result.gap;
    state.counters["front"] = static_cast<double>(result.front.size());
    state.counters["work"] = static_cast<double>(work);
}

} // namespace

int main(int argc, char** argv) {
    for (const bool linked : {true, false}) {
        for (const auto& [blocks, choices] :
             {std::pair{3, 384}, {5, 64}, {5, 384}, {8, 48}, {10, 50}, {15, 20}, {20, 20}}) {
            const std::string name = "certified/" + std::to_string(blocks) + "x" + std::to_string(choices) +
                                     (linked ? "/linked" : "/loose");
            benchmark::RegisterBenchmark(name.c_str(),
                                         [linked](benchmark::State& s) { certified_case(s, linked); })
                ->Args({blocks, choices})
                ->Unit(benchmark::kMillisecond);
        }
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
