// Latency tables that the user brings instead of measuring this machine: YAML as `measure` writes it, or CSV
// (latency/table_csv.h). Here their rows find their choices in a space.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "latency/latency_table.h"
#include "search_spaces/space.h"
#include "support/config.h"

namespace tessera::latency {

/// What becomes of choices for which a table has no row.
enum class Missing {
    error,
    exclude ///< they cannot be searched; the reference's own choices must have rows all the same
};

struct TableOptions {
    std::filesystem::path file; ///< empty: this machine is measured
    std::string device;         ///< renames the table's device; empty: what the file says, else "cpu"
    Missing missing = Missing::error;
    /// Declares table, device, missing in the given section.
    void read(support::Section& section);
};

struct BroughtTables {
    std::vector<LatencyTable> tables;  ///< one per device, rows in the canonical texts of the space
    std::vector<std::string> warnings; ///< what was left out or guessed, one line each
    std::vector<std::string> notes;    ///< how the costs came about
};

/// Names of the devices that the file has tables of, sorted. Throws RunError as load_tables() does where the
/// file itself is damaged.
std::vector<std::string> table_devices(const TableOptions& options);

/// Reads the file and looks up every row in the space. Choices may be written without parameters that equal
/// their defaults, or as their id (hash of the canonical text). Rows of blocks or choices that the space does
/// not have are left out with a warning that names the nearest. Whole networks, where there are any, check
/// and correct the sum of blocks. Throws RunError for choices without a row (unless they are excluded), rows
/// that are there twice, tables measured for another space or image size.
BroughtTables load_tables(const TableOptions& options, const search_spaces::SearchSpace& space);

} // namespace tessera::latency
