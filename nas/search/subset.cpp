#include "nas/search/subset.h"

#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "support/error.h"
#include "support/files.h"

namespace tessera::nas {
namespace {

/// Refuses the second of two.
class DistinctNames {
public:
    void add(const std::string& name, std::string_view source, std::size_t line) {
        if (name.empty() || !seen_.insert(name).second) {
            throw support::RunError(name.empty()
                                        ? fmt::format("{}:{}: the candidate's name is empty", source, line)
                                        : fmt::format("{}:{}: '{}' occurs twice", source, line, name));
        }
    }

private:
    std::set<std::string> seen_;
};

} // namespace

std::vector<std::string> read_candidates(const std::filesystem::path& file) {
    const std::string text = support::read_file(file);
    std::vector<std::string> candidates;
    DistinctNames distinct;
    std::size_t line = 1;
    for (std::size_t begin = 0; begin < text.size(); ++line) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string name = text.substr(begin, end - begin);
        begin = end + 1;
        if (name.ends_with('\r')) {
            name.pop_back();
        }
        if (name.find_first_not_of(" \t") != std::string::npos) {
            distinct.add(name, file.string(), line);
            candidates.push_back(std::move(name));
        }
    }
    if (candidates.empty()) {
        throw support::RunError(fmt::format("{}: no candidates", file.string()));
    }
    return candidates;
}

GenomeNames subset_names(std::vector<std::string> candidates) { return {std::move(candidates), {}}; }

SubsetTable SubsetTable::from(const support::CsvTable& table, const std::vector<Objective>& objectives,
                              const std::string& source) {
    if (table.rows.empty()) {
        throw support::RunError(fmt::format("{}: no candidates", source));
    }
    SubsetTable subset;
    const std::size_t names = table.column("candidate", source);
    DistinctNames distinct;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
        distinct.add(table.rows[r][names], source, r < table.lines.size() ? table.lines[r] : r + 2);
        subset.names.blocks.push_back(table.rows[r][names]);
    }
    subset.model.choices = subset.names.counts();
    for (const Objective& objective : objectives) {
        TableColumn& column = subset.model.columns.emplace_back();
        column.objective = objective;
        const std::size_t c = table.column(objective.name, source);
        for (const auto& row : table.rows) {
            const std::string what = fmt::format("{}: {} of '{}'", source, objective.name, row[names]);
            const double value = support::parse_number(row[c], what);
            if (!std::isfinite(value)) {
                throw support::RunError(fmt::format("{} is not finite", what));
            }
            column.values.push_back({0.0, value});
        }
    }
    subset.model.check();
    return subset;
}

} // namespace tessera::nas
