// What a configuration holds, known before anything is trained.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "nas/configuration.h"
#include "nas/objective_tables.h"

namespace tessera::nas {

/// What any architecture costs as far as it is known before anything is spent: the space's own costs, and
/// latencies from a table that the user brings, where its file is (still) there.
struct KnownCosts {
    ObjectiveTables tables;
    std::vector<std::string> notes; ///< about the table: how its costs came about, what is wrong with it
};

/// Throws RunError where the table cannot be used.
KnownCosts known_costs(const Configuration& configuration);

struct Description {
    std::string text;
    nlohmann::json json;
};

/// Number of choices and architectures, a row per block, least / reference / most of MACs, parameters and
/// peak activation memory, every bound against what can be reached, and the work of distillation in
/// multiply-accumulates.
Description describe(const Configuration& configuration);

} // namespace tessera::nas
