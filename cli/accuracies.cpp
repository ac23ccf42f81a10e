#include "cli/accuracies.h"

#include <fmt/format.h>

#include "cli/overrides.h"
#include "support/error.h"

namespace tessera::cli {
namespace {

constexpr std::size_t foreign_shown = 5;

} // namespace

std::vector<Option> accuracy_options() {
    return {
        {"architecture-column", "NAME",
         "column of the networks (default: architecture, arch, digits, network)"},
        {"accuracy-column", "NAME", "column of the accuracies (default: accuracy, mean_acc, test_acc, ...)"},
        {"unit", "percent|fraction", "of that column (default: percent where a value is above 1)"},
        {"direction", "maximize|minimize", "minimize: the column holds errors (default: maximize)"}};
}

predictors::AccuracyTableOptions truth_options(const Arguments& arguments) {
    predictors::AccuracyTableOptions options;
    options.file = arguments.value("truth");
    options.architecture = arguments.value("architecture-column");
    options.accuracy = arguments.value("accuracy-column");
    const std::string unit = arguments.value("unit"), direction = arguments.value("direction");
    if (!unit.empty() && unit != "percent" && unit != "fraction") {
        throw support::UsageError(fmt::format("--unit: '{}' is neither percent nor fraction", unit));
    }
    if (!direction.empty() && direction != "maximize" && direction != "minimize") {
        throw support::UsageError(
            fmt::format("--direction: '{}' is neither maximize nor minimize", direction));
    }
    options.unit = unit.empty()        ? predictors::AccuracyUnit::automatic
                   : unit == "percent" ? predictors::AccuracyUnit::percent
                                       : predictors::AccuracyUnit::fraction;
    options.direction = direction == "minimize" ? predictors::AccuracyDirection::minimize
                                                : predictors::AccuracyDirection::maximize;
    return options;
}

std::string describe_accuracies(const predictors::AccuracyTable& table, const std::string& file) {
    std::string text = fmt::format("Truth     {} networks from {}, column {} read as {}\n", table.rows.size(),
                                   file, table.column, predictors::to_text(table.unit));
    if (table.repeated > 0) {
        text += fmt::format("          {} more rows of the same networks, averaged\n", table.repeated);
    }
    if (!table.foreign.empty()) {
        text += fmt::format("          {} rows are no network of the space:\n", table.foreign.size());
        for (std::size_t i = 0; i < std::min(foreign_shown, table.foreign.size()); ++i) {
            text += fmt::format("            {}: {}\n", table.foreign[i].name, table.foreign[i].why);
        }
    }
    return text;
}

nlohmann::ordered_json accuracies_json(const predictors::AccuracyTable& table, const std::string& file) {
    nlohmann::ordered_json json = {{"truth", file},
                                   {"networks", table.rows.size()},
                                   {"column", table.column},
                                   {"unit", predictors::to_text(table.unit)},
                                   {"repeated", table.repeated},
                                   {"foreign", nlohmann::ordered_json::array()}};
    for (const auto& row : table.foreign) {
        json["foreign"].push_back({{"network", row.name}, {"why", row.why}});
    }
    return json;
}

Arguments with_accuracies(Arguments arguments) {
    override_with(arguments, "accuracies", "sample.accuracies.file", true);
    override_with(arguments, "architecture-column", "sample.accuracies.architecture");
    override_with(arguments, "accuracy-column", "sample.accuracies.accuracy");
    override_with(arguments, "unit", "sample.accuracies.unit");
    override_with(arguments, "direction", "sample.accuracies.direction");
    return arguments;
}

} // namespace tessera::cli
