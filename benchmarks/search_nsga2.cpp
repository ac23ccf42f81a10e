// NSGA-II on 5 blocks of 384 choices, 5 000 evaluations, one thread; exact is the share of the exact front's
// hypervolume.
//
//     cmake -S . -B build/core -G Ninja -DTESSERA_TORCH=OFF -DTESSERA_BENCHMARKS=ON
//     cmake --build build/core --target search_nsga2_benchmarks && build/core/search_nsga2_benchmarks
#include <string>

#include <benchmark/benchmark.h>
#include <tbb/global_control.h>

#include "nas/search/search.h"
#include "tests/nas/search/tables.h"

namespace {

using namespace tessera::nas;

void run(benchmark::State& state, Shape shape) {
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    const Tables tables = Tables::random(5, 384, 384, shape, false, 1);
    const Problem problem = tables.problem();
    const auto truth = exact_additive_front(tables);
    const Scaling scaling = Scaling::of(truth, problem.objectives);
    const double best = hypervolume(truth, problem.objectives, scaling);
    std::uint64_t seed = 0;
    double share = 0;
    std::size_t evaluations = 0;
    for (auto _ : state) {
        const SearchResult result = nsga2(problem, {}, ++seed);
        state.PauseTiming();
        share += hypervolume(result.front, problem.objectives, scaling) / best;
        evaluations += result.evaluated.size();
        state.ResumeTiming();
    }
    state.counters["exact"] = benchmark::Counter(share, benchmark::Counter::kAvgIterations);
    state.counters["evaluations"] =
        benchmark::Counter(static_cast<double>(evaluations), benchmark::Counter::kAvgIterations);
}

} // namespace

int main(int argc, char** argv) {
    const std::pair<const char*, Shape> shapes[] = {{"independent", Shape::independent},
                                                    {"trade_off", Shape::trade_off},
                                                    {"steps", Shape::steps},
                                                    {"heavy_tail", Shape::heavy_tail}};
    for (const auto& [name, shape] : shapes) {
        benchmark::RegisterBenchmark((std::string("nsga2/5x384/") + name).c_str(), run, shape)
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
