// Adam's learning rate for a space, from a short pass of a few choices.
#pragma once

#include "predictors/pass_plan.h"

namespace tessera::predictors {

/// The rate (best_rate) with the smallest mean log held-out NSR at the end of options.pilot_batches steps of
/// two seeded choices a block.
double search_learning_rate(const PassContext& context, PassPlanner& planner);

/// The rate of the options; where they leave it open (0) the one that was searched and kept in the library's
/// learning_rate.json, so that choices added to the space later are trained like the others.
double library_learning_rate(const PassContext& context, PassPlanner& planner, const BlockLibrary& library);

} // namespace tessera::predictors
