#include "nas/construction/space_yaml.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/csv.h"

namespace tessera::nas::construction {
namespace {

std::vector<std::string> cell_lines(const Cell& cell, std::int64_t channels,
                                    const std::vector<std::string>& names, double dropout) {
    std::vector<std::string> sources, others;
    for (const int source : cell.skips) {
        sources.push_back(names[static_cast<std::size_t>(source) - 1]);
    }
    for (const auto& branches : other_branches(cell.branches, channels)) {
        others.push_back(branch_text(branches));
    }
    const std::string own = branch_text(cell.branches);
    const std::string rest = dropout > 0 ? ", dropout: " + support::number(dropout) : "";
    std::vector<std::string> lines = {fmt::format("  channels: {}", channels)};
    if (!sources.empty()) {
        lines.push_back(fmt::format("  skips: [{}]", fmt::join(sources, ", ")));
    }
    lines.push_back(fmt::format("  reference: \"envelope(branches={}{})\"", own,
                                dropout > 0 ? ",dropout=" + support::number(dropout) : ""));
    lines.emplace_back("  choices:");
    lines.push_back(fmt::format("    - envelope: {{branches: {}, width: [1, 0.5, 0.25]{}}}", own, rest));
    lines.push_back(fmt::format("    - envelope: {{branches: [{}]{}}}", fmt::join(others, ", "), rest));
    return lines;
}

} // namespace

std::vector<std::vector<Operator>> other_branches(const std::vector<Operator>& branches,
                                                  std::int64_t channels) {
    std::vector<std::vector<Operator>> others;
    const auto add = [&](const std::vector<Operator>& set) {
        if (!set.empty() && set != branches && std::find(others.begin(), others.end(), set) == others.end()) {
            others.push_back(set);
        }
    };
    for (const Operator left_out : branches) {
        std::vector<Operator> rest = branches;
        std::erase(rest, left_out);
        add(rest);
    }
    for (const Operator branch : all_operators) {
        add({branch});
    }
    if (channels >= static_cast<std::int64_t>(all_operators.size())) {
        add({all_operators.begin(), all_operators.end()});
    }
    return others;
}

std::string space_yaml(const EnvelopeNetwork& network, double dropout, int indent) {
    const auto sizes = layout(network);
    const auto names = entry_names(network);
    const std::string blanks(static_cast<std::size_t>(std::max(indent, 0)), ' ');
    std::string text;
    for (std::size_t i = 0; i < network.entries.size(); ++i) {
        const std::int64_t channels = sizes[i + 1].output.channels;
        const Cell* const cell = std::get_if<Cell>(&network.entries[i]);
        if (!cell) {
            text += fmt::format(
                "{}- {{name: {}, channels: {}, stride: 2, reference: widener, choices: [widener: {{}}]}}\n",
                blanks, names[i], channels);
            continue;
        }
        text += fmt::format("{}- name: {}\n", blanks, names[i]);
        for (const std::string& line : cell_lines(*cell, channels, names, dropout)) {
            text += blanks + line + '\n';
        }
    }
    return text;
}

} // namespace tessera::nas::construction
