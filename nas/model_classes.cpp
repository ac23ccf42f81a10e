#include "nas/model_classes.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/table.h"

namespace tessera::nas {
namespace {

/// More columns than this do not fit beside each other.
constexpr std::size_t shown_models = 4;

} // namespace

std::string class_file(const std::string& id) { return "models/" + id + "/per_class.csv"; }

std::vector<ModelClasses> read_model_classes(const RunFolder& run, const support::CsvTable& models) {
    std::vector<ModelClasses> result;
    const auto column = models.column("id", "models.csv");
    for (const auto& row : models.rows) {
        const auto file = run / class_file(row[column]);
        if (!std::filesystem::exists(file)) {
            continue;
        }
        auto classes = parse_class_csv(support::read_csv(file), file.string());
        if (worth_showing(classes)) {
            result.push_back({row[column], std::move(classes)});
        }
    }
    return result;
}

std::vector<std::size_t> plain_columns(const support::CsvTable& models) {
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < models.header.size(); ++c) {
        const std::string& name = models.header[c];
        if (name.find("latency_") != std::string::npos || name == "test_abs_rel" || name == "test_rmse") {
            columns.push_back(c);
        }
    }
    return columns;
}

std::string class_summary(const std::vector<ModelClasses>& models) {
    if (models.empty()) {
        return "";
    }
    const std::size_t shown = std::min(models.size(), shown_models);
    std::vector<std::string> header = {"class", "images"};
    for (std::size_t m = 0; m < shown; ++m) {
        header.push_back(models[m].id);
    }
    support::TextTable table(header);
    std::vector<ClassResult> sorted = worst_first(models[0].classes);
    const std::size_t all = sorted.size();
    sorted.resize(std::min(all, few_classes));
    for (const ClassResult& c : sorted) {
        std::vector<std::string> row = {c.name, std::to_string(c.images)};
        for (std::size_t m = 0; m < shown; ++m) {
            const auto same = std::find_if(models[m].classes.begin(), models[m].classes.end(),
                                           [&](const ClassResult& other) { return other.name == c.name; });
            row.push_back(same == models[m].classes.end() ? "-"
                                                          : fmt::format("{:.2f} %", 100 * same->accuracy()));
        }
        table.add(std::move(row));
    }
    const std::string left_out =
        all > sorted.size() || models.size() > shown
            ? fmt::format(" ({} of {} classes, {} of {} networks)", sorted.size(), all, shown, models.size())
            : "";
    return fmt::format("Accuracy of each class in the test set{}\n{}  tables   models/ID/per_class.csv\n",
                       left_out, table.text());
}

} // namespace tessera::nas
