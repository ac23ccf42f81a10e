// What time, memory and disk each stage takes, from a short measurement of the machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "nas/speed.h"
#include "nas/standing.h"
#include "training/image_counts.h"

namespace tessera::nas {

struct StageEstimate {
    double seconds = 0;
    std::int64_t memory_bytes = 0; ///< of the process at its peak
    std::int64_t disk_bytes =
        0; ///< that stay; checkpoints in between at most as much again, three times over
};

/// By stage: what is still to be done of it, `standing` being done already. `images` are those of the data
/// set.
std::map<std::string, StageEstimate> estimate_stages(const Configuration& config, const Speed& speed,
                                                     const training::ImageCounts& images,
                                                     const Standing& standing = {});

/// Images that an epoch visits; `limit` 0: all.
std::int64_t images_visited(std::int64_t limit, std::int64_t images);
/// How many points finetune.pick is likely to name.
std::int64_t picks_expected(const Configuration& config);

} // namespace tessera::nas
