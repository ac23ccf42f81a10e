#include "nas/construction/growth.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/construction/pruning.h"
#include "support/error.h"

namespace tessera::nas::construction {
namespace {

void check_belongs(const EnvelopeNetwork& network, const std::vector<std::vector<int>>& stages,
                   const GrowthOptions& options) {
    if (stages.size() != options.stages.size()) {
        throw support::UsageError(
            fmt::format("a network of {} stages and options for {}", stages.size(), options.stages.size()));
    }
    for (std::size_t s = 0; s < stages.size(); ++s) {
        const StageOptions& stage = options.stages[s];
        const auto layers = static_cast<int>(stages[s].size());
        const int most = stage.constructed ? stage.maximum + 1 : stage.layers;
        if (layers < stage.layers || layers > most) {
            throw support::UsageError(
                fmt::format("stage {} of the network has {} layers; the options let it have {}", s, layers,
                            most == stage.layers ? fmt::format("{}", most)
                                                 : fmt::format("{} to {}", stage.layers, most)));
        }
    }
    if (network.width != options.width || network.initial_kernel != options.initial_kernel ||
        network.limited != options.limited) {
        throw support::UsageError(
            "width, initial kernel or parameter limit of the network are not those of the options");
    }
}

/// Takes `count` branches from the stage's cells, worst first.
std::vector<BranchPlace> prune_stage(EnvelopeNetwork& network, const std::vector<int>& cells, int stage,
                                     int count, const EntryValues& values, bool worst_case) {
    struct Ranked {
        BranchPlace place;
        double value;
    };
    std::vector<Ranked> ranked;
    for (std::size_t c = 0; c < cells.size(); ++c) {
        const auto& branches = network.cell(cells[c])->branches;
        for (std::size_t b = 0; b < branches.size(); ++b) {
            const double value = values[static_cast<std::size_t>(cells[c])][b];
            ranked.push_back({{stage, static_cast<int>(c), branches[b]}, worst_case ? -value : value});
        }
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
        return std::isnan(a.value) != std::isnan(b.value) ? std::isnan(a.value) : a.value < b.value;
    });
    std::vector<BranchPlace> pruned;
    for (const Ranked& branch : ranked) {
        auto& cell = std::get<Cell>(
            network
                .entries[static_cast<std::size_t>(cells[static_cast<std::size_t>(branch.place.cell)]) - 1]);
        if (static_cast<int>(pruned.size()) < count && cell.branches.size() > 1) {
            std::erase(cell.branches, branch.place.branch);
            pruned.push_back(branch.place);
        }
    }
    return pruned;
}

/// The ceil(m/2) skips with the largest scalars, in order of their sources.
std::vector<int> kept_skips(const Cell& cell, const std::vector<double>& scalars) {
    std::vector<std::size_t> order(cell.skips.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const double left = scalars[a], right = scalars[b];
        return std::isnan(left) != std::isnan(right) ? std::isnan(right) : left > right;
    });
    order.resize((order.size() + 1) / 2);
    std::sort(order.begin(), order.end());
    std::vector<int> kept;
    for (const std::size_t i : order) {
        kept.push_back(cell.skips[i]);
    }
    return kept;
}

/// Inserts full cells at the ends of the stages that grow; everything that stands behind them gets another
/// number.
EnvelopeNetwork extended(const EnvelopeNetwork& network, const std::vector<char>& grows,
                         const EntryValues& scalars, bool skips) {
    EnvelopeNetwork next = network;
    next.entries.clear();
    std::vector<int> number_of = {0}, added;
    std::size_t stage = 0;
    const auto end_stage = [&] {
        if (grows[stage++]) {
            const auto number = static_cast<int>(next.entries.size()) + 1;
            next.entries.emplace_back(full_cell(number, skips));
            added.push_back(number);
        }
    };
    for (int old = 1; old <= static_cast<int>(network.entries.size()); ++old) {
        const Cell* const cell = network.cell(old);
        if (!cell) {
            end_stage();
        }
        next.entries.push_back(network.entries[static_cast<std::size_t>(old) - 1]);
        number_of.push_back(static_cast<int>(next.entries.size()));
        if (!cell) {
            continue;
        }
        auto& renumbered = std::get<Cell>(next.entries.back()).skips;
        renumbered = kept_skips(*cell, scalars[static_cast<std::size_t>(old)]);
        for (int& source : renumbered) {
            source = number_of[static_cast<std::size_t>(source)];
        }
        if (skips) {
            renumbered.insert(renumbered.end(), added.begin(), added.end());
            std::sort(renumbered.begin(), renumbered.end());
        }
    }
    end_stage();
    return next;
}

std::vector<StageGrowth> sizes(const EnvelopeNetwork& network) {
    const auto branches = stage_branches(network);
    const auto cells = stage_cells(network);
    std::vector<StageGrowth> stages;
    for (std::size_t s = 0; s < cells.size(); ++s) {
        stages.push_back({static_cast<int>(cells[s].size()), branches[s], 0});
    }
    return stages;
}

std::string target_text(const EnvelopeCosts& costs, const GrowthOptions& options) {
    std::string text = fmt::format("{} parameters", costs.parameters);
    text += options.max_parameters ? fmt::format(" of {} allowed", *options.max_parameters) : "";
    text += fmt::format(", {} MACs", costs.macs);
    return text + (options.max_macs ? fmt::format(" of {} allowed", *options.max_macs) : "");
}

std::string summary_of(const Growth& growth, const GrowthOptions& options) {
    std::vector<std::string> stages;
    for (const StageGrowth& stage : growth.stages) {
        stages.push_back(fmt::format("{}/{}", stage.layers, stage.branches));
    }
    std::string text;
    switch (growth.outcome) {
    case Growth::Outcome::grown:
        text = fmt::format("pruned {} branches", growth.pruned.size());
        break;
    case Growth::Outcome::finished:
        text = "finished: every constructed stage is at its maximum";
        break;
    case Growth::Outcome::target:
        text =
            fmt::format("target met: the next network would have {}", beyond_target(*growth.beyond, options));
        break;
    }
    if (!growth.unusable.empty()) {
        text += fmt::format("; {} branches without a finite statistic count as the worst",
                            growth.unusable.size());
    }
    return fmt::format("{}; layers/branches {}; {}", text, fmt::join(stages, " "),
                       target_text(growth.costs, options));
}

void report_unusable(Growth& growth, const EnvelopeNetwork& network, const EntryValues& values,
                     const EntryValues& weights) {
    const auto stages = stage_cells(network);
    for (std::size_t s = 0; s < stages.size(); ++s) {
        for (std::size_t c = 0; c < stages[s].size(); ++c) {
            const Cell& cell = *network.cell(stages[s][c]);
            const auto number = static_cast<std::size_t>(stages[s][c]);
            for (std::size_t b = 0; b < cell.branches.size(); ++b) {
                if (std::isnan(values[number][b])) {
                    growth.unusable.push_back({static_cast<int>(s), static_cast<int>(c), cell.branches[b]});
                }
            }
            for (std::size_t k = 0; k < cell.skips.size(); ++k) {
                if (std::isnan(weights[number][k])) {
                    growth.unusable_skips.push_back({stages[s][c], cell.skips[k], weights[number][k]});
                }
            }
        }
    }
}

} // namespace

Growth grow(const EnvelopeNetwork& network, const std::vector<BranchStatistic>& statistics,
            const std::vector<SkipScalar>& scalars, const GrowthOptions& options) {
    check(network);
    growth_plan(options); // for what it refuses
    const auto stages = stage_cells(network);
    check_belongs(network, stages, options);
    const EntryValues values = statistic_of(network, statistics, options.statistic);
    const EntryValues weights = scalar_of(network, scalars);

    Growth growth;
    growth.network = network;
    growth.stages = sizes(network);
    growth.costs = counted_costs(network, options);
    report_unusable(growth, network, values, weights);
    EnvelopeNetwork next = network;
    std::vector<char> grows(stages.size());
    std::vector<BranchPlace> pruned;
    for (std::size_t s = 0; s < stages.size(); ++s) {
        grows[s] = options.stages[s].grows_from(growth.stages[s].layers);
        if (grows[s]) {
            const int count =
                branches_to_prune(options, s, growth.stages[s].layers, growth.stages[s].branches);
            const auto taken =
                prune_stage(next, stages[s], static_cast<int>(s), count, values, options.worst_case);
            pruned.insert(pruned.end(), taken.begin(), taken.end());
        }
    }
    if (std::any_of(grows.begin(), grows.end(), [](char grown) { return grown != 0; })) {
        next = extended(next, grows, weights, options.skips);
        const EnvelopeCosts costs = counted_costs(next, options);
        if (beyond_target(costs, options).empty()) {
            growth.outcome = Growth::Outcome::grown;
            growth.network = std::move(next);
            growth.costs = costs;
            growth.stages = sizes(growth.network);
            growth.pruned = std::move(pruned);
            for (const BranchPlace& place : growth.pruned) {
                ++growth.stages[static_cast<std::size_t>(place.stage)].pruned;
            }
        } else {
            growth.outcome = Growth::Outcome::target;
            growth.beyond = costs;
        }
    }
    growth.summary = summary_of(growth, options);
    return growth;
}

std::vector<EnvelopeNetwork> expected_networks(const GrowthOptions& options) {
    std::vector<EnvelopeNetwork> networks{start_network(options)};
    const std::size_t trained = growth_plan(options).size();
    while (networks.size() < trained) {
        const EnvelopeNetwork& network = networks.back();
        std::vector<BranchStatistic> statistics;
        std::vector<SkipScalar> scalars;
        const auto stages = stage_cells(network);
        for (std::size_t s = 0; s < stages.size(); ++s) {
            for (std::size_t c = 0; c < stages[s].size(); ++c) {
                for (const Operator branch : network.cell(stages[s][c])->branches) {
                    statistics.push_back({static_cast<int>(s), static_cast<int>(c), branch});
                }
                for (const int source : network.cell(stages[s][c])->skips) {
                    scalars.push_back({stages[s][c], source, 0});
                }
            }
        }
        Growth growth = grow(network, statistics, scalars, options);
        if (growth.outcome != Growth::Outcome::grown) {
            break;
        }
        networks.push_back(std::move(growth.network));
    }
    return networks;
}

} // namespace tessera::nas::construction
