// Latencies as CSV, from any tool on any machine: columns found by name, units from the names, every value
// checked. What the rows mean in a space is checked elsewhere (latency/brought_tables.h). Torch-free.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "latency/latency_table.h"

namespace tessera::latency {

/// One row: the latency of a choice, of the stem or the head, or of a whole network.
struct CsvRow {
    std::size_t line = 0;
    LatencyContext context;    ///< as far as the row tells it; device empty where there is no such column
    std::string space;         ///< SearchSpace::hash() of what was measured; empty: not told
    std::string block, choice; ///< as written; "stem", "head" and "call" need no choice
    std::string architecture;  ///< of a whole network, as written; block and choice are empty then
    Timing timing;
};

struct TableCsv {
    std::string file;
    std::vector<CsvRow> rows;
    std::vector<std::string> ignored; ///< names of columns that mean nothing here
};

/// Columns: `block` and `choice`, or `architecture`, or all three; a latency with its unit in the name (see
/// time_column()); optionally `device`, `hardware`, `threads`, `batch`, `dtype`, `form`, `space`, `count`.
/// Throws RunError "file:line: ..." for a missing, repeated or misspelt column, and for a time that is not a
/// positive finite number.
TableCsv read_table_csv(const std::filesystem::path& file);
/// The same from memory; `name` stands for the file in messages.
TableCsv parse_table_csv(std::string_view text, const std::string& name);

/// Refuses what cannot be part of an objective's and a file's name: letters, digits, '_', '-' and '.' may
/// stand in a device's name, at most 64 of them, no '.' first. Throws RunError "where: ...".
void check_device_name(const std::string& name, const std::string& where);

} // namespace tessera::latency
