// A block's choices from YAML: the cross product of each family's axes, less what the rules exclude.
#pragma once

#include <vector>

#include "search_spaces/choice.h"
#include "search_spaces/family.h"
#include "support/config.h"

namespace tessera::search_spaces {

/// Most choices that one block may have.
inline constexpr std::int64_t max_choices = 1'000'000;

struct ChoiceList {
    std::vector<Choice> choices;
    int reference_place = 0; ///< of the reference's choice in the list as written, before it was put first
};

/// Reads `choices`, `unless` and `reference` of one block. Complete, distinct, fitting the site; the
/// reference's own choice first, the others in the order of the list and, within a family, with the last
/// parameter changing fastest. Throws UsageError (file:line:column) for unknown families, parameters and
/// values, rules that match nothing that exists, choices that do not fit the site, and a reference that is
/// not among the choices.
ChoiceList read_choices(support::Section& block, const Site& site);

} // namespace tessera::search_spaces
