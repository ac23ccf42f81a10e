// Bounds as people write them on a command line. Torch-free.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nas/search/objective.h"

namespace tessera::nas {

struct Bound {
    std::string name;
    std::optional<double> low, high; ///< inclusive
};

/// `NAME<=VALUE`, `NAME>=VALUE`, `LOW<=NAME<=HIGH`; blanks are allowed. Throws UsageError naming the forms.
Bound parse_bound(std::string_view text);
/// `NAME=VALUE` of --max (an upper bound) or --min (a lower one).
Bound parse_limit(std::string_view text, bool upper);

/// Throws UsageError where two of them bound the same side of the same name.
void require_each_side_once(std::span<const Bound> bounds);

/// Sets the bound on the objective of its name, in place of the one it had on that side. A name among `known`
/// without an objective gets one that is there for its bounds only. Throws UsageError for other names
/// (nearest spelling) and where the lower bound ends above the upper one.
void apply(const Bound& bound, std::vector<Objective>& objectives, const std::vector<std::string>& known);

/// "latency reached 1.25 to 7.5, macs reached ..." of the bounded objectives, in what was evaluated; values
/// that are not finite do not count.
std::string reached_text(std::span<const Candidate> evaluated, std::span<const Objective> objectives);

} // namespace tessera::nas
