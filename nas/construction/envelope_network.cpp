#include "nas/construction/envelope_network.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::nas::construction {
namespace {

/// Far beyond anything that can be trained, and far below what would overflow.
constexpr int widest = 1 << 16, most_stages = 12, most_entries = 2000;

struct OperatorFacts {
    std::string_view name;
    int kernel;
    bool separable;
};
constexpr std::array<OperatorFacts, all_operators.size()> operator_facts = {{{"1x1", 1, false},
                                                                             {"3x3", 3, false},
                                                                             {"3x3sep", 3, true},
                                                                             {"5x5", 5, false},
                                                                             {"5x5sep", 5, true},
                                                                             {"7x7sep", 7, true}}};

const OperatorFacts& facts(Operator branch) { return operator_facts[static_cast<std::size_t>(branch)]; }

void check_cell(const Cell& cell, int number) {
    if (cell.branches.empty()) {
        throw support::UsageError(fmt::format("entry {} of the network is a cell without branches", number));
    }
    if (std::adjacent_find(cell.branches.begin(), cell.branches.end(), std::greater_equal<>()) !=
        cell.branches.end()) {
        throw support::UsageError(
            fmt::format("entry {} of the network: branches {} are not in order or not distinct", number,
                        branch_text(cell.branches)));
    }
    if (std::adjacent_find(cell.skips.begin(), cell.skips.end(), std::greater_equal<>()) !=
        cell.skips.end()) {
        throw support::UsageError(fmt::format(
            "entry {} of the network: its skips are not in ascending order or not distinct", number));
    }
    for (const int source : cell.skips) {
        if (source < 1 || source > number - 2) {
            throw support::UsageError(
                fmt::format("entry {0} of the network has a skip from entry {1}: sources are entries from "
                            "1 that stand before entry {2}, which is its input",
                            number, source, number - 1));
        }
    }
}

void check_ends(const EnvelopeNetwork& network) {
    if (network.width < 1 || network.width > widest) {
        throw support::UsageError(
            fmt::format("the width of a network is 1 to {} filters, not {}", widest, network.width));
    }
    if (network.initial_kernel != 1 && network.initial_kernel != 3) {
        throw support::UsageError(
            fmt::format("the kernel of the initial convolution is 1 or 3, not {}", network.initial_kernel));
    }
    if (network.entries.size() > most_entries) {
        throw support::UsageError(
            fmt::format("a network of {} entries: there may be {}", network.entries.size(), most_entries));
    }
    if (network.stage_count() > most_stages) {
        throw support::UsageError(
            fmt::format("a network of {} stages: there may be {}", network.stage_count(), most_stages));
    }
}

} // namespace

std::string_view operator_name(Operator branch) { return facts(branch).name; }
int kernel_size(Operator branch) { return facts(branch).kernel; }
bool is_separable(Operator branch) { return facts(branch).separable; }

std::optional<Operator> find_operator(std::string_view name) {
    for (const Operator branch : all_operators) {
        if (operator_name(branch) == name) {
            return branch;
        }
    }
    return std::nullopt;
}

std::string branch_text(const std::vector<Operator>& branches) {
    std::string text;
    for (const Operator branch : branches) {
        text += text.empty() ? "" : "+";
        text += operator_name(branch);
    }
    return text;
}

int EnvelopeNetwork::stage_count() const {
    return 1 + static_cast<int>(std::count_if(entries.begin(), entries.end(), [](const Entry& entry) {
               return std::holds_alternative<Widener>(entry);
           }));
}

std::vector<std::vector<int>> stage_cells(const EnvelopeNetwork& network) {
    std::vector<std::vector<int>> stages(1);
    for (int number = 1; number <= static_cast<int>(network.entries.size()); ++number) {
        if (network.cell(number)) {
            stages.back().push_back(number);
        } else {
            stages.emplace_back();
        }
    }
    return stages;
}

std::vector<int> stage_branches(const EnvelopeNetwork& network) {
    std::vector<int> branches;
    for (const auto& cells : stage_cells(network)) {
        std::size_t sum = 0;
        for (const int number : cells) {
            sum += network.cell(number)->branches.size();
        }
        branches.push_back(static_cast<int>(sum));
    }
    return branches;
}

void check(const EnvelopeNetwork& network) {
    check_ends(network);
    for (int number = 1; number <= static_cast<int>(network.entries.size()); ++number) {
        if (const Cell* const cell = network.cell(number)) {
            check_cell(*cell, number);
        }
    }
    const auto stages = stage_cells(network);
    for (std::size_t s = 0; s < stages.size(); ++s) {
        if (stages[s].empty()) {
            throw support::UsageError(fmt::format("stage {} of the network has no layers", s));
        }
        const std::int64_t wide = static_cast<std::int64_t>(network.width) << s;
        for (const int number : stages[s]) {
            const auto layers = static_cast<std::int64_t>(stages[s].size());
            const bool inner = network.limited && number != stages[s].back();
            const std::int64_t width = inner ? limited_width(wide, layers) : wide;
            const auto branches = static_cast<std::int64_t>(network.cell(number)->branches.size());
            if (width < branches) {
                throw support::UsageError(
                    fmt::format("entry {} of the network has {} branches and is {} filters wide: "
                                "choose a greater width",
                                number, branches, width));
            }
        }
    }
}

std::int64_t limited_width(std::int64_t width, std::int64_t layers) {
    if (layers < 3) {
        return width;
    }
    // floor(W/(n-2)*(sqrt(n-1)-1)) is the largest o with 2Wo + (n-2)o^2 <= W^2: found in integers, so that no
    // rounding of a root decides about a filter.
    std::int64_t low = 0, high = width;
    while (low < high) {
        const std::int64_t middle = (low + high + 1) / 2;
        if (2 * width * middle + (layers - 2) * middle * middle <= width * width) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

std::vector<EntryLayout> layout(const EnvelopeNetwork& network, search_spaces::Shape image) {
    check(network);
    const auto stages = stage_cells(network);
    std::vector<EntryLayout> entries(1);
    entries[0].width = network.width;
    entries[0].joined = image.channels;
    entries[0].input = image;
    entries[0].output = image.strided(network.width, 1);
    int stage = 0, position = 0;
    for (int number = 1; number <= static_cast<int>(network.entries.size()); ++number) {
        EntryLayout entry;
        entry.input = entries.back().output;
        entry.joined = entry.input.channels;
        if (const Cell* const cell = network.cell(number)) {
            const std::int64_t wide = static_cast<std::int64_t>(network.width) << stage;
            const auto layers = static_cast<std::int64_t>(stages[static_cast<std::size_t>(stage)].size());
            entry.width = network.limited && position + 1 < layers ? limited_width(wide, layers) : wide;
            entry.cell = position++;
            for (const int source : cell->skips) {
                entry.joined += entries[static_cast<std::size_t>(source)].output.channels;
            }
            const auto branches = static_cast<std::int64_t>(cell->branches.size());
            entry.output = entry.input.strided(entry.width / branches * branches, 1);
        } else {
            ++stage;
            position = 0;
            entry.width = (static_cast<std::int64_t>(network.width) << stage) / 2;
            entry.output = entry.input.strided(entry.input.channels + entry.width, 2);
        }
        entry.stage = stage;
        entries.push_back(entry);
    }
    return entries;
}

std::vector<std::string> entry_names(const EnvelopeNetwork& network) {
    std::vector<std::string> names;
    int stage = 0, position = 0;
    for (const Entry& entry : network.entries) {
        if (std::holds_alternative<Cell>(entry)) {
            names.push_back(fmt::format("s{}c{}", stage, position++));
        } else {
            names.push_back(fmt::format("w{}", ++stage));
            position = 0;
        }
    }
    return names;
}

} // namespace tessera::nas::construction
