// What the C++ contenders share: they read a table, then for each seed on the standard input search it and
// print a line of JSON. One process a contender, so that run.py can take turns among them.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "nas/search/choice_table.h"

namespace tessera::peers {

using Points = std::vector<std::pair<double, double>>; ///< error and latency

struct Found {
    Points population; ///< what the algorithm returns
    Points evaluated;  ///< everything it has evaluated, where it keeps no archive of its own
};

inline nas::TableModel model_from(const std::string& file) {
    const auto table = nas::ChoiceTable::load(file, {"error", "latency"}, false);
    return table.model(
        {{"error", nas::Direction::minimize, {}, {}}, {"latency", nas::Direction::minimize, {}, {}}}, {});
}

inline void print(const char* name, const Points& points) {
    std::printf("\"%s\": [", name);
    for (std::size_t i = 0; i < points.size(); ++i) {
        std::printf("%s[%.17g, %.17g]", i == 0 ? "" : ", ", points[i].first, points[i].second);
    }
    std::printf("]");
}

/// Milliseconds of the search alone, by the clock on the wall and of the processor.
inline int contend(const std::function<Found(std::uint64_t seed)>& search) {
    std::uint64_t seed = 0;
    while (std::cin >> seed) {
        const auto begin = std::chrono::steady_clock::now();
        const std::clock_t cpu = std::clock();
        const Found found = search(seed);
        const double used = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
        std::printf("{\"ms\": %.4f, \"cpu_ms\": %.4f, ", 1e3 * wall.count(), 1e3 * used);
        print("population", found.population);
        std::printf(", ");
        print("evaluated", found.evaluated);
        std::printf("}\n");
        std::fflush(stdout);
    }
    return 0;
}

} // namespace tessera::peers
