#include "search_spaces/space.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "support/csv.h"
#include "support/error.h"
#include "support/hash.h"

namespace tessera::search_spaces {
namespace {

/// The choice that has most in common with `wanted`: the family first, then equal parameters.
const Choice& nearest_choice(const Choice& wanted, const std::vector<Choice>& choices) {
    const auto likeness = [&](const Choice& choice) {
        if (choice.family() != wanted.family()) {
            return std::ptrdiff_t{-1};
        }
        return std::ranges::count_if(choice.parameters(), [&](const auto& parameter) {
            return std::ranges::find(wanted.parameters(), parameter) != wanted.parameters().end();
        });
    };
    return *std::ranges::max_element(choices, {}, likeness);
}

} // namespace

Shape Block::sequential_input() const {
    Shape shape = site.input;
    shape.channels -= site.skip_channels;
    return shape;
}

void SearchSpace::index_choices() {
    sorted_.clear();
    for (const Block& block : blocks_) {
        std::vector<int> order(block.choices.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::sort(order, {},
                          [&](int i) -> const Choice& { return block.choices[static_cast<std::size_t>(i)]; });
        sorted_.push_back(std::move(order));
    }
}

int SearchSpace::find(std::size_t block, const Choice& choice) const {
    const auto& choices = blocks_[block].choices;
    const auto at = [&](int i) -> const Choice& { return choices[static_cast<std::size_t>(i)]; };
    const auto found = std::ranges::lower_bound(sorted_[block], choice, {}, at);
    return found != sorted_[block].end() && at(*found) == choice ? *found : -1;
}

double SearchSpace::size() const {
    double product = 1;
    for (const Block& block : blocks_) {
        product *= static_cast<double>(block.choices.size());
    }
    return product;
}

std::int64_t SearchSpace::choice_count() const {
    std::int64_t sum = 0;
    for (const Block& block : blocks_) {
        sum += static_cast<std::int64_t>(block.choices.size());
    }
    return sum;
}

Architecture SearchSpace::reference() const {
    Architecture result;
    for (const Block& block : blocks_) {
        result.choices.push_back(block.choices.front());
    }
    return result;
}

Architecture SearchSpace::architecture(std::span<const int> genome) const {
    if (genome.size() != blocks_.size()) {
        throw support::UsageError(
            fmt::format("a genome of {} numbers for a space of {} blocks", genome.size(), blocks_.size()));
    }
    Architecture result;
    for (std::size_t i = 0; i < genome.size(); ++i) {
        const auto& choices = blocks_[i].choices;
        if (genome[i] < 0 || static_cast<std::size_t>(genome[i]) >= choices.size()) {
            throw support::UsageError(fmt::format("block '{}' has choices 0 to {}, not {}", blocks_[i].name,
                                                  choices.size() - 1, genome[i]));
        }
        result.choices.push_back(choices[static_cast<std::size_t>(genome[i])]);
    }
    return result;
}

std::vector<int> SearchSpace::genome(const Architecture& architecture) const {
    if (architecture.choices.size() != blocks_.size()) {
        throw support::UsageError(fmt::format("an architecture of {} blocks for a space of {} blocks",
                                              architecture.choices.size(), blocks_.size()));
    }
    std::vector<int> result;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        result.push_back(index_of(i, architecture.choices[i]));
    }
    return result;
}

int SearchSpace::index_of(std::size_t block, const Choice& choice) const {
    int index = find(block, choice);
    if (index < 0) {
        index = find(block, complete(choice)); // written by hand, defaults left out
    }
    if (index < 0) {
        throw support::UsageError(
            fmt::format("block '{}' has no choice {}; the nearest is {}", blocks_[block].name, choice.text(),
                        nearest_choice(complete(choice), blocks_[block].choices).text()));
    }
    return index;
}

Costs SearchSpace::stem_costs() const { return stem_.costs(input_); }

Costs SearchSpace::head_costs() const { return head_.costs(blocks_.back().site.output(), input_, classes_); }

Costs SearchSpace::block_costs(std::size_t block, const Choice& choice) const {
    const Block& place = blocks_.at(block);
    Costs costs = family(choice.family()).costs(choice, place.site);
    if (!place.skips.empty()) {
        // One scalar a skip; what comes in, with the pooled maps, and what goes on.
        costs.then({0, static_cast<std::int64_t>(place.skips.size()), 2 * place.site.input.elements()});
    }
    costs.peak_elements += waiting_elements(block);
    return costs;
}

Costs SearchSpace::costs(const Architecture& architecture) const {
    const std::vector<int> indices = genome(architecture);
    Costs total = stem_costs();
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        total.then(block_costs(i, blocks_[i].choices[static_cast<std::size_t>(indices[i])]));
    }
    return total.then(head_costs());
}

std::int64_t SearchSpace::waiting_elements(std::size_t block) const {
    std::int64_t elements = 0;
    for (std::size_t source = 0; source <= block; ++source) {
        const bool wanted = std::any_of(
            blocks_.begin() + static_cast<std::ptrdiff_t>(block) + 1, blocks_.end(), [&](const Block& later) {
                return std::ranges::find(later.skips, source, &Skip::source) != later.skips.end();
            });
        // A block's own input counts with the block, unless it is a map of many that were joined.
        const bool own_input = source == block && blocks_[block].skips.empty();
        if (wanted && !own_input) {
            elements +=
                source == 0 ? stem_.output(input_).elements() : blocks_[source - 1].site.output().elements();
        }
    }
    return elements;
}

std::string SearchSpace::skeleton_hash() const {
    std::string text = fmt::format("input {} {} {}; classes {}; stem {}; head {}", input_.channels,
                                   input_.height, input_.width, classes_, stem_.skeleton(), head_.skeleton());
    for (const Block& block : blocks_) {
        text += fmt::format("; block {} {} {}", block.name, block.site.out_channels, block.site.stride);
        for (const Skip& skip : block.skips) {
            text += fmt::format(" skip {}", skip.source);
        }
    }
    return support::content_hash(text);
}

std::string SearchSpace::hash() const {
    std::string text = skeleton_hash();
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
        text += "; " + blocks_[b].name;
        for (const int i : sorted_[b]) {
            text += ' ';
            text += blocks_[b].choices[static_cast<std::size_t>(i)].text();
        }
    }
    return support::content_hash(text);
}

} // namespace tessera::search_spaces
