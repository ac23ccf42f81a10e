// From a run's tables to its front: what the stage `search` and every search beside it share.
#pragma once

#include <filesystem>
#include <optional>

#include "nas/configuration.h"
#include "nas/front_files.h"
#include "nas/objective_tables.h"
#include "support/csv.h"

namespace tessera::nas {

/// Costs of the space, the run's latency tables (relative paths), the user's own columns, and the predictor
/// with the qualities that it was fitted with.
ObjectiveTables load_tables(const Configuration& configuration, const std::filesystem::path& run,
                            const std::vector<std::string>& latency_tables);

/// Accuracies that samples obtained, from samples/samples.csv.
std::vector<std::pair<search_spaces::Architecture, double>>
obtained_accuracies(const std::filesystem::path& file);

struct MadeFront {
    FrontFile file;
    support::CsvTable hypervolume; ///< generation, hypervolume, random_hypervolume
};

/// Solves, and searches at random beside it with the budget of evaluations. Throws InfeasibleError where no
/// architecture meets the bounds, with what each bounded objective can reach.
MadeFront make_front(const search_spaces::SearchSpace& space, const ObjectiveTables& tables,
                     const SearchStageOptions& options, std::uint64_t seed);

/// Writes front.csv, front.json, front.svg and hypervolume.csv into the folder.
void write_front(const std::filesystem::path& folder, const MadeFront& made, const std::string& title,
                 const search_spaces::SearchSpace& space, const ObjectiveTables& tables,
                 std::vector<std::pair<search_spaces::Architecture, double>> samples);

/// The front in words and as a table of at most 20 of its points; `folder` is where the files lie.
std::string front_text(const FrontFile& file, const std::filesystem::path& folder);

} // namespace tessera::nas
