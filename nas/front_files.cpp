#include "nas/front_files.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nas/search/objective_json.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/plot.h"

namespace tessera::nas {

namespace {

constexpr const char* kFrontSchema = "tessera-front-2";

nlohmann::json to_json(const std::vector<Point>& points, const std::vector<std::string>& columns) {
    nlohmann::json list = nlohmann::json::array();
    for (const Point& p : points) {
        nlohmann::json entry = {
            {"id", p.architecture.id()}, {"architecture", p.architecture.text()}, {"feasible", p.feasible}};
        for (std::size_t k = 0; k < columns.size(); ++k) {
            entry["values"][columns[k]] = p.values[k];
        }
        if (p.accuracy) {
            entry["accuracy_interval"] = {p.accuracy->low, p.accuracy->high};
        }
        list.push_back(std::move(entry));
    }
    return list;
}

std::vector<Point> points_from(const nlohmann::json& list, const std::vector<std::string>& columns) {
    std::vector<Point> points;
    for (const nlohmann::json& entry : list) {
        Point p;
        p.architecture = search_spaces::Architecture::parse(entry.at("architecture").get<std::string>());
        for (const auto& column : columns) {
            p.values.push_back(entry.at("values").at(column));
        }
        p.feasible = entry.at("feasible");
        if (entry.contains("accuracy_interval")) {
            p.accuracy = {entry.at("values").at("accuracy"), entry.at("accuracy_interval").at(0),
                          entry.at("accuracy_interval").at(1)};
        }
        points.push_back(std::move(p));
    }
    return points;
}

/// Accuracy is shown in percent, everything else as it is.
double shown(const std::string& column, double value) { return column == "accuracy" ? 100 * value : value; }
std::string label(const std::string& column, std::string_view accuracy_name) {
    if (column == "accuracy") {
        return fmt::format("{}, % (predicted, unless it says obtained)", accuracy_name);
    }
    if (column.starts_with("latency_") && column.ends_with("_ms")) {
        return fmt::format("latency on {}, ms", column.substr(8, column.size() - 11));
    }
    return column == "macs" ? "multiply-accumulates" : column;
}

} // namespace

std::vector<std::size_t> FrontFile::same_as() const {
    std::vector<std::size_t> order(front.size()), same(front.size());
    std::iota(order.begin(), order.end(), 0);
    same = order;
    if (!std::ranges::all_of(front, [](const Point& p) { return p.accuracy.has_value(); })) {
        return same;
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return front[i].accuracy->accuracy; });
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto first = std::ranges::find_if(
            order, [&](std::size_t j) { return front[j].accuracy->high >= front[order[i]].accuracy->low; });
        same[order[i]] = *first;
    }
    return same;
}

std::string FrontFile::json() const {
    nlohmann::json out = {{"schema", kFrontSchema},
                          {"columns", columns},
                          {"evaluations", evaluations},
                          {"strategy", strategy},
                          {"ended", ended},
                          {"hypervolume", hypervolume},
                          {"random_hypervolume", random_hypervolume}};
    out["objectives"] = nlohmann::json::array();
    for (const Objective& o : objectives) {
        out["objectives"].push_back(nlohmann::json(objective_json(o)));
    }
    if (gap) {
        out["gap"] = *gap;
    }
    out["front"] = to_json(front, columns);
    const auto same = same_as();
    for (std::size_t i = 0; i < front.size(); ++i) {
        if (same[i] != i) {
            out["front"][i]["same_as"] = front[same[i]].architecture.id();
        }
    }
    out["random"] = to_json(random, columns);
    out["reference"] = to_json(reference, columns);
    out["scaled"] = to_json(scaled, columns);
    return out.dump(1) + "\n";
}

FrontFile FrontFile::load(const std::filesystem::path& file) {
    try {
        const auto in = nlohmann::json::parse(support::read_file(file, 256ULL << 20));
        if (in.at("schema") != kFrontSchema) {
            throw support::RunError(file.string() + ": unknown schema");
        }
        FrontFile result;
        result.columns = in.at("columns").get<std::vector<std::string>>();
        result.evaluations = in.at("evaluations");
        result.strategy = in.at("strategy");
        result.ended = in.at("ended");
        if (in.contains("gap")) {
            result.gap = in.at("gap").get<double>();
        }
        result.hypervolume = in.at("hypervolume");
        result.random_hypervolume = in.at("random_hypervolume");
        for (const auto& entry : in.at("objectives")) {
            result.objectives.push_back(objective_from(entry));
        }
        for (std::size_t i = 0; i < result.objectives.size(); ++i) {
            if (i >= result.columns.size() || result.columns[i] != result.objectives[i].name) {
                throw support::RunError(file.string() +
                                        ": damaged: its columns do not begin with its objectives");
            }
        }
        result.front = points_from(in.at("front"), result.columns);
        result.random = points_from(in.at("random"), result.columns);
        result.reference = points_from(in.at("reference"), result.columns);
        result.scaled = points_from(in.at("scaled"), result.columns);
        return result;
    } catch (const nlohmann::json::exception& error) {
        throw support::RunError(fmt::format("{}: damaged: {}", file.string(), error.what()));
    } catch (const std::invalid_argument& error) {
        throw support::RunError(fmt::format("{}: damaged: {}", file.string(), error.what()));
    }
}

std::string FrontFile::csv() const {
    support::CsvTable table;
    table.header = {"id", "architecture"};
    table.header.insert(table.header.end(), columns.begin(), columns.end());
    for (const char* name : {"accuracy_low", "accuracy_high", "same_as", "feasible"}) {
        table.header.emplace_back(name);
    }
    const auto same = same_as();
    for (std::size_t i = 0; i < front.size(); ++i) {
        const Point& p = front[i];
        std::vector<std::string> row = {p.architecture.id(), p.architecture.text()};
        for (const double value : p.values) {
            row.push_back(support::number(value));
        }
        row.push_back(p.accuracy ? support::number(p.accuracy->low) : "");
        row.push_back(p.accuracy ? support::number(p.accuracy->high) : "");
        row.push_back(same[i] == i ? "" : front[same[i]].architecture.id());
        row.emplace_back(p.feasible ? "true" : "false");
        table.add(std::move(row));
    }
    return table.text();
}

std::string FrontFile::svg(
    const std::string& title, std::string_view accuracy_name,
    const std::vector<std::pair<search_spaces::Architecture, double>>& samples,
    const std::function<std::vector<double>(const search_spaces::Architecture&)>& values_of) const {
    // Quality upwards, cost to the right.
    std::vector<std::size_t> axes;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        if (!objectives[k].bounds_only) {
            axes.push_back(k);
        }
    }
    std::size_t y = axes.at(0), x = axes.size() > 1 ? axes[1] : std::min<std::size_t>(1, columns.size() - 1);
    if (columns[x] == "accuracy") {
        std::swap(x, y);
    }
    support::Plot plot;
    plot.title = title;
    plot.x_label = label(columns[x], accuracy_name);
    plot.y_label = label(columns[y], accuracy_name);
    const auto series = [&](const std::string& name, const std::vector<Point>& points,
                            support::Series::Style style) {
        support::Series s;
        s.name = name;
        s.style = style;
        for (const Point& p : points) {
            s.points.emplace_back(shown(columns[x], p.values[x]), shown(columns[y], p.values[y]));
            s.labels.push_back(p.architecture.id() + " " + p.architecture.text());
        }
        return s;
    };
    using Style = support::Series::Style;
    plot.series.push_back(series("random search", random, Style::points));
    plot.series.push_back(series("scaled references", scaled, Style::points));
    if (!samples.empty() && columns[y] == "accuracy") {
        support::Series s;
        s.name = "fine-tuned samples (obtained)";
        for (const auto& [architecture, accuracy] : samples) {
            s.points.emplace_back(shown(columns[x], values_of(architecture)[x]), 100 * accuracy);
            s.labels.push_back(architecture.id() + " " + architecture.text());
        }
        plot.series.push_back(std::move(s));
    }
    plot.series.push_back(series("reference", reference, Style::points));
    plot.series.push_back(series("front", front, Style::line_and_points));
    return plot.svg();
}

std::vector<Candidate> FrontFile::candidates(const std::vector<Point>& points) const {
    std::vector<Candidate> result;
    for (const Point& p : points) {
        result.push_back(
            {{}, {p.values.begin(), p.values.begin() + static_cast<long>(objectives.size())}, 0});
    }
    return result;
}

} // namespace tessera::nas
