// Another search of a run that has been fitted: other bounds, objectives or strategy, in a folder of its own.
// Nothing is trained, nothing of the run is changed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nas/configuration.h"
#include "nas/front_files.h"
#include "nas/search/bound.h"

namespace tessera::nas {

struct SearchRequest {
    std::vector<Objective> sought; ///< in place of the run's objectives; empty: those
    std::vector<Bound> bounds;     ///< beside or in place of those of the objectives
    std::optional<Strategy> strategy;
    std::string name;    ///< of the folder; empty: made of what is asked
    std::string command; ///< the command line, kept with the result
};

struct NamedSearch {
    std::filesystem::path folder; ///< searches/<name> of the run, never one that was there
    FrontFile file;
    double seconds = 0; ///< from reading the tables to the files
};

/// Writes front.csv, front.json, front.svg, hypervolume.csv and command.txt. Throws UsageError where the run
/// has not been fitted or a name is unknown, InfeasibleError where no architecture meets the bounds.
NamedSearch search_beside(const Configuration& configuration, const std::filesystem::path& run,
                          const SearchRequest& request);

/// `parent`/`name`, or with -2, -3, ... after it: the first that was not there, created. Throws RunError
/// where it cannot be.
std::filesystem::path fresh_folder(const std::filesystem::path& parent, const std::string& name);

} // namespace tessera::nas
