#include "nas/search/choice_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/search/table_file.h"
#include "support/config.h"
#include "support/csv.h"
#include "support/error.h"

namespace tessera::nas {
namespace {

using support::RunError;
using support::UsageError;

/// Numbers names in the order in which they come.
class Names {
public:
    /// The number, and whether the name is new.
    std::pair<std::size_t, bool> add(const std::string& name) {
        const auto [at, fresh] = numbers_.try_emplace(name, numbers_.size());
        return {at->second, fresh};
    }
    std::optional<std::size_t> find(const std::string& name) const {
        const auto at = numbers_.find(name);
        return at == numbers_.end() ? std::nullopt : std::optional(at->second);
    }

private:
    std::unordered_map<std::string, std::size_t> numbers_;
};

Names numbered(const std::vector<std::string>& names) {
    Names numbers;
    for (const std::string& name : names) {
        numbers.add(name);
    }
    return numbers;
}

[[noreturn]] void unknown(const char* what, const std::string& name, const std::vector<std::string>& known,
                          const std::string& file, std::size_t line) {
    const std::string near = support::nearest(name, known);
    throw RunError(fmt::format("{}:{}: the table has no {} '{}'{}", file, line, what, name,
                               near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

} // namespace

ChoiceTable ChoiceTable::load(const std::filesystem::path& path, const std::vector<std::string>& columns,
                              bool negative) {
    const std::string file = path.string();
    ChoiceTable table;
    table.columns = columns;
    table.values.resize(columns.size());
    std::size_t block_at = 0, choice_at = 0;
    std::vector<std::size_t> at;
    Names blocks;
    std::vector<Names> choices;
    scan_table(
        path,
        [&](const support::CsvTable& header) {
            block_at = index_of(header, "block", file);
            choice_at = index_of(header, "choice", file);
            for (const std::string& column : columns) {
                at.push_back(index_of(header, column, file));
            }
        },
        [&](std::span<const std::string> row, std::size_t line) {
            const std::string &block = row[block_at], &choice = row[choice_at];
            require_name(block, "block", file, line);
            require_name(choice, "choice", file, line);
            const auto [b, new_block] = blocks.add(block);
            if (new_block) {
                table.blocks.push_back(block);
                table.choices.emplace_back();
                choices.emplace_back();
                for (auto& column : table.values) {
                    column.emplace_back();
                }
            }
            if (!choices[b].add(choice).second) {
                throw RunError(fmt::format("{}:{}: block {} has choice {} twice", file, line, block, choice));
            }
            table.choices[b].push_back(choice);
            for (std::size_t k = 0; k < columns.size(); ++k) {
                table.values[k][b].push_back(value_in(row[at[k]], columns[k], negative, file, line));
            }
        });
    if (table.blocks.empty()) {
        throw RunError(file + ": no rows: a table needs at least one block with a choice");
    }
    table.pairs.resize(columns.size());
    return table;
}

ChoiceTable ChoiceTable::load_candidates(const std::filesystem::path& path,
                                         const std::vector<std::string>& columns, bool negative) {
    const std::string file = path.string();
    ChoiceTable table;
    table.columns = columns;
    table.values.resize(columns.size());
    std::size_t name_at = 0;
    std::vector<std::size_t> at;
    Names candidates;
    scan_table(
        path,
        [&](const support::CsvTable& header) {
            name_at = index_of(header, "candidate", file);
            for (const std::string& column : columns) {
                at.push_back(index_of(header, column, file));
            }
        },
        [&](std::span<const std::string> row, std::size_t line) {
            require_name(row[name_at], "candidate", file, line);
            if (!candidates.add(row[name_at]).second) {
                throw RunError(fmt::format("{}:{}: candidate {} is there twice", file, line, row[name_at]));
            }
            table.blocks.push_back(row[name_at]);
            table.choices.push_back({"out", "in"});
            for (std::size_t k = 0; k < columns.size(); ++k) {
                table.values[k].push_back({0.0, value_in(row[at[k]], columns[k], negative, file, line)});
            }
        });
    if (table.blocks.empty()) {
        throw RunError(file + ": no rows: there is nothing to select from");
    }
    table.pairs.resize(columns.size());
    return table;
}

void ChoiceTable::add_pairs(const std::filesystem::path& path) {
    const std::string file = path.string();
    constexpr double unset = std::numeric_limits<double>::quiet_NaN();
    std::array<std::size_t, 4> name_at{};
    std::vector<std::pair<std::size_t, std::size_t>> at; // (column of the table, field)
    const Names block_numbers = numbered(blocks);
    std::vector<Names> choice_numbers;
    for (const auto& names : choices) {
        choice_numbers.push_back(numbered(names));
    }
    std::unordered_map<std::size_t, std::size_t> number_of; // of the pair of blocks
    std::size_t rows = 0;
    const auto place = [&](std::span<const std::string> row, std::size_t end, std::size_t line) {
        const std::string &block = row[name_at[2 * end]], &choice = row[name_at[2 * end + 1]];
        const auto b = block_numbers.find(block);
        if (!b) {
            unknown("block", block, blocks, file, line);
        }
        const auto m = choice_numbers[*b].find(choice);
        if (!m) {
            unknown("choice", fmt::format("{} of block {}", choice, block), choices[*b], file, line);
        }
        return std::pair(*b, *m);
    };
    scan_table(
        path,
        [&](const support::CsvTable& header) {
            const char* names[] = {"block_a", "choice_a", "block_b", "choice_b"};
            for (std::size_t i = 0; i < 4; ++i) {
                name_at[i] = index_of(header, names[i], file);
            }
            for (std::size_t k = 0; k < columns.size(); ++k) {
                const auto found = std::ranges::find(header.header, columns[k]);
                if (found != header.header.end()) {
                    at.emplace_back(k, found - header.header.begin());
                }
            }
            if (at.empty()) {
                throw UsageError(
                    fmt::format("{} has none of the columns {}", file, fmt::join(columns, ", ")));
            }
        },
        [&](std::span<const std::string> row, std::size_t line) {
            auto a = place(row, 0, line), b = place(row, 1, line);
            if (a.first == b.first) {
                throw RunError(
                    fmt::format("{}:{}: block {} with itself is no pair", file, line, blocks[a.first]));
            }
            if (a.first > b.first) {
                std::swap(a, b);
            }
            const auto width = choices[b.first].size();
            const auto [entry, fresh] =
                number_of.try_emplace(a.first * blocks.size() + b.first, number_of.size());
            constexpr std::size_t most = 100'000'000; // numbers, in one pair of blocks
            if (fresh && choices[a.first].size() > most / width) {
                throw RunError(fmt::format("{}:{}: blocks {} and {} have too many pairs of choices ({} x {})",
                                           file, line, blocks[a.first], blocks[b.first],
                                           choices[a.first].size(), width));
            }
            for (const auto& [k, field] : at) {
                if (fresh) {
                    pairs[k].push_back({a.first, b.first, width,
                                        std::vector<double>(choices[a.first].size() * width, unset)});
                }
                double& value = pairs[k][entry->second].values[a.second * width + b.second];
                if (!std::isnan(value)) {
                    throw RunError(fmt::format("{}:{}: this pair is there twice", file, line));
                }
                value = value_in(row[field], columns[k], true, file, line);
            }
            ++rows;
        });
    if (rows == 0) {
        throw RunError(file + ": no rows: without pairs, leave the file out");
    }
    for (auto& column : pairs) {
        for (auto& table : column) {
            std::ranges::replace_if(
                table.values, [](double v) { return std::isnan(v); }, 0.0);
        }
    }
}

TableModel ChoiceTable::model(const std::vector<Objective>& objectives,
                              const std::vector<std::string>& maxima) const {
    TableModel model;
    for (const auto& block : choices) {
        model.choices.push_back(static_cast<int>(block.size()));
    }
    for (const Objective& objective : objectives) {
        const auto k = static_cast<std::size_t>(std::ranges::find(columns, objective.name) - columns.begin());
        TableColumn column;
        column.objective = objective;
        column.maximum = std::ranges::find(maxima, objective.name) != maxima.end();
        column.values = values.at(k);
        if (column.maximum) { // joins a maximum without changing it
            column.rest = std::numeric_limits<double>::max();
            for (const auto& block : column.values) {
                column.rest = std::min(column.rest, std::ranges::min(block));
            }
        }
        column.pairs.tables = pairs.at(k);
        if (column.maximum && !column.pairs.empty()) {
            throw UsageError(fmt::format("{} aggregates by maximum: pairs cannot add to it", objective.name));
        }
        model.columns.push_back(std::move(column));
    }
    return model;
}

std::vector<std::string> columns_of_table(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string line;
    if (!in || !std::getline(in, line)) {
        return {}; // load() says what is wrong
    }
    std::vector<std::string> names = support::parse_csv(line + "\n", file.string()).header;
    std::erase_if(names,
                  [](const std::string& n) { return n == "block" || n == "choice" || n == "candidate"; });
    return names;
}

} // namespace tessera::nas
