#include "nas/search/table_file.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config.h"
#include "support/error.h"
#include "support/utf8.h"

namespace tessera::nas {
namespace {

using support::RunError;
using support::UsageError;

void require_utf8(const std::vector<std::string>& fields, const std::string& file, std::size_t line) {
    if (!std::ranges::all_of(fields, support::is_utf8)) {
        throw RunError(fmt::format("{}:{}: not UTF-8; save the table as CSV in UTF-8", file, line));
    }
}

void check_header(const std::vector<std::string>& names, const std::string& file) {
    require_utf8(names, file, 1);
    for (auto name = names.begin(); name != names.end(); ++name) {
        // Columns without a name cannot be asked for.
        if (!name->empty() && std::find(names.begin(), name, *name) != name) {
            throw RunError(fmt::format("{}:1: column {} is there twice", file, *name));
        }
    }
}

} // namespace

void scan_table(const std::filesystem::path& file,
                const std::function<void(const support::CsvTable& header)>& header,
                const support::CsvRow& row) {
    const std::string name = file.string();
    support::scan_csv(
        file,
        [&](const support::CsvTable& table) {
            check_header(table.header, name);
            header(table);
        },
        [&](const std::vector<std::string>& fields, std::size_t line) {
            require_utf8(fields, name, line);
            row(fields, line);
        });
}

/// Where a column is; what a user asked for and the file does not have is the command's mistake.
std::size_t index_of(const support::CsvTable& table, const std::string& name, const std::string& file) {
    const auto found = std::ranges::find(table.header, name);
    if (found == table.header.end()) {
        const std::string near = support::nearest(name, table.header);
        throw UsageError(fmt::format("{} has no column '{}'{}", file, name,
                                     near.empty()
                                         ? fmt::format("; there are {}", fmt::join(table.header, ", "))
                                         : fmt::format("; did you mean '{}'?", near)));
    }
    return static_cast<std::size_t>(found - table.header.begin());
}

double value_in(const std::string& text, const std::string& column, bool negative, const std::string& file,
                std::size_t line) {
    double value = std::numeric_limits<double>::quiet_NaN();
    try {
        value = support::parse_number(text, column);
    } catch (const RunError&) {
        throw RunError(fmt::format("{}:{}: {} is '{}', not a number", file, line, column, text));
    }
    if (!std::isfinite(value)) {
        throw RunError(fmt::format("{}:{}: {} is {}; values have to be finite", file, line, column, text));
    }
    if (value < 0 && !negative) {
        throw RunError(fmt::format("{}:{}: {} is {}, below 0; where that is meant, say --allow-negative",
                                   file, line, column, text));
    }
    return value;
}

void require_name(const std::string& name, const char* what, const std::string& file, std::size_t line) {
    if (name.empty()) {
        throw RunError(fmt::format("{}:{}: the {} has no name", file, line, what));
    }
}

} // namespace tessera::nas
