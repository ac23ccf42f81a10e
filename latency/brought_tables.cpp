#include "latency/brought_tables.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "latency/row_lookup.h"
#include "latency/table_csv.h"
#include "latency/whole_network_fit.h"
#include "support/error.h"

namespace tessera::latency {
namespace {

using search_spaces::SearchSpace;
using support::RunError;

bool is_csv(const std::filesystem::path& file) {
    std::string extension = file.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".csv";
}

/// What rows may stand for besides blocks. `call`: a module that does nothing, so what any call costs.
const std::vector<std::string> special_rows = {"stem", "head", "call"};

bool is_special(const std::string& name) {
    return std::ranges::find(special_rows, name) != special_rows.end();
}

/// A table in the making: rows as the file has them, looked up one by one.
class Assembly {
public:
    Assembly(const SearchSpace& space, std::string file) : space_(space), file_(std::move(file)) {}

    LatencyTable table;
    bool ends_told = false; ///< stem and head are as they are meant to be, also where they cost nothing

    /// `line` 0: not told.
    void add(std::size_t line, const std::string& block, const std::string& choice, const Timing& timing) {
        const auto index = find_block(space_, block);
        if (!index && is_special(block)) {
            once(line, {block, ""});
            (block == "stem" ? table.stem : block == "head" ? table.head : call_) = timing;
            return;
        }
        if (!index) {
            unknown(line, unknown_block(space_, block, special_rows));
            return;
        }
        std::string text;
        try {
            const int found = find_choice(space_, *index, choice);
            text = space_.blocks()[*index].choices[static_cast<std::size_t>(found)].text();
        } catch (const support::UsageError& error) {
            const std::string why = error.what();
            unknown(line, why.starts_with("block '") ? why : fmt::format("block '{}': {}", block, why));
            return;
        }
        once(line, {block, text});
        table.add(block, text, timing);
    }
    void add_network(std::size_t line, const std::string& architecture, const Timing& timing) {
        std::vector<int> genome;
        try {
            genome = find_genome(space_, architecture);
        } catch (const support::UsageError& error) {
            unknown(line, error.what());
            return;
        }
        const auto [other, first] = network_lines_.try_emplace(genome, line);
        if (!first) {
            throw RunError(fmt::format("{}:{}: network '{}' is there twice, first in line {}", file_, line,
                                       architecture, other->second));
        }
        networks_.push_back({std::move(genome), timing.p50_ms});
    }

    /// Checks that every choice has a row, compares with the whole networks, and says what was left out.
    BroughtTables finish(Missing missing) {
        if (lines_.empty() && !networks_.empty()) {
            return decompose();
        }
        BroughtTables result;
        check_missing(missing, result.warnings);
        for (const auto* end : {"stem", "head"}) {
            if (!ends_told && (end == std::string("stem") ? table.stem : table.head).count == 0) {
                result.warnings.push_back(fmt::format("{}: no row '{}' of {}: it is taken to cost nothing",
                                                      file_, end, table.context.device));
            }
        }
        warn_of_unknown(result.warnings);
        take_calls_off();
        check_networks();
        result.tables.push_back(std::move(table));
        return result;
    }

private:
    void unknown(std::size_t line, const std::string& why) {
        unknown_.push_back(line == 0 ? why : fmt::format("line {}: {}", line, why));
    }
    void once(std::size_t line, const std::pair<std::string, std::string>& row) {
        const auto [other, first] = lines_.try_emplace(row, line);
        if (!first) {
            const std::string what = fmt::format("block '{}'{} is there twice", row.first,
                                                 row.second.empty() ? "" : ", choice '" + row.second + "'");
            throw RunError(
                line == 0 ? fmt::format("{}: {}", file_, what)
                          : fmt::format("{}:{}: {}, first in line {}", file_, line, what, other->second));
        }
    }

    void check_missing(Missing missing, std::vector<std::string>& warnings) const {
        std::vector<std::string> all, references;
        for (const auto& block : space_.blocks()) {
            for (const auto& choice : block.choices) {
                if (table.find(block.name, choice.text()) == nullptr) {
                    all.push_back(fmt::format("{} {}", block.name, choice.text()));
                    if (choice == block.choices.front()) {
                        references.push_back(all.back());
                    }
                }
            }
        }
        if (all.empty()) {
            return;
        }
        const std::string what =
            fmt::format("{}: no latency on {} of {} of the space's {} choices: {}", file_,
                        table.context.device, all.size(), space_.choice_count(), first_few(all));
        if (missing == Missing::error) {
            throw RunError(
                what + "; add rows, or set latency.missing: exclude to search without them" +
                (unknown_.empty() ? "" : fmt::format(" (not of this space: {})", first_few(unknown_))));
        }
        if (!references.empty()) {
            throw RunError(
                fmt::format("{}: no latency on {} of {}: the reference's own choices need one even "
                            "with latency.missing: exclude",
                            file_, table.context.device, first_few(references)));
        }
        warnings.push_back(what + "; these are left out of the search");
    }

    void warn_of_unknown(std::vector<std::string>& warnings) const {
        if (!unknown_.empty()) {
            warnings.push_back(fmt::format("{}: {} {} nothing of this space and left out: {}", file_,
                                           unknown_.size(), unknown_.size() == 1 ? "row is" : "rows are",
                                           first_few(unknown_)));
        }
    }

    /// A network is called once: one call stays, in the stem.
    void take_calls_off() {
        if (call_.count == 0) {
            return;
        }
        if (table.head.count > 0) {
            table.head = table.head.without(call_.p50_ms);
        }
        const auto rows = table.rows();
        for (const auto& [row, timing] : rows) {
            table.add(row.first, row.second, timing.without(call_.p50_ms));
        }
    }

    void check_networks() {
        for (const TimedGenome& network : networks_) {
            const search_spaces::Architecture architecture = space_.architecture(network.genome);
            std::vector<std::pair<std::string, std::string>> rows;
            bool complete = true;
            for (std::size_t b = 0; b < space_.blocks().size(); ++b) {
                rows.emplace_back(space_.blocks()[b].name, architecture.choices[b].text());
                complete = complete && table.find(rows.back().first, rows.back().second) != nullptr;
            }
            if (complete) {
                table.additivity.push_back({architecture.text(), table.network_ms(rows), network.ms});
            }
        }
        if (!networks_.empty()) {
            table.fit_correction();
        }
    }

    /// Whole networks alone: costs of choices by regression.
    BroughtTables decompose() {
        BroughtTables result;
        warn_of_unknown(result.warnings);
        const std::size_t fewest = fewest_networks(space_.blocks().size());
        if (networks_.size() < fewest) {
            throw RunError(
                fmt::format("{}: {} whole networks on {}, but the costs of {} blocks need {} at least", file_,
                            networks_.size(), table.context.device, space_.blocks().size(), fewest));
        }
        std::vector<std::vector<double>> macs;
        for (std::size_t b = 0; b < space_.blocks().size(); ++b) {
            auto& block = macs.emplace_back();
            for (const auto& choice : space_.blocks()[b].choices) {
                block.push_back(static_cast<double>(space_.block_costs(b, choice).macs));
            }
        }
        const auto rest = static_cast<double>(space_.stem_costs().macs + space_.head_costs().macs);
        const WholeNetworkFit fit = fit_whole_networks(networks_, macs, rest);
        tabulate(fit);
        std::vector<std::string> never;
        for (std::size_t b = 0; b < fit.seen.size(); ++b) {
            for (std::size_t m = 0; m < fit.seen[b].size(); ++m) {
                if (fit.seen[b][m] == 0) {
                    never.push_back(
                        fmt::format("{} {}", space_.blocks()[b].name, space_.blocks()[b].choices[m].text()));
                }
            }
        }
        result.notes.push_back(fmt::format("{}: costs on {} by regression on {} whole networks, which misses "
                                           "networks held out by {:.1f} % (MACs alone: {:.1f} %)",
                                           file_, table.context.device, networks_.size(),
                                           100 * fit.held_out_error, 100 * fit.prior_error));
        if (!never.empty()) {
            result.warnings.push_back(fmt::format(
                "{}: {} of the space's {} choices are in none of the networks and cost what their MACs "
                "suggest: {}",
                file_, never.size(), space_.choice_count(), first_few(never)));
        }
        result.tables.push_back(std::move(table));
        return result;
    }

    void tabulate(const WholeNetworkFit& fit) {
        table.context.form += fmt::format("; by regression on {} whole networks", networks_.size());
        if (const double ms = fit.constant_ms; ms > 0) { // what all networks share
            table.stem = {static_cast<std::int64_t>(networks_.size()), ms, 0, ms, ms, ms};
        }
        for (std::size_t b = 0; b < fit.choices_ms.size(); ++b) {
            for (std::size_t m = 0; m < fit.choices_ms[b].size(); ++m) {
                const double ms = std::max(fit.choices_ms[b][m], Timing::least_ms);
                table.add(space_.blocks()[b].name, space_.blocks()[b].choices[m].text(),
                          {fit.seen[b][m], ms, 0, ms, ms, ms});
            }
        }
        for (std::size_t i = 0; i < networks_.size(); ++i) {
            table.additivity.push_back({space_.architecture(networks_[i].genome).text(),
                                        std::max(fit.held_out_ms[i], Timing::least_ms), networks_[i].ms});
        }
    }

    const SearchSpace& space_;
    std::string file_;
    std::map<std::pair<std::string, std::string>, std::size_t> lines_;
    std::map<std::vector<int>, std::size_t> network_lines_;
    std::vector<std::string> unknown_;
    std::vector<TimedGenome> networks_;
    Timing call_;
};

void check_input(const SearchSpace& space, const LatencyContext& context, const std::string& file) {
    const std::vector<std::int64_t> input = {space.input().channels, space.input().height,
                                             space.input().width};
    if (!context.input.empty() && context.input != input) {
        throw RunError(fmt::format("{}: it was measured for images of {}, the space's are {}", file,
                                   fmt::join(context.input, " x "), fmt::join(input, " x ")));
    }
}

BroughtTables from_yaml(const TableOptions& options, const SearchSpace& space) {
    const std::string file = options.file.string();
    const LatencyTable read = LatencyTable::load(options.file);
    check_input(space, read.context, file);
    Assembly assembly(space, file);
    assembly.ends_told = true;
    assembly.table.context = read.context;
    assembly.table.stem = read.stem;
    assembly.table.head = read.head;
    assembly.table.offset_ms = read.offset_ms;
    assembly.table.scale = read.scale;
    assembly.table.additivity = read.additivity;
    if (!options.device.empty()) {
        assembly.table.context.device = options.device;
    }
    for (const auto& [row, timing] : read.rows()) {
        assembly.add(0, row.first, row.second, timing);
    }
    return assembly.finish(options.missing);
}

/// The file's device column, else the configured name.
std::string device_of(const CsvRow& row, const TableOptions& options) {
    const std::string otherwise = options.device.empty() ? "cpu" : options.device;
    return row.context.device.empty() || !options.device.empty() ? otherwise : row.context.device;
}

/// Throws where one name is asked for and the file has several.
void check_renaming(const TableCsv& csv, const TableOptions& options) {
    std::set<std::string> devices;
    for (const CsvRow& row : csv.rows) {
        devices.insert(row.context.device);
    }
    if (devices.size() > 1 && !options.device.empty()) {
        throw RunError(fmt::format("{}: it has rows of {} devices ({}), which cannot all be called '{}'",
                                   csv.file, devices.size(), fmt::join(devices, ", "), options.device));
    }
}

void check_context(const CsvRow& row, const CsvRow& first, const std::string& file) {
    if (!(row.context == first.context)) {
        throw RunError(
            fmt::format("{}:{}: hardware, threads, batch, dtype or form differ from line {}, of the "
                        "same device",
                        file, row.line, first.line));
    }
}

BroughtTables from_csv(const TableOptions& options, const SearchSpace& space) {
    const TableCsv csv = read_table_csv(options.file);
    check_renaming(csv, options);
    std::map<std::string, std::pair<Assembly, const CsvRow*>> devices;
    for (const CsvRow& row : csv.rows) {
        if (!row.space.empty() && row.space != space.hash()) {
            throw RunError(
                fmt::format("{}:{}: measured for another space (its hash is {}, this one's {}): emit "
                            "the probes again, or leave the column 'space' out",
                            csv.file, row.line, row.space, space.hash()));
        }
        const std::string device = device_of(row, options);
        auto& [assembly, first] = devices.try_emplace(device, Assembly(space, csv.file), &row).first->second;
        check_context(row, *first, csv.file);
        assembly.table.context = row.context;
        assembly.table.context.device = device;
        if (row.architecture.empty()) {
            assembly.add(row.line, row.block, row.choice, row.timing);
        } else {
            assembly.add_network(row.line, row.architecture, row.timing);
        }
    }
    BroughtTables result;
    if (!csv.ignored.empty()) {
        result.warnings.push_back(
            fmt::format("{}: columns that mean nothing here: {}", csv.file, fmt::join(csv.ignored, ", ")));
    }
    for (auto& [device, entry] : devices) {
        BroughtTables one = entry.first.finish(options.missing);
        std::ranges::move(one.tables, std::back_inserter(result.tables));
        std::ranges::move(one.warnings, std::back_inserter(result.warnings));
        std::ranges::move(one.notes, std::back_inserter(result.notes));
    }
    return result;
}

} // namespace

void TableOptions::read(support::Section& section) {
    static const support::EnumNames<Missing> names = {{"error", Missing::error},
                                                      {"exclude", Missing::exclude}};
    section.read(
        "table", file,
        "Latency table to use instead of measuring this machine: YAML as `measure` writes it, or CSV "
        "(docs/latency-tables.md).");
    section.read(
        "device", device,
        "Name of the table's device, whose objective is latency_<name>_ms; empty: what the table says, "
        "else cpu.");
    section.read("missing", missing, names,
                 "Choices without a row in the table: an error, or left out of the search.");
    if (!device.empty()) {
        try {
            check_device_name(device, "the name");
        } catch (const RunError& error) { section.fail("device", error.what()); }
    }
}

std::vector<std::string> table_devices(const TableOptions& options) {
    if (!is_csv(options.file)) {
        const std::string own = LatencyTable::load(options.file).context.device;
        return {options.device.empty() ? own : options.device};
    }
    const TableCsv csv = read_table_csv(options.file);
    check_renaming(csv, options);
    std::set<std::string> devices;
    for (const CsvRow& row : csv.rows) {
        devices.insert(device_of(row, options));
    }
    return {devices.begin(), devices.end()};
}

BroughtTables load_tables(const TableOptions& options, const SearchSpace& space) {
    return is_csv(options.file) ? from_csv(options, space) : from_yaml(options, space);
}

} // namespace tessera::latency
