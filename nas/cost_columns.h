// Costs of the user's own, as objectives: a CSV with one row a (block, choice). Torch-free.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nas/search/table_model.h"
#include "search_spaces/space.h"

namespace tessera::nas {

/// Names of the columns besides block and choice; none where the file cannot be read.
std::vector<std::string> cost_column_names(const std::filesystem::path& file);

/// The columns `names`, which sum up over blocks; rows whose block is `stem`, `head` or `rest` (choice empty)
/// join the sum of every architecture. Choices are written as in library.csv, parameters that equal their
/// defaults left out or not, or as ids. Throws RunError with file and line for a row of no block or choice of
/// the space, a choice twice or missing, a value that is no finite number.
std::map<std::string, TableColumn> read_cost_columns(const std::filesystem::path& file,
                                                     const std::vector<std::string>& names,
                                                     const search_spaces::SearchSpace& space);

/// The same for those columns that objectives name.
std::map<std::string, TableColumn> sought_cost_columns(const std::filesystem::path& file,
                                                       const std::vector<Objective>& objectives,
                                                       const search_spaces::SearchSpace& space);

} // namespace tessera::nas
