// What a configuration holds, known before anything is trained.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "nas/configuration.h"

namespace tessera::nas {

struct Description {
    std::string text;
    nlohmann::json json;
};

/// Number of choices and architectures, a row per block, least / reference / most of MACs, parameters and
/// peak activation memory, every bound against what can be reached, and the work of distillation in
/// multiply-accumulates.
Description describe(const Configuration& configuration);

} // namespace tessera::nas
