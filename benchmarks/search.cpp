// How long searches over tables take. Tables lie in memory; one thread.
//
//     cmake -S . -B build/core -G Ninja -DTESSERA_TORCH=OFF -DTESSERA_BENCHMARKS=ON
//     cmake --build build/core --target search_benchmarks
//     build/core/search_benchmarks --benchmark_filter=exact/
//
// exact/<blocks>x<choices>/<shape>/<objectives>: exact_front() on random tables (tests/nas/search/tables.h).
// trade_off: loss falls convexly in latency, with noise; independent: all uniform; whole_latencies: trade_off
// with latencies that are multiples of 1/64; hundred_bounds: exact_fronts() under as many budgets. The
// counter `front` is the size of what is found.
#include <string>

#include <malloc.h>

#include <benchmark/benchmark.h>

#include "nas/search/exact.h"
#include "tests/nas/search/table_models.h"

namespace {

using namespace tessera::nas;

void exact_case(benchmark::State& state, std::size_t blocks, int choices, Shape shape, bool whole,
                std::size_t objectives) {
    Tables tables = Tables::random(blocks, choices, choices, shape, false, 1);
    if (whole) {
        round_latencies(tables, 64);
    }
    const TableModel model = additive_model(tables, objectives);
    SearchResult result;
    for (auto _ : state) {
        result = exact_front(model);
        benchmark::DoNotOptimize(result.front.data());
    }
    state.counters["front"] = static_cast<double>(result.front.size());
    state.counters["gap"] = *result.gap;
}

/// A hundred budgets of latency over one table.
void hundred_bounds(benchmark::State& state) {
    const TableModel model = additive_model(Tables::random(20, 60, 60, Shape::trade_off, false, 1), 2);
    const auto [low, high] = model.columns[1].range();
    std::vector<std::vector<Bounds>> cases;
    for (int i = 1; i <= 100; ++i) {
        cases.push_back({{}, {{}, low + (high - low) * i / 200}});
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(exact_fronts(model, cases).data());
    }
}

void add_exact(std::size_t blocks, int choices, Shape shape, bool whole, std::size_t objectives) {
    const std::string name = "exact/" + std::to_string(blocks) + "x" + std::to_string(choices) + "/" +
                             (whole                       ? "whole_latencies"
                              : shape == Shape::trade_off ? "trade_off"
                                                          : "independent") +
                             "/" + std::to_string(objectives);
    benchmark::RegisterBenchmark(name.c_str(), exact_case, blocks, choices, shape, whole, objectives)
        ->Unit(benchmark::kMillisecond);
}

} // namespace

int main(int argc, char** argv) {
    // As the program does (cli/main.cpp).
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    for (const Shape shape : {Shape::trade_off, Shape::independent}) {
        for (const std::size_t objectives : {2, 3}) {
            add_exact(5, 384, shape, false, objectives);
            add_exact(10, 60, shape, false, objectives);
        }
        add_exact(20, 60, shape, false, 2);
        add_exact(20, 200, shape, false, 2);
        add_exact(20, 200, shape, false, 3);
    }
    for (const std::size_t blocks : {50, 100, 200}) {
        add_exact(blocks, 100, Shape::trade_off, false, 2);
    }
    for (const std::size_t blocks : {100, 1000}) {
        add_exact(blocks, 100, Shape::trade_off, true, 2);
    }
    add_exact(1000, 100, Shape::trade_off, false, 2);
    benchmark::RegisterBenchmark("exact/20x60/hundred_bounds/2", hundred_bounds)
        ->Unit(benchmark::kMillisecond);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
