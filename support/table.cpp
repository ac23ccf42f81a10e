#include "support/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace tessera::support {
namespace {

std::size_t width(std::string_view text) { // UTF-8 continuation bytes start no character
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_blank(std::string_view cell) { return cell.empty() || cell == "-" || cell == "nan" || cell == "inf"; }

/// A number and, at most, a short unit: "12", "-1.5e-3", "74.2 %", "1.23 M"; but not "3x3".
bool is_number(std::string_view cell) {
    if (cell.starts_with('+')) {
        cell.remove_prefix(1);
    }
    double value = 0;
    const char* const last = cell.data() + cell.size();
    const auto [end, error] = std::from_chars(cell.data(), last, value);
    if (error == std::errc::invalid_argument || !std::isfinite(value)) {
        return false;
    }
    std::string_view unit(end, static_cast<std::size_t>(last - end));
    if (unit.starts_with(' ')) {
        unit.remove_prefix(1);
    }
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return width(unit) <= 3 && std::none_of(unit.begin(), unit.end(), is_digit);
}

std::string one_line(std::string cell) {
    std::replace_if(
        cell.begin(), cell.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return cell;
}

struct Column {
    std::size_t width = 0;
    bool right = false;
};

std::string line(const std::vector<std::string>& cells, const std::vector<Column>& columns) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string cell = i < cells.size() ? one_line(cells[i]) : "";
        const std::string padding(columns[i].width - width(cell), ' ');
        text += (i > 0 ? "  " : "") + (columns[i].right ? padding + cell : cell + padding);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

} // namespace

std::string TextTable::text() const {
    std::size_t count = header_.size();
    for (const auto& row : rows_) {
        count = std::max(count, row.size());
    }
    std::vector<Column> columns(count);
    for (std::size_t i = 0; i < count; ++i) {
        Column& column = columns[i];
        column.width = i < header_.size() ? width(header_[i]) : 0;
        bool text = false;
        for (const auto& row : rows_) {
            const std::string_view cell = i < row.size() ? std::string_view(row[i]) : "";
            column.width = std::max(column.width, width(cell));
            column.right = column.right || is_number(cell);
            text = text || (!is_number(cell) && !is_blank(cell));
        }
        column.right = column.right && !text;
    }
    std::vector<std::string> rule;
    for (const Column& column : columns) {
        rule.emplace_back(column.width, '-');
    }
    std::string text = line(header_, columns) + line(rule, columns);
    for (const auto& row : rows_) {
        text += line(row, columns);
    }
    return text;
}

std::string si(double value) {
    if (!std::isfinite(value)) {
        return fmt::format("{}", value);
    }
    if (value == 0) {
        return "0";
    }
    static constexpr std::array<std::string_view, 9> prefixes = {" n", " µ", " m", "",  " k",
                                                                 " M", " G", " T", " P"};
    std::size_t prefix = 3;
    double scaled = std::abs(value);
    // 999.5 would be shown as 1000
    while (scaled >= 999.5 && prefix + 1 < prefixes.size()) {
        scaled /= 1000, ++prefix;
    }
    while (scaled < 0.9995 && prefix > 0) {
        scaled *= 1000, --prefix;
    }
    const bool whole = prefix == 3 && scaled == std::floor(scaled);
    const int decimals = whole || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    return fmt::format("{}{:.{}f}{}", value < 0 ? "-" : "", scaled, decimals, prefixes[prefix]);
}

std::string counted(std::int64_t count, const std::string& noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string duration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) {
        return "?";
    }
    if (seconds < 9.95) {
        const double tenths = std::round(seconds * 10) / 10;
        return fmt::format("{} s", tenths);
    }
    if (seconds > 1e15) {
        return "ages";
    }
    const auto whole = static_cast<long long>(std::llround(seconds));
    const long long minutes = whole / 60;
    if (minutes == 0) {
        return fmt::format("{} s", whole);
    }
    if (minutes < 60) {
        return fmt::format("{} min {:02} s", minutes, whole % 60);
    }
    if (minutes < 48 * 60) {
        return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
    }
    return fmt::format("{} d {:02} h", minutes / (24 * 60), minutes / 60 % 24);
}

} // namespace tessera::support
