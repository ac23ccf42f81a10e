// Tables of others: any additive problem as CSV, searched without a network or a configuration. Torch-free.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nas/search/table_model.h"

namespace tessera::nas {

/// Names of blocks and their choices, in the order of their first appearance, and one number a choice and
/// column.
struct ChoiceTable {
    std::vector<std::string> blocks;
    std::vector<std::vector<std::string>> choices;        ///< [block][choice]
    std::vector<std::string> columns;                     ///< those asked for
    std::vector<std::vector<std::vector<double>>> values; ///< [column][block][choice]
    std::vector<std::vector<PairTerms::Table>> pairs;     ///< [column]

    /// CSV with the columns block, choice and `columns` (others are not looked at), one row a choice. Throws
    /// RunError with file and line for what is no such table: no rows, a choice twice, a value that is no
    /// finite number, one below 0 unless `negative`; UsageError for a column that the file does not have
    /// (nearest name).
    static ChoiceTable load(const std::filesystem::path& file, const std::vector<std::string>& columns,
                            bool negative);
    /// A subset to select: CSV with the column candidate and `columns`, one row a candidate. Each becomes a
    /// block of two choices, "out" (all values 0) and "in".
    static ChoiceTable load_candidates(const std::filesystem::path& file,
                                       const std::vector<std::string>& columns, bool negative);

    /// CSV with block_a, choice_a, block_b, choice_b and some of the columns: what two choices add together;
    /// 0 where there is no row. Throws as load() does, and for blocks and choices that the table does not
    /// have, a block with itself, a pair twice (in either order).
    void add_pairs(const std::filesystem::path& file);

    /// One column an objective, by name. `maxima` name the columns that aggregate by maximum instead of by
    /// sum.
    TableModel model(const std::vector<Objective>& objectives, const std::vector<std::string>& maxima) const;
};

/// Names of the columns that a table's file has besides those that name blocks and choices (or candidates);
/// none where it cannot be read.
std::vector<std::string> columns_of_table(const std::filesystem::path& file);

} // namespace tessera::nas
