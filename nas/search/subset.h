// Choosing a subset of candidates: a search with one gene a candidate, 1 where it is in.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nas/search/score_program.h"
#include "nas/search/table_model.h"
#include "support/csv.h"

namespace tessera::nas {

/// Candidates from a text file, one a line; blank lines are passed over. Throws RunError "file:line: ..." for
/// one that occurs twice, and for a file without any.
std::vector<std::string> read_candidates(const std::filesystem::path& file);

/// The names of a subset's genes.
GenomeNames subset_names(std::vector<std::string> candidates);

/// A subset's values as sums over its candidates, from a table with one row a candidate: its name in the
/// column "candidate", and one column an objective, named like it. `source` stands for the table in messages.
/// Every search and exact solver that takes a TableModel takes the result. Throws RunError for candidates
/// that occur twice, columns that are missing, cells that are no finite numbers, a table without rows.
struct SubsetTable {
    GenomeNames names;
    TableModel model;
    static SubsetTable from(const support::CsvTable& table, const std::vector<Objective>& objectives,
                            const std::string& source);
};

} // namespace tessera::nas
