// One iteration's training of a construction: what its branches and skips turn out to carry.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nas/construct_options.h"
#include "nas/construction/branch_statistics.h"
#include "nas/stage.h"

namespace tessera::nas {

/// The space of a network with nothing around it than what the run's space has.
search_spaces::SearchSpace space_around(const construction::EnvelopeNetwork& network,
                                        const StageContext& context);
/// The same as YAML under no key, which SearchSpace::read() takes; `channels` and `kernel` are the stem's.
std::string space_document(const StageContext& context, std::int64_t channels, std::int64_t kernel,
                           const std::string& blocks);

/// How the order of a stage's branches came to rest.
struct SettlingCurve {
    int stage = 0;
    std::vector<predictors::SettlingTest::Point> points;
};

struct ConstructionTraining {
    std::vector<construction::BranchStatistic> statistics;
    std::vector<construction::SkipScalar> skips;
    std::vector<SettlingCurve> settling; ///< of the growing stages
    std::int64_t steps = 0;              ///< that were taken
    std::vector<training::EpochMetrics> history;
};

/// Throws UsageError where there are fewer images to train on than a step takes.
void check_batch(const ConstructOptions& options, std::int64_t images);

/// Trains a fresh copy of the network, seeded by run and iteration, and looks at it. Goes on from
/// `checkpoint` where it is of the same fingerprint. Where the loss is not finite it ends there, with a
/// warning; throws RunError where no branch has a finite statistic then.
ConstructionTraining train_and_look(const construction::EnvelopeNetwork& network, int iteration,
                                    StageContext& context, const std::string& fingerprint,
                                    const std::filesystem::path& checkpoint, support::Progress& progress);

} // namespace tessera::nas
