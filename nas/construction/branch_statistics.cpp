#include "nas/construction/branch_statistics.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config.h"
#include "support/error.h"

namespace tessera::nas::construction {
namespace {

const std::vector<std::string> statistic_columns = {"stage",    "cell",       "branch", "mean_square",
                                                    "variance", "dead_share", "images"};
const std::vector<std::string> skip_columns = {"entry", "source", "scalar"};

/// Rows of a table whose columns are exactly the expected ones, in any order.
class TableRows {
public:
    TableRows(const support::CsvTable& table, const std::vector<std::string>& columns,
              const std::string& source)
        : table_(table), columns_(columns), source_(source) {
        for (const std::string& name : columns) {
            places_.push_back(table.column(name, source));
        }
        if (table.header.size() != columns.size()) {
            throw support::RunError(
                fmt::format("{}: the columns of this table are {}", source, fmt::join(columns, ", ")));
        }
    }

    [[noreturn]] void refuse(std::size_t row, const std::string& what) const {
        throw support::RunError(where(row) + ": " + what);
    }

    const std::string& text(std::size_t row, std::size_t column) const {
        return table_.rows[row][places_[column]];
    }

    double number(std::size_t row, std::size_t column) const {
        return support::parse_number(text(row, column), where(row) + ": " + columns_[column]);
    }

    /// A whole number from 0 to `most`.
    std::int64_t whole(std::size_t row, std::size_t column, double most) const {
        const double value = number(row, column);
        if (!(value >= 0 && value <= most) || value != std::floor(value)) {
            refuse(row, fmt::format("{} is a whole number from 0 to {:.0f}, not {}", columns_[column], most,
                                    text(row, column)));
        }
        return static_cast<std::int64_t>(value);
    }

    int index(std::size_t row, std::size_t column) const { return static_cast<int>(whole(row, column, 1e6)); }

private:
    std::string where(std::size_t row) const {
        return row < table_.lines.size() ? fmt::format("{}:{}", source_, table_.lines[row])
                                         : fmt::format("{}, row {}", source_, row + 1);
    }

    const support::CsvTable& table_;
    const std::vector<std::string>& columns_;
    const std::string& source_;
    std::vector<std::size_t> places_;
};

Operator read_branch(const TableRows& rows, std::size_t row) {
    const std::string& name = rows.text(row, 2);
    if (const auto branch = find_operator(name)) {
        return *branch;
    }
    std::vector<std::string> names;
    for (const Operator branch : all_operators) {
        names.emplace_back(operator_name(branch));
    }
    const std::string near = support::nearest(name, names);
    rows.refuse(row, fmt::format("'{}' is no branch{}", name,
                                 near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

} // namespace

support::CsvTable statistics_csv(const std::vector<BranchStatistic>& statistics) {
    support::CsvTable table;
    table.header = statistic_columns;
    for (const BranchStatistic& s : statistics) {
        table.add({support::number(std::int64_t{s.stage}), support::number(std::int64_t{s.cell}),
                   std::string(operator_name(s.branch)), support::number(s.mean_square),
                   support::number(s.variance), support::number(s.dead), support::number(s.images)});
    }
    return table;
}

std::vector<BranchStatistic> parse_statistics_csv(const support::CsvTable& table, const std::string& source) {
    const TableRows rows(table, statistic_columns, source);
    std::vector<BranchStatistic> statistics;
    std::set<std::tuple<int, int, Operator>> seen;
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
        BranchStatistic s;
        s.stage = rows.index(row, 0);
        s.cell = rows.index(row, 1);
        s.branch = read_branch(rows, row);
        s.mean_square = rows.number(row, 3);
        s.variance = rows.number(row, 4);
        s.dead = rows.number(row, 5);
        s.images = rows.whole(row, 6, 1e15);
        if (s.mean_square < 0 || s.variance < 0) {
            rows.refuse(row, "a mean square or variance is not negative");
        }
        if (s.dead < 0 || s.dead > 1) {
            rows.refuse(row, fmt::format("dead_share is from 0 to 1, not {}", rows.text(row, 5)));
        }
        if (!seen.emplace(s.stage, s.cell, s.branch).second) {
            rows.refuse(row, fmt::format("stage {}, cell {}, {} is listed twice", s.stage, s.cell,
                                         operator_name(s.branch)));
        }
        statistics.push_back(s);
    }
    return statistics;
}

support::CsvTable skips_csv(const std::vector<SkipScalar>& scalars) {
    support::CsvTable table;
    table.header = skip_columns;
    for (const SkipScalar& s : scalars) {
        table.add({support::number(std::int64_t{s.entry}), support::number(std::int64_t{s.source}),
                   support::number(s.scalar)});
    }
    return table;
}

std::vector<SkipScalar> parse_skips_csv(const support::CsvTable& table, const std::string& source) {
    const TableRows rows(table, skip_columns, source);
    std::vector<SkipScalar> scalars;
    std::set<std::pair<int, int>> seen;
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
        const SkipScalar s = {rows.index(row, 0), rows.index(row, 1), rows.number(row, 2)};
        if (!seen.emplace(s.entry, s.source).second) {
            rows.refuse(row,
                        fmt::format("the skip from entry {} to entry {} is listed twice", s.source, s.entry));
        }
        scalars.push_back(s);
    }
    return scalars;
}

} // namespace tessera::nas::construction
