#include "nas/cost_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "latency/row_lookup.h"
#include "nas/search/choice_table.h"
#include "support/csv.h"
#include "support/error.h"

namespace tessera::nas {
namespace {

using support::RunError;

const std::vector<std::string> rest_rows = {"stem", "head", "rest"};

double finite_number(const std::string& text, const std::string& column, const std::string& where) {
    try {
        const double value = support::parse_number(text, column);
        if (std::isfinite(value)) {
            return value;
        }
    } catch (const RunError&) {} // said with its place below
    throw RunError(fmt::format("{}: {} is '{}', not a finite number", where, column, text));
}

/// Where a row's numbers go; none for a row of the rest.
std::optional<std::pair<std::size_t, std::size_t>> place_of(const std::string& block,
                                                            const std::string& choice,
                                                            const search_spaces::SearchSpace& space,
                                                            const std::string& where) {
    const auto b = latency::find_block(space, block);
    if (!b) {
        if (std::ranges::find(rest_rows, block) != rest_rows.end()) {
            return std::nullopt;
        }
        throw RunError(fmt::format("{}: {}", where, latency::unknown_block(space, block, rest_rows)));
    }
    try {
        return std::pair(*b, static_cast<std::size_t>(latency::find_choice(space, *b, choice)));
    } catch (const support::UsageError& error) { throw RunError(fmt::format("{}: {}", where, error.what())); }
}

} // namespace

std::vector<std::string> cost_column_names(const std::filesystem::path& file) {
    return columns_of_table(file);
}

std::map<std::string, TableColumn> read_cost_columns(const std::filesystem::path& path,
                                                     const std::vector<std::string>& names,
                                                     const search_spaces::SearchSpace& space) {
    if (names.empty()) {
        return {};
    }
    const std::string file = path.string();
    const support::CsvTable csv = support::read_csv(path);
    const std::size_t block_at = csv.column("block", file), choice_at = csv.column("choice", file);
    std::map<std::string, TableColumn> columns;
    for (const std::string& name : names) {
        csv.column(name, file);
        for (const auto& block : space.blocks()) {
            columns[name].values.emplace_back(block.choices.size(), std::numeric_limits<double>::quiet_NaN());
        }
    }
    std::set<std::pair<std::size_t, std::size_t>> seen;
    for (std::size_t r = 0; r < csv.rows.size(); ++r) {
        const auto& row = csv.rows[r];
        const std::string where = fmt::format("{}:{}", file, csv.lines[r]);
        const auto place = place_of(row[block_at], row[choice_at], space, where);
        if (place && !seen.insert(*place).second) {
            throw RunError(
                fmt::format("{}: block {} has choice {} twice", where, row[block_at], row[choice_at]));
        }
        for (const std::string& name : names) {
            const double value = finite_number(row[csv.column(name, file)], name, where);
            if (place) {
                columns[name].values[place->first][place->second] = value;
            } else {
                columns[name].rest += value;
            }
        }
    }
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        for (std::size_t m = 0; m < space.blocks()[b].choices.size(); ++m) {
            if (!seen.contains({b, m})) {
                throw RunError(fmt::format("{}: no row for block {} and choice {}", file,
                                           space.blocks()[b].name, space.blocks()[b].choices[m].text()));
            }
        }
    }
    return columns;
}

std::map<std::string, TableColumn> sought_cost_columns(const std::filesystem::path& file,
                                                       const std::vector<Objective>& objectives,
                                                       const search_spaces::SearchSpace& space) {
    const auto there = cost_column_names(file);
    std::set<std::string> names; // several objectives may be of one column
    for (const Objective& o : objectives) {
        if (std::ranges::find(there, o.name) != there.end()) {
            names.insert(o.name);
        }
    }
    return read_cost_columns(file, {names.begin(), names.end()}, space);
}

} // namespace tessera::nas
