// Options and words about known accuracies, which `rank` and `fit` share.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "predictors/accuracy_table.h"

namespace tessera::cli {

/// --architecture-column, --accuracy-column, --unit and --direction.
std::vector<Option> accuracy_options();
/// --truth and the columns. Throws UsageError for an unknown unit or direction.
predictors::AccuracyTableOptions truth_options(const Arguments& arguments);

/// What was read, and which rows belong to another space.
std::string describe_accuracies(const predictors::AccuracyTable& table, const std::string& file);
nlohmann::ordered_json accuracies_json(const predictors::AccuracyTable& table, const std::string& file);

/// `fit --accuracies FILE` is short for `--set sample.accuracies.file=FILE`, and so on.
Arguments with_accuracies(Arguments arguments);

} // namespace tessera::cli
