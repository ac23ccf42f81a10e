// Objectives as the files of fronts hold them: {name, direction, min, max, bounds_only}. Torch-free.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "nas/search/objective.h"

namespace tessera::nas {

/// Bounds that are not there and bounds_only: false are left out.
nlohmann::ordered_json objective_json(const Objective& objective);
/// Back. Throws nlohmann::json::exception for entries that are missing or of another type and
/// std::invalid_argument for an unknown direction.
Objective objective_from(const nlohmann::json& entry);

} // namespace tessera::nas
