// Which points of a front are fine-tuned: `knee`, `all`, `<objective><=<value>`, `<objective>>=<value>`, an
// architecture's id.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nas/search/front.h"

namespace tessera::nas {

/// Indices into `front`, which is non-empty and non-dominated.
/// knee: largest distance below the chord between the front's extremes (objectives scaled to 0..1; for more
/// than two objectives the smallest scaled distance to the ideal). spread:K: K points evenly spaced along the
/// first objective, ends included. name<=value (or >=): among the points that satisfy it, the best in the
/// first other objective. ID: the point whose architecture has this id (or unambiguous prefix of at least 4
/// characters); `ids` are the points' ids. Throws UsageError naming the valid forms, objectives (nearest
/// spelling) and the reachable range.
std::vector<std::size_t> pick(const std::string& expression, std::span<const Candidate> front,
                              std::span<const Objective> objectives, std::span<const std::string> ids);

/// Throws UsageError, as pick() does, where the expression's form is wrong or names an objective that there
/// is not. What a front holds is not known yet: ids pass. `random:` and `scaled:` may stand before it;
/// `reference` passes.
void check_pick(const std::string& expression, std::span<const Objective> objectives);

} // namespace tessera::nas
