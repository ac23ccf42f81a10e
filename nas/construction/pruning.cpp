#include "nas/construction/pruning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::nas::construction {
namespace {

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

double usable(double value) { return std::isfinite(value) ? value : not_known; }

} // namespace

Cell full_cell(int number, bool skips) {
    Cell cell{{all_operators.begin(), all_operators.end()}, {}};
    if (skips && number > 2) {
        cell.skips.resize(static_cast<std::size_t>(number) - 2);
        std::iota(cell.skips.begin(), cell.skips.end(), 1);
    }
    return cell;
}

int branches_to_prune(const GrowthOptions& options, std::size_t stage, int layers, int branches) {
    const int wanted =
        std::max(options.prune_least, std::min(options.prune_most, branches / options.prune_divisor));
    if (wanted > branches - layers) {
        throw support::UsageError(fmt::format("stage {} of {} layers and {} branches is to lose {}, and {} "
                                              "can go without emptying a layer: lower its "
                                              "maximum",
                                              stage, layers, branches, wanted, branches - layers));
    }
    return wanted;
}

std::string beyond_target(const EnvelopeCosts& costs, const GrowthOptions& options) {
    if (options.max_parameters && costs.parameters > *options.max_parameters) {
        return fmt::format("{} parameters, more than the {} allowed", costs.parameters,
                           *options.max_parameters);
    }
    if (options.max_macs && costs.macs > *options.max_macs) {
        return fmt::format("{} MACs, more than the {} allowed", costs.macs, *options.max_macs);
    }
    return "";
}

EntryValues statistic_of(const EnvelopeNetwork& network, const std::vector<BranchStatistic>& statistics,
                         GrowthOptions::Statistic kind) {
    const auto stages = stage_cells(network);
    EntryValues values(network.entries.size() + 1);
    std::vector<std::vector<char>> seen(values.size());
    for (const auto& cells : stages) {
        for (const int number : cells) {
            const std::size_t branches = network.cell(number)->branches.size();
            values[static_cast<std::size_t>(number)].resize(branches);
            seen[static_cast<std::size_t>(number)].resize(branches);
        }
    }
    const auto name = [](const auto& place) {
        return fmt::format("stage {}, cell {}, branch {}", place.stage, place.cell,
                           operator_name(place.branch));
    };
    for (const BranchStatistic& s : statistics) {
        const bool there = s.stage >= 0 && s.stage < static_cast<int>(stages.size()) && s.cell >= 0 &&
                           s.cell < static_cast<int>(stages[static_cast<std::size_t>(s.stage)].size());
        const int number =
            there ? stages[static_cast<std::size_t>(s.stage)][static_cast<std::size_t>(s.cell)] : 0;
        const std::vector<Operator>* const branches = there ? &network.cell(number)->branches : nullptr;
        const auto found =
            there ? std::find(branches->begin(), branches->end(), s.branch) : decltype(branches->begin()){};
        if (!there || found == branches->end()) {
            throw support::UsageError(
                fmt::format("the statistics are those of another network: it has no {}", name(s)));
        }
        const auto at = static_cast<std::size_t>(found - branches->begin());
        if (seen[static_cast<std::size_t>(number)][at]++) {
            throw support::UsageError(fmt::format("the statistics have two rows for {}", name(s)));
        }
        values[static_cast<std::size_t>(number)][at] =
            usable(kind == GrowthOptions::Statistic::variance ? s.variance : s.mean_square);
    }
    for (int stage = 0; stage < static_cast<int>(stages.size()); ++stage) {
        const auto& cells = stages[static_cast<std::size_t>(stage)];
        for (std::size_t c = 0; c < cells.size(); ++c) {
            const auto& rows = seen[static_cast<std::size_t>(cells[c])];
            for (std::size_t b = 0; b < rows.size(); ++b) {
                if (!rows[b]) {
                    const BranchPlace place = {stage, static_cast<int>(c),
                                               network.cell(cells[c])->branches[b]};
                    throw support::UsageError(fmt::format(
                        "the statistics are those of another network: they lack {}", name(place)));
                }
            }
        }
    }
    return values;
}

EntryValues scalar_of(const EnvelopeNetwork& network, const std::vector<SkipScalar>& scalars) {
    std::map<std::pair<int, int>, double> by_place;
    for (const SkipScalar& s : scalars) {
        if (!by_place.emplace(std::pair(s.entry, s.source), usable(s.scalar)).second) {
            throw support::UsageError(
                fmt::format("the skip from entry {} to entry {} has two scalars", s.source, s.entry));
        }
    }
    EntryValues values(network.entries.size() + 1);
    for (int number = 1; number <= static_cast<int>(network.entries.size()); ++number) {
        const Cell* const cell = network.cell(number);
        for (const int source : cell ? cell->skips : std::vector<int>{}) {
            const auto found = by_place.find({number, source});
            if (found == by_place.end()) {
                throw support::UsageError(
                    fmt::format("the skip from entry {} to entry {} has no scalar", source, number));
            }
            values[static_cast<std::size_t>(number)].push_back(found->second);
            by_place.erase(found);
        }
    }
    if (!by_place.empty()) {
        const auto [entry, source] = by_place.begin()->first;
        throw support::UsageError(
            fmt::format("the scalars are those of another network: it has no skip from entry {} to entry {}",
                        source, entry));
    }
    return values;
}

} // namespace tessera::nas::construction
