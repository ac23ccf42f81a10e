// Which stages would run, and why: what has changed since they were made.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "nas/stage.h"
#include "support/config_difference.h"

namespace tessera::nas {

struct PlannedStage {
    const Stage* stage = nullptr;
    bool runs = false;
    std::vector<std::string> reasons; ///< why it runs, or why it does not
    bool discards = false;            ///< trained work is lost by running it
    double spent = 0;                 ///< seconds that went into what is there
};

/// What has changed since the stage was made, or its unfinished making begun: keys of the configuration, the
/// seed, outside files. Changes of stages above have the path `stage NAME`. Empty where nothing was begun or
/// a stage above is missing.
std::vector<support::KeyChange> changes_of(const Stage& stage, const StageContext& context);

/// All stages in order, as `tessera run` would take them. Stages that context.redo names, and those that
/// depend on them, may discard what they like.
std::vector<PlannedStage> plan_stages(const StageContext& context);

/// `stage` and every stage that depends on it.
std::vector<std::string> dependents_of(const std::string& stage);

/// What running these stages, in order, discards.
struct Discarded {
    const Stage* because = nullptr;        ///< the first that runs since something has changed
    std::vector<const PlannedStage*> lost; ///< trained work, theirs or of stages that depend on them
    double seconds = 0;                    ///< that went into it
    /// More than a minute of training: not without asking.
    bool needs_asking() const;
};
/// The result refers to `plan`, which is plan_stages().
Discarded discarded_by(const std::vector<PlannedStage>& plan, const StageContext& context,
                       const std::vector<std::string>& stages);

/// Throws UsageError where running these stages, in order, discards more than a minute of training, theirs or
/// of stages that depend on them: what has changed, what is lost, how to go on.
void refuse_to_discard(const StageContext& context, const std::vector<std::string>& stages);

} // namespace tessera::nas
