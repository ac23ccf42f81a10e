// Tables for people: columns padded to line up, numbers to the right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::support {

class TextTable {
public:
    explicit TextTable(std::vector<std::string> header) : header_(std::move(header)) {}
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    /// Widths count code points, not bytes. A column whose cells all look numeric is right-aligned.
    std::string text() const;

private:
    std::vector<std::string> header_;
    std::vector<std::vector<std::string>> rows_;
};

/// 1234567 -> "1.23 M", 999 -> "999"; three significant digits, SI prefixes.
std::string si(double value);
/// "1 epoch", "2 epochs".
std::string counted(std::int64_t count, const std::string& noun);
/// Seconds as "42 s", "3 min 20 s", "2 h 05 min".
std::string duration(double seconds);

} // namespace tessera::support
