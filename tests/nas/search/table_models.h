// Models of tables for tests and benchmarks.
#pragma once

#include <utility>

#include "nas/search/table_model.h"
#include "tables.h"

namespace tessera::nas {

/// Accuracy (1 - 0.1 * loss) up, latency down, for three also memory down: what Tables::evaluate() gives
/// without cross terms, up to rounding.
inline TableModel additive_model(const Tables& tables, std::size_t objectives) {
    TableModel model;
    for (const auto& block : tables.loss) {
        model.choices.push_back(static_cast<int>(block.size()));
    }
    TableColumn accuracy;
    accuracy.objective = {"accuracy", Direction::maximize, {}, {}};
    accuracy.values = tables.loss;
    accuracy.response = {Response::Kind::affine, -0.1, 1, 1};
    TableColumn latency;
    latency.objective = {"latency_cpu_ms", Direction::minimize, {}, {}};
    latency.values = tables.latency;
    model.columns = {accuracy, latency};
    if (objectives > 2) {
        TableColumn memory;
        memory.objective = {"peak_memory_bytes", Direction::minimize, {}, {}};
        memory.values = tables.memory;
        model.columns.push_back(memory);
    }
    return model;
}

/// Latencies rounded to multiples of 1 / parts: many sums tie.
inline void round_latencies(Tables& tables, double parts) {
    for (auto& block : tables.latency) {
        for (double& v : block) {
            v = std::round(v * parts) / parts;
        }
    }
}

} // namespace tessera::nas
