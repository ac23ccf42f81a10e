#include "nas/search/named_front.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nas/search/objective_json.h"
#include "support/csv.h"
#include "support/plot.h"
#include "support/table.h"

namespace tessera::nas {
namespace {

std::vector<std::size_t> sought(const std::vector<Objective>& objectives) {
    std::vector<std::size_t> which;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        if (!objectives[k].bounds_only) {
            which.push_back(k);
        }
    }
    return which;
}

/// As a whole number where a double holds it exactly.
nlohmann::ordered_json whole_number(double number) {
    return number < 0x1p53 ? nlohmann::ordered_json(static_cast<std::uint64_t>(number))
                           : nlohmann::ordered_json(number);
}

} // namespace

std::string NamedFront::csv() const {
    support::CsvTable table;
    for (const Objective& o : objectives) {
        table.header.push_back(o.name);
    }
    for (const std::string& block : blocks) {
        const bool taken = std::ranges::find(objectives, block, &Objective::name) != objectives.end();
        table.header.push_back(taken ? "block " + block : block);
    }
    for (const Candidate& c : result.front) {
        std::vector<std::string> row;
        for (const double value : c.values) {
            row.push_back(support::number(value));
        }
        for (std::size_t b = 0; b < blocks.size(); ++b) {
            row.push_back(choices[b][static_cast<std::size_t>(c.genome[b])]);
        }
        table.add(std::move(row));
    }
    return table.text();
}

std::string NamedFront::json() const {
    nlohmann::ordered_json out = {{"schema", "tessera-named-front-1"},
                                  {"strategy", strategy},
                                  {"ended", result.ended},
                                  {"architectures", whole_number(size)},
                                  {"evaluated", result.evaluated.size()},
                                  {"hypervolume", hypervolume}};
    if (result.gap) {
        out["gap"] = *result.gap;
    }
    if (seconds) {
        out["seconds"] = *seconds;
    }
    out["objectives"] = nlohmann::ordered_json::array();
    for (const Objective& o : objectives) {
        out["objectives"].push_back(objective_json(o));
    }
    out["blocks"] = blocks;
    out["front"] = nlohmann::ordered_json::array();
    for (const Candidate& c : result.front) {
        nlohmann::ordered_json point;
        for (std::size_t k = 0; k < objectives.size(); ++k) {
            point["values"][objectives[k].name] = c.values[k];
        }
        for (std::size_t b = 0; b < blocks.size(); ++b) {
            point["choices"].push_back(choices[b][static_cast<std::size_t>(c.genome[b])]);
        }
        out["front"].push_back(std::move(point));
    }
    return out.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string NamedFront::svg(const std::string& title) const {
    const auto which = sought(objectives);
    const std::size_t x = which.front(), y = which.size() > 1 ? which[1] : which.front();
    support::Plot plot;
    plot.title = title;
    plot.x_label = objectives[x].name;
    plot.y_label = objectives[y].name;
    support::Series series;
    series.name = "front";
    series.style =
        which.size() == 2 ? support::Series::Style::line_and_points : support::Series::Style::points;
    for (const Candidate& c : result.front) {
        series.points.emplace_back(c.values[x], c.values[y]);
        std::string label;
        for (std::size_t b = 0; b < blocks.size() && b < 20; ++b) {
            label += fmt::format("{}{}={}", b == 0 ? "" : ", ", blocks[b],
                                 choices[b][static_cast<std::size_t>(c.genome[b])]);
        }
        series.labels.push_back(std::move(label));
    }
    plot.series.push_back(std::move(series));
    return plot.svg();
}

std::string NamedFront::hypervolume_csv(const Problem& problem) const {
    const Scaling scaling = Scaling::of(result.front, objectives);
    support::CsvTable table;
    table.header = {"generation", "hypervolume"};
    const auto curve = hypervolume_curve(result, problem, scaling);
    for (std::size_t g = 0; g < curve.size(); ++g) {
        table.add({std::to_string(g), support::number(curve[g])});
    }
    return table.text();
}

std::string NamedFront::text() const {
    std::vector<std::string> header;
    for (const Objective& o : objectives) {
        header.push_back(o.name);
    }
    constexpr std::size_t shown_blocks = 8, shown_points = 20;
    for (std::size_t b = 0; b < std::min(blocks.size(), shown_blocks); ++b) {
        header.push_back(blocks[b]);
    }
    if (blocks.size() > shown_blocks) {
        header.push_back(fmt::format("and {} more", blocks.size() - shown_blocks));
    }
    support::TextTable table(header);
    const auto& front = result.front;
    const std::size_t step = std::max<std::size_t>(1, (front.size() + shown_points - 1) / shown_points);
    for (std::size_t i = 0; i < front.size(); i += step) {
        std::vector<std::string> row;
        for (const double value : front[i].values) {
            row.push_back(fmt::format("{:.6g}", value));
        }
        for (std::size_t b = 0; b < std::min(blocks.size(), shown_blocks); ++b) {
            row.push_back(choices[b][static_cast<std::size_t>(front[i].genome[b])]);
        }
        row.resize(header.size());
        table.add(std::move(row));
    }
    return fmt::format("Front: {} of {} ({})\n{}{}", support::counted(std::ssize(front), "point"),
                       support::si(size), result.ended, table.text(),
                       step > 1 ? fmt::format("  (1 of {} shown)\n", step) : "");
}

} // namespace tessera::nas
