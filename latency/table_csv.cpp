#include "latency/table_csv.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "latency/time_columns.h"
#include "support/config.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::latency {
namespace {

using support::RunError;

const std::vector<std::string> text_columns = {"block",    "choice",  "architecture", "device",
                                               "hardware", "threads", "batch",        "dtype",
                                               "form",     "space",   "count"};
constexpr const char* untold = "not told";
constexpr std::uint64_t size_limit = 256ULL << 20;
constexpr double least_ms = 1e-9, most_ms = 1e9; ///< a cycle of a processor; eleven days

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

/// Which column holds what.
struct Columns {
    std::map<std::string, std::size_t> texts;
    std::map<Statistic, std::pair<std::size_t, TimeColumn>> times;
    std::vector<std::string> ignored;

    bool has(const std::string& name) const { return texts.contains(name); }
};

void add_time(Columns& columns, const TimeColumn& column, std::size_t at,
              const std::vector<std::string>& header) {
    const auto [other, first] = columns.times.try_emplace(column.statistic, at, column);
    if (!first) {
        throw RunError(
            fmt::format("columns '{}' and '{}' say the same", header[other->second.first], header[at]));
    }
}

Columns find_columns(const std::vector<std::string>& header) {
    Columns columns;
    for (std::size_t i = 0; i < header.size(); ++i) {
        const std::string& name = header[i];
        if (const auto time = time_column(name)) {
            add_time(columns, *time, i, header);
        } else if (std::find(text_columns.begin(), text_columns.end(), name) != text_columns.end()) {
            if (!columns.texts.try_emplace(name, i).second) {
                throw RunError(fmt::format("column '{}' is there twice", name));
            }
        } else if (const std::string near = support::nearest(name, text_columns); !near.empty()) {
            throw RunError(fmt::format("unknown column '{}'; did you mean '{}'?", name, near));
        } else {
            columns.ignored.push_back(name);
        }
    }
    if (columns.has("block") != columns.has("choice")) {
        throw RunError(fmt::format("there is a column '{}' but none '{}'",
                                   columns.has("block") ? "block" : "choice",
                                   columns.has("block") ? "choice" : "block"));
    }
    if (!columns.has("block") && !columns.has("architecture")) {
        throw RunError(fmt::format("neither columns 'block' and 'choice' nor a column 'architecture'; there "
                                   "are {}",
                                   fmt::join(header, ", ")));
    }
    const bool latency = std::any_of(columns.times.begin(), columns.times.end(), [](const auto& time) {
        return time.first == Statistic::typical || time.first == Statistic::mean ||
               time.first == Statistic::p50;
    });
    if (!latency) {
        throw RunError(fmt::format("no column with a latency and its unit: write {}; there are {}",
                                   accepted_time_columns(), fmt::join(header, ", ")));
    }
    return columns;
}

/// One line of the file on its way in.
class Line {
public:
    Line(const Columns& columns, const std::vector<std::string>& cells) : columns_(columns), cells_(cells) {}

    std::string text(const std::string& column, const std::string& otherwise = "") const {
        const auto at = columns_.texts.find(column);
        const std::string cell = at == columns_.texts.end() ? "" : trimmed(cells_[at->second]);
        return cell.empty() ? otherwise : cell;
    }
    std::int64_t whole(const std::string& column) const {
        const std::string cell = text(column, "1");
        const double value = number(cell, column);
        if (value != std::floor(value) || value < 1 || value > 1e15) {
            throw RunError(fmt::format("'{}' is {}, not a whole number of at least 1", column, cell));
        }
        return static_cast<std::int64_t>(value);
    }
    Timing timing(const std::vector<std::string>& header) const {
        RowTimes times;
        for (const auto& [statistic, column] : columns_.times) {
            const std::string cell = trimmed(cells_[column.first]), &name = header[column.first];
            const bool needed = statistic == Statistic::typical || columns_.times.size() == 1;
            if (cell.empty() && needed) {
                throw RunError(fmt::format("'{}' is empty", name));
            }
            if (cell.empty()) {
                continue;
            }
            const double value = number(cell, name) * column.second.ms;
            if (statistic == Statistic::deviation ? !(value >= 0) : !(value > 0)) {
                throw RunError(fmt::format("'{}' is {}: {}", name, cell,
                                           value == 0 ? "a time is positive (0.000001 for what does nothing)"
                                                      : "a time is positive"));
            }
            if (value > most_ms || (value > 0 && value < least_ms)) {
                throw RunError(
                    fmt::format("'{}' is {}: times lie between {} and {} ms", name, cell, least_ms, most_ms));
            }
            times[statistic] = value;
        }
        return times.timing(whole("count"));
    }

private:
    static double number(const std::string& cell, const std::string& column) {
        double value = std::nan("");
        try {
            value = support::parse_number(cell, column);
        } catch (const RunError&) {
            throw RunError(fmt::format("'{}' is \"{}\", not a number", column, cell));
        }
        if (!std::isfinite(value)) {
            throw RunError(fmt::format("'{}' is {}, not a finite number", column, cell));
        }
        return value;
    }

    const Columns& columns_;
    const std::vector<std::string>& cells_;
};

CsvRow read_row(const Line& line, const std::vector<std::string>& header) {
    CsvRow row;
    row.block = line.text("block");
    row.choice = line.text("choice");
    row.architecture = line.text("architecture");
    if (row.block.empty() && row.architecture.empty()) {
        throw RunError("neither a block nor an architecture");
    }
    if (!row.architecture.empty() && !(row.block.empty() && row.choice.empty())) {
        throw RunError("both a block and an architecture: one row is the time of one thing");
    }
    if (row.choice.empty() && row.architecture.empty() && row.block != "stem" && row.block != "head" &&
        row.block != "call") {
        throw RunError(fmt::format("block '{}' without a choice", row.block));
    }
    row.space = line.text("space");
    row.context.device = line.text("device");
    row.context.hardware = line.text("hardware", untold);
    row.context.threads = line.whole("threads");
    row.context.batch = line.whole("batch");
    row.context.dtype = line.text("dtype", untold);
    row.context.layout = untold;
    row.context.form = line.text("form", untold);
    row.context.libtorch = untold;
    row.timing = line.timing(header);
    return row;
}

} // namespace

TableCsv parse_table_csv(std::string_view text, const std::string& name) {
    support::CsvTable csv = support::parse_csv(text, name);
    const auto at = [&](std::size_t line, const std::string& what) {
        return RunError(fmt::format("{}:{}: {}", name, line, what));
    };
    for (std::string& column : csv.header) {
        column = trimmed(column);
    }
    TableCsv table;
    table.file = name;
    Columns columns;
    try {
        columns = find_columns(csv.header);
    } catch (const RunError& error) { throw at(1, error.what()); }
    table.ignored = columns.ignored;
    for (std::size_t i = 0; i < csv.rows.size(); ++i) {
        try {
            table.rows.push_back(read_row(Line(columns, csv.rows[i]), csv.header));
            if (columns.has("device")) {
                check_device_name(table.rows.back().context.device, "'device'");
            }
        } catch (const RunError& error) { throw at(csv.lines[i], error.what()); }
        table.rows.back().line = csv.lines[i];
    }
    if (table.rows.empty()) {
        throw at(1, "no rows under the header");
    }
    return table;
}

TableCsv read_table_csv(const std::filesystem::path& file) {
    return parse_table_csv(support::read_file(file, size_limit), file.string());
}

void check_device_name(const std::string& name, const std::string& where) {
    constexpr std::size_t longest = 64;
    const auto allowed = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
    };
    if (name.empty() || name.size() > longest || name.front() == '.' ||
        !std::all_of(name.begin(), name.end(), allowed)) {
        throw RunError(fmt::format("{} is '{}': a device's name consists of at most {} letters, digits, '_', "
                                   "'-' and '.' and begins with none of the last",
                                   where, name.substr(0, longest), longest));
    }
}

} // namespace tessera::latency
