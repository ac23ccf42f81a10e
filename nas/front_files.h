// A search's result as files: front.csv, front.json, front.svg, hypervolume.csv; and read back.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "nas/objective_tables.h"
#include "nas/search/search.h"
#include "search_spaces/architecture.h"

namespace tessera::nas {

/// A point with everything that is known about it.
struct Point {
    search_spaces::Architecture architecture;
    std::vector<double> values; ///< in the order of FrontFile::columns
    std::optional<predictors::Prediction> accuracy;
    bool feasible = true;
};

struct FrontFile {
    std::vector<Objective> objectives;
    std::vector<std::string>
        columns; ///< names of all known values: the objectives first, then the other costs
    std::vector<Point> front, random, reference, scaled;
    std::int64_t evaluations = 0; ///< of the random search beside it
    std::string strategy, ended;
    std::optional<double> gap;                      ///< SearchResult::gap
    double hypervolume = 0, random_hypervolume = 0; ///< scaled as in nas/front.h over both fronts

    /// Per point of the front the least accurate point that its interval does not separate it from (its low
    /// end is not above the other's high end); the point itself where there is none. Without accuracies,
    /// itself.
    std::vector<std::size_t> same_as() const;

    /// JSON with a schema version; and back (RunError naming the file when damaged).
    std::string json() const;
    static FrontFile load(const std::filesystem::path& file);
    /// id, architecture, columns, accuracy_low, accuracy_high, same_as (an id, or empty), feasible.
    std::string csv() const;
    /// The first two objectives: front, random search, reference, scaled references, and the fine-tuned
    /// samples given. `accuracy_name`: what the task calls its accuracy.
    std::string
    svg(const std::string& title, std::string_view accuracy_name,
        const std::vector<std::pair<search_spaces::Architecture, double>>& samples,
        const std::function<std::vector<double>(const search_spaces::Architecture&)>& values_of) const;
    /// Objective values of a group's points as candidates for pick().
    std::vector<Candidate> candidates(const std::vector<Point>& points) const;
};

} // namespace tessera::nas
