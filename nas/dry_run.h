// What a run would do and what it would take, before anything is spent.
#pragma once

#include <string>
#include <vector>

#include "nas/stage.h"

namespace tessera::nas {

/// The stages among `names` that would run, why, and their estimates; and those that would not. Measures the
/// machine for a few seconds where something would run.
Outcome dry_run(StageContext& context, const std::vector<std::string>& names);

/// Says so first (a warning) where what is still to be done takes more than a day; measures the machine only
/// where a rough count of MACs makes that possible.
void warn_of_long_run(StageContext& context, const std::vector<std::string>& names);

} // namespace tessera::nas
