// RFC 4180 tables: quoted where needed, "\n" line ends on writing, both kinds on reading.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::support {

struct CsvTable {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::size_t> lines = {}; ///< where each row begins in the file it was read from

    /// Appends a row; throws std::logic_error when its width is not the header's.
    void add(std::vector<std::string> row);
    std::string text() const;
    /// Index of a column; throws RunError naming `source` and the nearest column where it is missing.
    std::size_t column(std::string_view name, std::string_view source) const;
};

/// Throws RunError "file:line: ..." on ragged rows, unterminated quotes, NUL bytes, no header, another
/// separator than the comma, files of more than 64 MiB.
CsvTable read_csv(const std::filesystem::path& file);
CsvTable parse_csv(std::string_view text, std::string_view name);

/// A row of a long table and the line where it begins; the fields are gone after the call. (No std::span
/// here: consumers in C++17 include this header.)
using CsvRow = std::function<void(const std::vector<std::string>& fields, std::size_t line)>;
/// The same without keeping the rows: calls `header` once, then `row` for each. Files of up to 2 GiB.
void scan_csv(const std::filesystem::path& file, const std::function<void(const CsvTable& header)>& header,
              const CsvRow& row);

/// Shortest text that reads back to the same double; "nan"/"inf" spelled out. Locale-independent.
std::string number(double value);
std::string number(std::int64_t value);
/// Whole text as a number; throws RunError naming `what` otherwise.
double parse_number(std::string_view text, std::string_view what);

} // namespace tessera::support
