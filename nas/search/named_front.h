// The front of a table of others, with the names that its blocks and choices have there, as files and as
// text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nas/search/choice_table.h"
#include "nas/search/search.h"

namespace tessera::nas {

struct NamedFront {
    std::vector<Objective> objectives;
    std::vector<std::string> blocks;
    std::vector<std::vector<std::string>> choices; ///< [block][choice]
    std::string strategy;
    SearchResult result;
    double size = 0;               ///< architectures that the table describes
    double hypervolume = 0;        ///< of the front, scaled by its own ideal and nadir points
    std::optional<double> seconds; ///< that the search took

    /// A column per objective and one per block (its choice), one row a point. A block called like an
    /// objective gets "block " before its name.
    std::string csv() const;
    /// The same with how it was found, and a schema version; choices in the order of `blocks`.
    std::string json() const;
    /// The first two objectives sought.
    std::string svg(const std::string& title) const;
    /// Hypervolume of the front after each generation; empty for strategies that have none.
    std::string hypervolume_csv(const Problem& problem) const;
    /// In words, and at most 20 of the points as a table.
    std::string text() const;
};

} // namespace tessera::nas
