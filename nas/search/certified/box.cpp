#include "nas/search/certified/box.h"

#include <algorithm>
#include <numeric>

namespace tessera::nas::certified {
namespace {

/// What merging labels may cost, as a share of how deep the box was.
constexpr double merging = 0.1;
/// A box is bounded again while that removes at least 3 % of its choices, and so often at most.
constexpr int rounds = 4;
constexpr double worthwhile = 0.97;

std::size_t choices_left(const Box& box) {
    std::size_t sum = 0;
    for (const auto& block : box.choices) {
        sum += block.size() - 1;
    }
    return sum;
}

} // namespace

Bounder::Bounder(const CostSystem& system, Archive& archive, Ledger& ledger)
    : system_(system), archive_(archive), ledger_(ledger), relaxation_(system), reducer_(system),
      label_limit_(system.width() == 2 ? 4000 : 150), slack_(system.blocks), order_(system.blocks),
      suffix_(system.blocks + 1), stages_(system.blocks) {}

bool Bounder::bound(Box& box, double depth) {
    for (int round = 0; round < rounds; ++round) {
        const std::size_t before = choices_left(box);
        if (!bound_once(box, depth)) {
            return false;
        }
        if (static_cast<double>(choices_left(box)) > worthwhile * static_cast<double>(before)) {
            break;
        }
        depth = box.depth;
    }
    return true;
}

bool Bounder::bound_once(Box& box, double depth) {
    if (!reaches_floors(box.choices)) {
        return false;
    }
    find_corner(box);
    steps_ += relaxation_.compute(box.choices);
    find_slack();
    std::iota(order_.begin(), order_.end(), 0);
    const std::size_t last = widest(box.choices);
    std::ranges::stable_sort(order_, {}, [&](std::size_t b) {
        return b == last ? std::numeric_limits<std::size_t>::max() : box.choices[b].size();
    });
    find_suffixes();
    std::vector<double> grain(system_.width(), 0);
    for (std::size_t d = 0; d < system_.sought && depth < unbounded; ++d) {
        grain[d] = merging * depth * ledger_.range(d) / static_cast<double>(system_.blocks);
    }
    Labels start;
    for (std::size_t d = 0; d < system_.width(); ++d) {
        start.costs.push_back(relaxation_.base(d));
    }
    start.parents.push_back(0);
    start.choices.push_back(0);
    for (std::size_t stage = 0; stage < system_.blocks; ++stage) {
        Labels block = labels_of(order_[stage]);
        if (order_[stage] != last) {
            reducer_.reduce(block); // of the last every choice is looked at: some are removed for good
        }
        combine(stage == 0 ? start : stages_[stage - 1], block, suffix_[stage + 1], grain, stages_[stage]);
    }
    finish(box, stages_.back());
    return !box.points.empty() && choices_left(box) > 0;
}

bool Bounder::reaches_floors(const Choices& choices) const {
    for (std::size_t d = 0; d < system_.sought; ++d) {
        const double floor = system_.dimensions[d].floor;
        if (floor > -unbounded && system_.most(d, choices) < floor) {
            return false;
        }
    }
    return true;
}

/// Costs below an objective's bound are infeasible, those below all points of the larger box settled.
void Bounder::find_corner(const Box& box) {
    corner_.assign(system_.width(), -unbounded);
    for (std::size_t d = 0; d < system_.sought; ++d) {
        double low = box.points.empty() ? -unbounded : unbounded;
        for (std::size_t i = d; i < box.points.size(); i += system_.sought) {
            low = std::min(low, box.points[i]);
        }
        corner_[d] = std::max(low, system_.dimensions[d].floor);
    }
}

void Bounder::find_slack() {
    for (std::size_t b = 0; b < system_.blocks; ++b) {
        slack_[b] = 0;
        for (std::size_t d = 0; d < system_.width(); ++d) {
            slack_[b] += relaxation_.slack(d, b) / ledger_.range(d);
        }
    }
}

/// Of the blocks that have a choice, the one whose pairs cost most, or else the one with most choices.
std::size_t Bounder::widest(const Choices& choices) const {
    std::size_t best = 0;
    const auto rank = [&](std::size_t b) {
        const bool counts = choices[b].size() > 1 && slack_[b] > 1e-9;
        return std::pair(counts ? slack_[b] : 0, choices[b].size());
    };
    for (std::size_t b = 1; b < choices.size(); ++b) {
        best = rank(b) > rank(best) ? b : best;
    }
    return best;
}

void Bounder::find_suffixes() {
    const std::size_t width = system_.width();
    for (std::size_t d = 0; d < width; ++d) {
        const Aggregate how = system_.dimensions[d].how;
        suffix_[system_.blocks].resize(width);
        suffix_[system_.blocks][d] = how == Aggregate::sum    ? 0
                                     : how == Aggregate::most ? -unbounded
                                                              : unbounded;
    }
    for (std::size_t stage = system_.blocks; stage-- > 0;) {
        suffix_[stage].resize(width);
        const auto& costs = relaxation_.costs(order_[stage]);
        for (std::size_t d = 0; d < width; ++d) {
            double least = unbounded;
            for (std::size_t i = d; i < costs.size(); i += width) {
                least = std::min(least, costs[i]);
            }
            suffix_[stage][d] = join(system_.dimensions[d].how, suffix_[stage + 1][d], least);
        }
    }
}

Labels Bounder::labels_of(std::size_t block) const {
    Labels labels;
    labels.costs = relaxation_.costs(block);
    const std::size_t count = labels.costs.size() / system_.width();
    labels.parents.assign(count, 0);
    labels.choices.resize(count);
    std::iota(labels.choices.begin(), labels.choices.end(), 0u);
    return labels;
}

void Bounder::finish(Box& box, const Labels& found) {
    const std::size_t last = order_.back(), width = system_.width();
    for (std::size_t f = 0; f < found.size(); ++f) {
        archive_.add(genome(box.choices, found.parents[f], found.choices[f]));
    }
    steps_ += found.size() * system_.blocks;
    steps_ += archive_.explore(200'000);
    ledger_.update();
    box.points.clear();
    for (std::size_t f = 0; f < found.size(); ++f) {
        for (std::size_t d = 0; d < system_.sought; ++d) {
            box.points.push_back(std::max(found.costs[f * width + d], corner_[d]));
        }
    }
    box.depth = ledger_.settle(box.points);
    std::vector<int> left;
    for (std::size_t i = 0; i < used_.size(); ++i) {
        if (used_[i]) {
            left.push_back(box.choices[last][i]);
        }
    }
    box.choices[last] = std::move(left);
    if (box.points.empty()) {
        return;
    }
    box.block = widest(box.choices);
    box.dimension = 0;
    for (std::size_t d = 1; d < width; ++d) {
        const auto share = [&](std::size_t k) { return relaxation_.slack(k, box.block) / ledger_.range(k); };
        box.dimension = share(d) > share(box.dimension) ? d : box.dimension;
    }
}

std::vector<int> Bounder::genome(const Choices& choices, std::uint32_t label, std::uint32_t last) const {
    std::vector<int> genome(system_.blocks);
    genome[order_.back()] = choices[order_.back()][last];
    for (std::size_t stage = system_.blocks - 1; stage-- > 0;) {
        genome[order_[stage]] = choices[order_[stage]][stages_[stage].choices[label]];
        label = stages_[stage].parents[label];
    }
    return genome;
}

} // namespace tessera::nas::certified
