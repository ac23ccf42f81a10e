#include "nas/construction/baselines.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "nas/construction/envelope_costs.h"
#include "support/error.h"
#include "support/seed.h"

namespace tessera::nas::construction {
namespace {

constexpr int most_draws = 20000;

/// Those that a baseline is made of: branches of each stage in the order of Operator.
std::vector<std::vector<Operator>> stage_operators(const EnvelopeNetwork& network) {
    std::vector<std::vector<Operator>> operators;
    for (const auto& cells : stage_cells(network)) {
        operators.emplace_back();
        for (const int number : cells) {
            const auto& branches = network.cell(number)->branches;
            operators.back().insert(operators.back().end(), branches.begin(), branches.end());
        }
        std::sort(operators.back().begin(), operators.back().end());
    }
    return operators;
}

Cell& cell_of(EnvelopeNetwork& network, int number) {
    return std::get<Cell>(network.entries[static_cast<std::size_t>(number) - 1]);
}

/// Parameters may be counted for a network whose branches are too narrow at this width: then none.
std::optional<std::int64_t> parameters_of(const EnvelopeNetwork& network, BaselineEnds ends) {
    try {
        return network_costs(network, {ends.channels, 32, 32}, ends.classes).parameters;
    } catch (const support::UsageError&) { return std::nullopt; }
}

bool within(std::optional<std::int64_t> parameters, std::int64_t wanted) {
    return parameters && std::abs(static_cast<double>(*parameters - wanted)) <=
                             baseline_tolerance * static_cast<double>(wanted);
}

void place_at_random(EnvelopeNetwork& network, const std::vector<std::vector<int>>& stages,
                     std::vector<std::vector<Operator>> operators, support::Rng& rng) {
    for (std::size_t s = 0; s < stages.size(); ++s) {
        const auto& cells = stages[s];
        rng.shuffle(operators[s]);
        for (std::size_t i = 0; i < operators[s].size(); ++i) {
            if (i < cells.size()) {
                cell_of(network, cells[i]).branches = {operators[s][i]};
                continue;
            }
            std::vector<Cell*> lacking; // never empty: each cell of the original has an operator once
            for (const int number : cells) {
                Cell& cell = cell_of(network, number);
                if (std::count(cell.branches.begin(), cell.branches.end(), operators[s][i]) == 0) {
                    lacking.push_back(&cell);
                }
            }
            auto& branches = lacking[rng.below(lacking.size())]->branches;
            branches.insert(std::upper_bound(branches.begin(), branches.end(), operators[s][i]),
                            operators[s][i]);
        }
        for (const int number : cells) {
            auto& skips = cell_of(network, number).skips;
            std::vector<int> sources(static_cast<std::size_t>(std::max(number - 2, 0)));
            std::iota(sources.begin(), sources.end(), 1);
            rng.shuffle(sources);
            skips.assign(sources.begin(), sources.begin() + static_cast<std::ptrdiff_t>(skips.size()));
            std::sort(skips.begin(), skips.end());
        }
    }
}

/// A hand-built network before its parameters are adjusted. `most_skips`: into one cell.
EnvelopeNetwork dealt(const EnvelopeNetwork& network, const std::vector<std::vector<Operator>>& operators,
                      std::size_t most_skips) {
    EnvelopeNetwork result = network;
    const auto stages = stage_cells(network);
    for (std::size_t s = 0; s < stages.size(); ++s) {
        const auto& cells = stages[s];
        for (const int number : cells) {
            Cell& cell = cell_of(result, number);
            const std::size_t count = std::min(cell.skips.size(), most_skips);
            cell.branches.clear();
            cell.skips.resize(count);
            std::iota(cell.skips.begin(), cell.skips.end(), number - 1 - static_cast<int>(count));
        }
        // Copies of an operator are neighbours and no more than the cells: no cell gets one twice.
        for (std::size_t i = 0; i < operators[s].size(); ++i) {
            cell_of(result, cells[i % cells.size()]).branches.push_back(operators[s][i]);
        }
        for (const int number : cells) {
            auto& branches = cell_of(result, number).branches;
            std::sort(branches.begin(), branches.end());
        }
    }
    return result;
}

/// The nearest width that fits, the smaller of two; false where none does.
bool fit_width(EnvelopeNetwork& network, std::int64_t wanted, BaselineEnds ends) {
    const int width = network.width;
    for (int distance = 0; distance <= width; ++distance) {
        for (const int candidate : {width - distance, width + distance}) {
            network.width = candidate;
            if (2 * candidate >= width && within(parameters_of(network, ends), wanted)) {
                return true;
            }
        }
    }
    return false;
}

/// `network` with a branch moved from one cell to another; null where that cannot be.
std::optional<EnvelopeNetwork> moved(const EnvelopeNetwork& network, Operator branch, int from, int to) {
    const auto& there = network.cell(to)->branches;
    if (network.cell(from)->branches.size() == 1 || std::count(there.begin(), there.end(), branch) > 0) {
        return std::nullopt;
    }
    EnvelopeNetwork result = network;
    std::erase(cell_of(result, from).branches, branch);
    auto& branches = cell_of(result, to).branches;
    branches.insert(std::upper_bound(branches.begin(), branches.end(), branch), branch);
    return result;
}

/// Moves branches between the cells of a stage, each time the one that brings the parameters nearest (of
/// equal ones the first); false where none brings them nearer.
bool move_branches(EnvelopeNetwork& network, std::int64_t wanted, BaselineEnds ends) {
    auto nearest = std::numeric_limits<std::int64_t>::max();
    const auto stages = stage_cells(network);
    const auto step = [&] {
        std::optional<EnvelopeNetwork> best;
        for (const auto& cells : stages) {
            for (const int from : cells) {
                for (const Operator branch : network.cell(from)->branches) {
                    for (const int to : cells) {
                        auto next = moved(network, branch, from, to);
                        const auto parameters = next ? parameters_of(*next, ends) : std::nullopt;
                        if (parameters && std::abs(*parameters - wanted) < nearest) {
                            nearest = std::abs(*parameters - wanted);
                            best = std::move(next);
                        }
                    }
                }
            }
        }
        return best;
    };
    while (auto next = step()) {
        network = std::move(*next);
        if (within(parameters_of(network, ends), wanted)) {
            return true;
        }
    }
    return false;
}

std::size_t most_skips_of(const EnvelopeNetwork& network) {
    std::size_t most = 0;
    for (const Entry& entry : network.entries) {
        const Cell* const cell = std::get_if<Cell>(&entry);
        most = std::max(most, cell ? cell->skips.size() : 0);
    }
    return most;
}

} // namespace

EnvelopeNetwork random_placement(const EnvelopeNetwork& network, std::uint64_t seed, BaselineEnds ends) {
    const std::int64_t wanted = network_costs(network, {ends.channels, 32, 32}, ends.classes).parameters;
    const auto stages = stage_cells(network);
    const auto operators = stage_operators(network);
    support::Rng rng(support::derive_seed(seed, {"construction", "random placement"}));
    EnvelopeNetwork result = network;
    for (int draw = 0; draw < most_draws; ++draw) {
        place_at_random(result, stages, operators, rng);
        if (within(parameters_of(result, ends), wanted)) {
            return result;
        }
    }
    throw support::RunError(fmt::format("none of {} random placements has within {:.0f} % of {} parameters",
                                        most_draws, 100 * baseline_tolerance, wanted));
}

EnvelopeNetwork hand_built(const EnvelopeNetwork& network, BaselineEnds ends) {
    const std::int64_t wanted = network_costs(network, {ends.channels, 32, 32}, ends.classes).parameters;
    const auto operators = stage_operators(network);
    const std::size_t most = most_skips_of(network);
    for (std::size_t fewer = 0; fewer <= most; ++fewer) {
        EnvelopeNetwork result = dealt(network, operators, most - fewer);
        if (fit_width(result, wanted, ends)) {
            return result;
        }
    }
    EnvelopeNetwork result = dealt(network, operators, most);
    if (move_branches(result, wanted, ends)) {
        return result;
    }
    throw support::RunError(
        fmt::format("no hand-built network of this depth and these branches has within {:.0f} % of {} "
                    "parameters: choose a greater width",
                    100 * baseline_tolerance, wanted));
}

} // namespace tessera::nas::construction
