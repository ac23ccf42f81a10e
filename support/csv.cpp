#include "support/csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/config.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::support {
namespace {

/// `alone`: the only field of its row, where an empty line would be taken for no row at all.
void write_field(std::string& text, const std::string& field, bool alone) {
    if (field.find_first_of(",\"\r\n") == std::string::npos && !(alone && field.empty())) {
        text += field;
        return;
    }
    text += '"';
    for (const char c : field) {
        if (c == '"') {
            text += '"';
        }
        text += c;
    }
    text += '"';
}

void write_row(std::string& text, const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) {
            text += ',';
        }
        write_field(text, row[i], row.size() == 1);
    }
    text += '\n';
}

class Reader {
public:
    Reader(std::string_view text, std::string_view name) : text_(text), name_(name) {
        if (text_.starts_with("\xEF\xBB\xBF")) {
            at_ = 3;
        } // spreadsheets write a byte order mark
    }

    bool done() const { return at_ == text_.size(); }
    std::size_t line() const { return line_; }

    std::vector<std::string> row() {
        std::vector<std::string> fields;
        do {
            fields.push_back(field());
        } while (take(','));
        if (!done() && !take('\n')) {
            refuse(line_, "text after a closing quote");
        }
        return fields;
    }

    [[noreturn]] void refuse(std::size_t line, std::string_view message) const {
        throw RunError(fmt::format("{}:{}: {}", name_, line, message));
    }

private:
    bool take(char c) {
        if (c == '\n' && text_.substr(at_, 2) == "\r\n") {
            ++at_;
        }
        if (done() || text_[at_] != c) {
            return false;
        }
        ++at_;
        if (c == '\n') {
            ++line_;
        }
        return true;
    }

    bool at_line_end() const { return text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }

    std::string field() { return take('"') ? quoted() : plain(); }

    std::string plain() {
        const std::size_t begin = at_;
        while (!done() && text_[at_] != ',' && !at_line_end()) {
            if (text_[at_] == '"') {
                refuse(line_, "a quote inside an unquoted field");
            }
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    std::string quoted() {
        const std::size_t opened = line_;
        std::string field;
        while (!done()) {
            const char c = text_[at_++];
            if (c == '"' && (done() || text_[at_] != '"')) {
                return field;
            }
            if (c == '"') {
                ++at_;
            }
            if (c == '\n') {
                ++line_;
            }
            field += c;
        }
        refuse(opened, "a quote that is never closed");
    }

    std::string_view text_, name_;
    std::size_t at_ = 0, line_ = 1;
};

} // namespace

void CsvTable::add(std::vector<std::string> row) {
    if (row.size() != header.size()) {
        throw std::logic_error(
            fmt::format("a row of {} in a table of {} columns", row.size(), header.size()));
    }
    rows.push_back(std::move(row));
}

std::string CsvTable::text() const {
    std::string text;
    write_row(text, header);
    for (const auto& row : rows) {
        write_row(text, row);
    }
    return text;
}

std::size_t CsvTable::column(std::string_view name, std::string_view source) const {
    for (std::size_t i = 0; i < header.size(); ++i) {
        if (header[i] == name) {
            return i;
        }
    }
    const std::string similar = nearest(name, header);
    throw RunError(fmt::format("{}: no column \"{}\"{}", source, name,
                               similar.empty() ? fmt::format(", only {}", fmt::join(header, ", "))
                                               : fmt::format(" (is \"{}\" meant?)", similar)));
}

namespace {

/// The first line, after what rules out that the text is a table at all.
std::vector<std::string> read_header(Reader& reader, std::string_view text) {
    if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
        const auto line =
            1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(zero), '\n');
        reader.refuse(static_cast<std::size_t>(line), "a NUL byte: not a text file");
    }
    if (reader.done()) {
        reader.refuse(1, "empty: no header");
    }
    auto header = reader.row();
    if (header == std::vector<std::string>{""}) {
        reader.refuse(1, "the first line is empty: no header");
    }
    if (header.size() == 1) {
        for (const auto& [separator, called] : {std::pair{';', "';'"}, std::pair{'\t', "tabs"}}) {
            if (header[0].find(separator) != std::string::npos) {
                reader.refuse(1, fmt::format("the columns seem to be separated by {}; write commas", called));
            }
        }
    }
    return header;
}

std::vector<std::string> read_row(Reader& reader, std::size_t width) {
    const std::size_t line = reader.line();
    auto row = reader.row();
    if (row.size() != width) {
        reader.refuse(
            line, fmt::format("{} fields where the header has {}{}", row.size(), width,
                              row.size() > width ? " (a field with a comma in it needs double quotes)" : ""));
    }
    return row;
}

} // namespace

CsvTable read_csv(const std::filesystem::path& file) { return parse_csv(read_file(file), file.string()); }

CsvTable parse_csv(std::string_view text, std::string_view name) {
    Reader reader(text, name);
    CsvTable table;
    table.header = read_header(reader, text);
    while (!reader.done()) {
        table.lines.push_back(reader.line());
        table.rows.push_back(read_row(reader, table.header.size()));
    }
    return table;
}

void scan_csv(const std::filesystem::path& file, const std::function<void(const CsvTable& header)>& header,
              const CsvRow& row) {
    const std::string text = read_file(file, 2ULL << 30), name = file.string();
    Reader reader(text, name);
    CsvTable table;
    table.header = read_header(reader, text);
    header(table);
    while (!reader.done()) {
        const std::size_t line = reader.line();
        row(read_row(reader, table.header.size()), line);
    }
}

std::string number(double value) {
    if (std::isnan(value)) {
        return "nan";
    }
    std::array<char, 32> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), end};
}

std::string number(std::int64_t value) { return fmt::format("{}", value); }

double parse_number(std::string_view text, std::string_view what) {
    if (text == "nan") {
        return std::nan("");
    }
    if (text == "inf" || text == "-inf") {
        return text == "inf" ? HUGE_VAL : -HUGE_VAL;
    }
    double value = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    if (error != std::errc() || end != last ||
        !std::isfinite(value)) { // from_chars also takes "infinity", "nan(1)"
        throw RunError(fmt::format("{}: expected a number, found \"{}\"", what, text));
    }
    return value;
}

} // namespace tessera::support
