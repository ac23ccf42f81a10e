#include "nas/description.h"

#include <algorithm>

#include <fmt/format.h>

#include "nas/cost_columns.h"
#include "nas/objective_tables.h"
#include "support/table.h"

namespace tessera::nas {

namespace {

/// Multiply-accumulates a second and core that training reaches on a current CPU (measured: 290 GFLOP/s of
/// dense convolutions on two cores, a half to a tenth of it for inverted bottlenecks). Only for the order of
/// magnitude.
constexpr double kTrainingMacsPerSecondAndCore = 2e10;

/// Each bound alone: whether all of them can be met together only the search can tell.
std::string bounds_text(const ObjectiveTables& tables, const std::vector<Objective>& objectives,
                        nlohmann::json& json) {
    std::string text;
    json = nlohmann::json::array();
    for (const Objective& o : objectives) {
        if (!o.low && !o.high) {
            continue;
        }
        text += fmt::format("  {}", o.name);
        if (o.low) {
            text += fmt::format(" >= {:.6g}", *o.low);
        }
        if (o.high) {
            text += fmt::format(" <= {:.6g}", *o.high);
        }
        json.push_back({{"name", o.name}});
        if (o.low) {
            json.back()["min"] = *o.low;
        }
        if (o.high) {
            json.back()["max"] = *o.high;
        }
        if (!tables.has(o.name)) {
            text += ": known once it has been measured\n";
            continue;
        }
        const auto [low, high] = tables.column(o.name).range();
        const bool within = (!o.high || *o.high >= low) && (!o.low || *o.low <= high);
        text += fmt::format(": {} (the space reaches {:.6g} to {:.6g})\n",
                            within ? "can be met" : "cannot be met", low, high);
        json.back()["reachable"] = {low, high};
        json.back()["met"] = within;
    }
    return text;
}

/// A row a block; adds to `student_macs` those of every choice but the reference's own.
std::string blocks_text(const search_spaces::SearchSpace& space, double& student_macs, nlohmann::json& json) {
    support::TextTable blocks({"block", "input", "output", "stride", "choices", "least MACs", "reference",
                               "most", "reference's choice"});
    const auto shape = [](const search_spaces::Shape& s) {
        return fmt::format("{}x{}x{}", s.channels, s.height, s.width);
    };
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        const auto& block = space.blocks()[b];
        double least = 0, most = 0;
        for (std::size_t m = 0; m < block.choices.size(); ++m) {
            const auto macs = static_cast<double>(space.block_costs(b, block.choices[m]).macs);
            least = m == 0 ? macs : std::min(least, macs);
            most = std::max(most, macs);
            if (m > 0) {
                student_macs += macs;
            }
        }
        const auto reference = static_cast<double>(space.block_costs(b, block.choices.front()).macs);
        blocks.add({block.name, shape(block.site.input), shape(block.site.output()),
                    std::to_string(block.site.stride), std::to_string(block.choices.size()),
                    support::si(least), support::si(reference), support::si(most),
                    block.choices.front().text()});
        json.push_back({{"block", block.name},
                        {"choices", block.choices.size()},
                        {"least_macs", least},
                        {"reference_macs", reference},
                        {"most_macs", most},
                        {"reference", block.choices.front().text()}});
    }
    return blocks.text();
}

/// A latency's unit is in its name.
std::string cost_cell(const std::string& name, double value) {
    return name.starts_with("latency_") ? fmt::format("{:.{}f}", value, value < 0.01 ? 5 : 3)
                                        : support::si(value);
}

/// A row for everything that is known of a whole network before it is trained.
std::string costs_text(const search_spaces::SearchSpace& space, const ObjectiveTables& tables,
                       nlohmann::json& json) {
    support::TextTable costs({"cost of the whole network", "least", "reference", "most"});
    const std::vector<int> reference(space.blocks().size(), 0);
    for (const std::string& name : tables.names()) {
        const auto [low, high] = tables.column(name).range();
        const double own = tables.value(name, reference);
        costs.add({name, cost_cell(name, low), cost_cell(name, own), cost_cell(name, high)});
        json[name] = {{"least", low}, {"reference", own}, {"most", high}};
    }
    return costs.text();
}

std::string notes_text(const std::vector<std::string>& notes, nlohmann::json& json) {
    std::string text;
    for (const std::string& note : notes) {
        text += (text.empty() ? "\nLatency table\n  " : "  ") + note + "\n";
        json["notes"].push_back(note);
    }
    return text;
}

std::string distillation_text(const Configuration& configuration, double macs_per_image) {
    const auto& space = configuration.space;
    return fmt::format(
        "\nDistillation: {} MACs an image for {} students. At {} MACs a second and core (dense convolutions; "
        "inverted bottlenecks take 2 to 10 times longer) 100 000 images take about {} on {}.\n",
        support::si(macs_per_image), space.choice_count() - static_cast<std::int64_t>(space.blocks().size()),
        support::si(kTrainingMacsPerSecondAndCore),
        support::duration(macs_per_image * 1e5 /
                          (kTrainingMacsPerSecondAndCore * configuration.thread_budget())),
        support::counted(configuration.thread_budget(), "thread"));
}

} // namespace

KnownCosts known_costs(const Configuration& configuration) {
    const auto& options = configuration.latency.table;
    KnownCosts known{ObjectiveTables(configuration.space), {}};
    if (!options.file.empty() && std::filesystem::exists(options.file)) {
        latency::BroughtTables brought = latency::load_tables(options, configuration.space);
        for (const auto& table : brought.tables) {
            known.tables.add(table, configuration.space, options.missing);
        }
        known.notes = std::move(brought.notes);
        known.notes.insert(known.notes.end(), brought.warnings.begin(), brought.warnings.end());
    }
    for (auto& [name, column] : sought_cost_columns(configuration.search.columns,
                                                    configuration.search.objectives, configuration.space)) {
        known.tables.add(name, std::move(column));
    }
    return known;
}

Description describe(const Configuration& configuration) {
    const auto& space = configuration.space;
    const KnownCosts known = known_costs(configuration);
    const ObjectiveTables& tables = known.tables;
    Description result;
    const auto& in = space.input();
    double student_macs = 0;
    result.text = fmt::format("{}: {} blocks, {} choices, {:.3g} architectures; input {} x {} x {}, {}\n\n",
                              configuration.name, space.blocks().size(), space.choice_count(), space.size(),
                              in.channels, in.height, in.width,
                              space.head().kind == "depth" ? "a depth for every pixel"
                                                           : fmt::format("{} classes", space.classes()));
    result.text += blocks_text(space, student_macs, result.json["blocks"]) + "\n" +
                   costs_text(space, tables, result.json["costs"]);
    result.text += notes_text(known.notes, result.json);
    if (space.size() < 5) {
        result.text += fmt::format("\nToo small to search: {} (a predictor needs five networks).\n",
                                   support::counted(static_cast<std::int64_t>(space.size()), "architecture"));
    }
    const std::string bounds = bounds_text(tables, configuration.search.objectives, result.json["bounds"]);
    if (!bounds.empty()) {
        result.text += "\nBounds, each alone\n" + bounds;
    }
    // Forward and backward of each student, and one forward of the reference, per image.
    const std::vector<int> reference(space.blocks().size(), 0);
    const double per_image = 3 * student_macs + tables.value("macs", reference);
    result.text += distillation_text(configuration, per_image);
    result.json["name"] = configuration.name;
    result.json["choices"] = space.choice_count();
    result.json["architectures"] = space.size();
    result.json["distillation_macs_per_image"] = per_image;
    return result;
}

} // namespace tessera::nas
