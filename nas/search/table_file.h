// What the files of tables have in common. Torch-free.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "support/csv.h"

namespace tessera::nas {

/// As support::scan_csv(); throws RunError "file:line: ..." also where a column is there twice and for text
/// that is not UTF-8, which the names in the result's JSON have to be.
void scan_table(const std::filesystem::path& file,
                const std::function<void(const support::CsvTable& header)>& header,
                const support::CsvRow& row);

/// Where a column is. Throws UsageError with the nearest name: what a user asked for and the file does not
/// have is the command's mistake.
std::size_t index_of(const support::CsvTable& table, const std::string& name, const std::string& file);
/// Throws RunError for what is no finite number, or below 0 where that is not said to be meant.
double value_in(const std::string& text, const std::string& column, bool negative, const std::string& file,
                std::size_t line);
/// Throws RunError where the name of a `what` is empty.
void require_name(const std::string& name, const char* what, const std::string& file, std::size_t line);

} // namespace tessera::nas
