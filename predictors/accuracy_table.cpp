#include "predictors/accuracy_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "search_spaces/digits.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::predictors {
namespace {

using Json = nlohmann::ordered_json;
using support::RunError;

const support::EnumNames<AccuracyUnit>& units() {
    static const support::EnumNames<AccuracyUnit> names = {{"automatic", AccuracyUnit::automatic},
                                                           {"percent", AccuracyUnit::percent},
                                                           {"fraction", AccuracyUnit::fraction}};
    return names;
}

const support::EnumNames<AccuracyDirection>& directions() {
    static const support::EnumNames<AccuracyDirection> names = {{"maximize", AccuracyDirection::maximize},
                                                                {"minimize", AccuracyDirection::minimize}};
    return names;
}

constexpr std::uintmax_t most_bytes = 256ULL << 20;

/// One row of any of the shapes, its cells as text.
struct Record {
    std::string where; ///< file and line or key, for messages
    std::map<std::string, std::string> cells;
};

struct Records {
    std::vector<std::string> names; ///< of all columns
    std::vector<Record> rows;
};

Records csv_records(const std::filesystem::path& file) {
    const auto csv = support::read_csv(file);
    Records records{csv.header, {}};
    for (std::size_t r = 0; r < csv.rows.size(); ++r) {
        Record record{fmt::format("{}:{}", file.string(), csv.lines[r]), {}};
        for (std::size_t c = 0; c < csv.header.size(); ++c) {
            record.cells[csv.header[c]] = csv.rows[r][c];
        }
        records.rows.push_back(std::move(record));
    }
    return records;
}

/// A number, a list of numbers (their mean) or a text; empty for anything else.
std::string cell_of(const Json& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_number()) {
        return support::number(value.get<double>());
    }
    const auto is_number = [](const Json& v) { return v.is_number(); };
    if (!value.is_array() || value.empty() || !std::ranges::all_of(value, is_number)) {
        return {};
    }
    double sum = 0;
    for (const Json& v : value) {
        sum += v.get<double>();
    }
    return support::number(sum / static_cast<double>(value.size()));
}

Records json_records(const std::filesystem::path& file) {
    const Json parsed = Json::parse(support::read_file(file, most_bytes), nullptr, false);
    if (!parsed.is_object() && !parsed.is_array()) {
        throw RunError(
            fmt::format("{}: neither a JSON object of networks nor a list of them", file.string()));
    }
    Records records;
    const auto add = [&](std::string where, const std::string& name, const Json& value) {
        Record record{fmt::format("{}: {}", file.string(), where), {}};
        if (!name.empty()) {
            record.cells["architecture"] = name;
        }
        if (value.is_object()) {
            for (const auto& [key, cell] : value.items()) {
                record.cells[key] = cell_of(cell);
            }
        } else {
            record.cells["accuracy"] = cell_of(value);
        }
        for (const auto& [key, cell] : record.cells) {
            if (std::ranges::find(records.names, key) == records.names.end()) {
                records.names.push_back(key);
            }
        }
        records.rows.push_back(std::move(record));
    };
    std::size_t position = 0;
    for (const auto& [key, value] : parsed.items()) {
        ++position;
        if (parsed.is_object()) {
            add(key, key, value);
        } else {
            add(fmt::format("entry {}", position), {}, value);
        }
    }
    return records;
}

/// The column asked for, else the first of the usual names.
std::string column_of(const Records& records, const std::string& wanted, std::span<const char* const> usual,
                      const std::string& what, const std::filesystem::path& file) {
    const auto there = [&](const std::string& name) {
        return std::ranges::find(records.names, name) != records.names.end();
    };
    if (!wanted.empty()) {
        if (there(wanted)) {
            return wanted;
        }
        const std::string near = support::nearest(wanted, records.names);
        throw RunError(fmt::format("{}: no column '{}'{}", file.string(), wanted,
                                   near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
    }
    for (const char* name : usual) {
        if (there(name)) {
            return name;
        }
    }
    std::string names;
    for (const std::string& name : records.names) {
        names += (names.empty() ? "" : ", ") + name;
    }
    throw RunError(
        fmt::format("{}: which column is the {}? Name it; there are {}", file.string(), what, names));
}

std::optional<double> cost_of(const Record& record, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (const auto found = record.cells.find(name);
            found != record.cells.end() && !found->second.empty()) {
            return support::parse_number(found->second, fmt::format("{}: {}", record.where, name));
        }
    }
    return std::nullopt;
}

std::string cell(const Record& record, const std::string& column) {
    const auto found = record.cells.find(column);
    if (found == record.cells.end()) {
        throw RunError(fmt::format("{}: has no {}", record.where, column));
    }
    return found->second;
}

/// Throws UsageError for what is no network of the space.
std::vector<int> genome_of(const std::string& text, const search_spaces::SearchSpace& space) {
    const bool digits =
        search_spaces::has_digits(space) && text.size() == space.blocks().size() &&
        std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
    return space.genome(digits ? search_spaces::from_digits(space, text)
                               : search_spaces::Architecture::parse(text));
}

} // namespace

AccuracyTableOptions AccuracyTableOptions::read(support::Section section) {
    AccuracyTableOptions options;
    section.read("file", options.file,
                 "CSV or JSON of networks (digits or canonical text) and their accuracies; the samples, with "
                 "nothing fine-tuned for them.");
    section.read("architecture", options.architecture,
                 "Column of the networks; empty: architecture, arch, digits or network.");
    section.read("accuracy", options.accuracy,
                 "Column of the accuracies; empty: accuracy, mean_acc, test_acc, acc or top1.");
    section.read("unit", options.unit, units(),
                 "Unit of that column; automatic: percent where a value is above 1.");
    section.read("direction", options.direction, directions(),
                 "maximize: the column holds accuracies; minimize: errors.");
    section.finish();
    return options;
}

std::string_view to_text(AccuracyUnit unit) {
    for (const auto& [text, member] : units()) {
        if (member == unit) {
            return text;
        }
    }
    throw std::logic_error("enumeration without a spelling");
}

Sample sample_of(const search_spaces::SearchSpace& space, const std::vector<std::vector<Quality>>& quality,
                 std::span<const int> genome, double accuracy) {
    Sample sample{{}, accuracy, {}};
    for (std::size_t b = 0; b < genome.size(); ++b) {
        const auto m = static_cast<std::size_t>(genome[b]);
        sample.qualities.push_back(quality[b][m]);
        sample.choices.push_back(space.blocks()[b].choices[m].text());
    }
    return sample;
}

AccuracyTable read_accuracies(const AccuracyTableOptions& options, const search_spaces::SearchSpace& space) {
    const std::filesystem::path& file = options.file;
    const Records records = file.extension() == ".json" ? json_records(file) : csv_records(file);
    static constexpr const char* architectures[] = {"architecture", "arch", "digits", "network"};
    static constexpr const char* accuracies[] = {"accuracy", "mean_acc", "test_acc", "acc", "top1"};
    static constexpr const char* errors[] = {"error", "test_error"};
    const bool error = options.direction == AccuracyDirection::minimize;
    const std::string network = column_of(records, options.architecture, architectures, "network", file);
    const std::string value =
        column_of(records, options.accuracy,
                  error ? std::span<const char* const>(errors) : std::span<const char* const>(accuracies),
                  error ? "error" : "accuracy", file);

    std::vector<double> values;
    for (const Record& record : records.rows) {
        values.push_back(
            support::parse_number(cell(record, value), fmt::format("{}: {}", record.where, value)));
    }
    AccuracyTable table;
    table.column = value;
    table.unit = options.unit;
    if (table.unit == AccuracyUnit::automatic) {
        table.unit = std::ranges::any_of(values, [](double v) { return v > 1; }) ? AccuracyUnit::percent
                                                                                 : AccuracyUnit::fraction;
    }
    const double whole = table.unit == AccuracyUnit::percent ? 100 : 1;
    std::map<std::vector<int>, std::pair<std::size_t, double>> seen; // place among the rows, how many
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Record& record = records.rows[i];
        if (!(values[i] >= 0 && values[i] <= whole)) {
            throw RunError(fmt::format("{}: {} {} is outside 0..{}", record.where, value, values[i], whole));
        }
        KnownAccuracy row{{}, cell(record, network), 0, {}, {}};
        try {
            row.genome = genome_of(row.name, space);
        } catch (const support::UsageError& why) {
            table.foreign.push_back({row.name, why.what()});
            continue;
        }
        row.accuracy = (error ? whole - values[i] : values[i]) / whole;
        row.parameters = cost_of(record, {"params", "parameters"});
        row.macs = cost_of(record, {"flops", "macs"});
        const auto [place, added] = seen.try_emplace(row.genome, table.rows.size(), 1.0);
        if (added) {
            table.rows.push_back(std::move(row));
        } else {
            auto& [index, count] = place->second;
            ++count;
            ++table.repeated;
            table.rows[index].accuracy += (row.accuracy - table.rows[index].accuracy) / count;
        }
    }
    if (table.rows.empty()) {
        throw RunError(fmt::format(
            "{}: none of its {} rows is a network of space '{}'{}", file.string(), records.rows.size(),
            space.name(),
            table.foreign.empty()
                ? ""
                : fmt::format("; the first, {}: {}", table.foreign[0].name, table.foreign[0].why)));
    }
    return table;
}

} // namespace tessera::predictors
