// What a run would do and what it would take, before anything is spent.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "nas/speed.h"
#include "nas/stage_plan.h"
#include "training/image_counts.h"

namespace tessera::nas {

struct StageEstimate {
    double seconds = 0;
    std::int64_t memory_bytes = 0; ///< of the process at its peak
    std::int64_t disk_bytes =
        0; ///< that stay; checkpoints in between at most as much again, three times over
};

/// By stage, as if nothing of it were done yet. `images` are those of the data set.
std::map<std::string, StageEstimate> estimate_stages(const Configuration& config, const Speed& speed,
                                                     const training::ImageCounts& images);

/// The stages among `names` that would run, why, and their estimates; and those that would not. Measures the
/// machine for a few seconds where something would run.
Outcome dry_run(StageContext& context, const std::vector<std::string>& names);

/// Says so first (a warning) where what is still to be done takes more than a day; measures the machine only
/// where a rough count of MACs makes that possible.
void warn_of_long_run(StageContext& context, const std::vector<std::string>& names);

} // namespace tessera::nas
