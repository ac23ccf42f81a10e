#include "nas/search/certified_box.h"

#include <algorithm>
#include <numeric>

namespace tessera::nas::certified {
namespace {

/// Labels that a box may have at a time.
constexpr std::size_t label_limit = 4000;
/// What merging labels may cost, as a share of how deep the box was.
constexpr double merging = 0.1;

} // namespace

Bounder::Bounder(const CostSystem& system, Archive& archive, Ledger& ledger)
    : system_(system), archive_(archive), ledger_(ledger), relaxation_(system), reducer_(system),
      suffix_(system.blocks + 1), stages_(system.blocks) {}

bool Bounder::reaches_floors(const Choices& choices) const {
    for (std::size_t d = 0; d < system_.sought; ++d) {
        const Dimension& dimension = system_.dimensions[d];
        if (dimension.floor == -unbounded) {
            continue;
        }
        double most = dimension.rest;
        for (std::size_t b = 0; b < system_.blocks; ++b) {
            double high = -unbounded;
            for (const int i : choices[b]) {
                high = std::max(high, dimension.values[b][static_cast<std::size_t>(i)]);
            }
            most = join(dimension.how, most, high);
        }
        for (std::size_t a = 0; a < dimension.pairs.scalars.size(); ++a) {
            for (std::size_t b = a + 1; b < system_.blocks; ++b) {
                const auto& x = dimension.pairs.scalars;
                const auto ends = [&](std::size_t block) {
                    double low = unbounded, high = -unbounded;
                    for (const int i : choices[block]) {
                        low = std::min(low, x[block][static_cast<std::size_t>(i)]);
                        high = std::max(high, x[block][static_cast<std::size_t>(i)]);
                    }
                    return std::pair(low, high);
                };
                const auto [a0, a1] = ends(a);
                const auto [b0, b1] = ends(b);
                const double w = dimension.pairs.weights[a * system_.blocks + b];
                most += std::max({w * a0 * b0, w * a0 * b1, w * a1 * b0, w * a1 * b1});
            }
        }
        for (const auto& table : dimension.pairs.tables) {
            double high = -unbounded;
            for (const int i : choices[table.a]) {
                for (const int j : choices[table.b]) {
                    high = std::max(high, table.values[static_cast<std::size_t>(i) * table.width +
                                                       static_cast<std::size_t>(j)]);
                }
            }
            most += high;
        }
        if (most + dimension.margin < dimension.floor) {
            return false;
        }
    }
    return true;
}

/// The block whose pairs cost most comes last: all of its choices are looked at one by one.
void Bounder::choose_order(const Box& box) {
    std::vector<double> slack(system_.blocks, 0);
    std::size_t last = system_.blocks;
    for (std::size_t b = 0; b < system_.blocks; ++b) {
        for (std::size_t d = 0; d < system_.width(); ++d) {
            slack[b] += relaxation_.slack(d, b) / (d < system_.sought ? ledger_.range(d) : 1);
        }
        if (box.choices[b].size() > 1 && (last == system_.blocks || slack[b] > slack[last])) {
            last = b;
        }
    }
    if (last == system_.blocks || !(slack[last] > 1e-9)) {
        last = static_cast<std::size_t>(std::ranges::max_element(box.choices, {}, &std::vector<int>::size) -
                                        box.choices.begin());
    }
    order_.resize(system_.blocks);
    std::iota(order_.begin(), order_.end(), 0);
    std::ranges::stable_sort(order_, [&](std::size_t a, std::size_t b) {
        return a != b && b != last && (a == last ? false : box.choices[a].size() < box.choices[b].size());
    });
    std::erase(order_, last);
    order_.push_back(last);
}

void Bounder::extend(std::size_t stage, const std::vector<double>& grain) {
    const std::size_t width = system_.width(), sought = system_.sought;
    const auto& costs = relaxation_.costs(order_[stage]);
    // Within the block first: of two choices one may be no worse in everything.
    block_.clear();
    block_.costs = costs;
    for (std::size_t i = 0; i * width < costs.size(); ++i) {
        block_.parents.push_back(0);
        block_.choices.push_back(static_cast<std::uint32_t>(i));
    }
    reducer_.reduce(block_);

    Labels start;
    if (stage == 0) {
        for (std::size_t d = 0; d < width; ++d) {
            start.costs.push_back(relaxation_.base(d));
        }
        start.parents.push_back(0);
        start.choices.push_back(0);
    }
    const Labels& before = stage == 0 ? start : stages_[stage - 1];
    Labels& after = stages_[stage];
    after.clear();
    const std::vector<double>& rest = suffix_[stage + 1];
    std::vector<double> sum(width), ideal(width);
    std::size_t hint = 0, shifted_hint = 0;
    for (std::size_t i = 0; i < block_.size(); ++i) {
        for (std::size_t f = 0; f < before.size(); ++f) {
            bool fine = true;
            for (std::size_t d = 0; d < width; ++d) {
                const Dimension& dimension = system_.dimensions[d];
                sum[d] = join(dimension.how, before.costs[f * width + d], block_.costs[i * width + d]);
                ideal[d] = join(dimension.how, sum[d], rest[d]);
                fine = fine && ideal[d] <= dimension.limit;
                ideal[d] = std::max(ideal[d], dimension.floor);
            }
            if (fine && !ledger_.settled(ideal.data(), hint, shifted_hint)) {
                after.costs.insert(after.costs.end(), sum.begin(), sum.end());
                after.parents.push_back(static_cast<std::uint32_t>(f));
                after.choices.push_back(block_.choices[i]);
            }
        }
    }
    steps_ += block_.size() * before.size();
    (void)sought;
    reducer_.reduce(after);
    if (after.size() > 16) {
        reducer_.merge(after, grain, label_limit);
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

void Bounder::finish(Box& box) {
    const std::size_t width = system_.width(), last = order_.back();
    const auto& costs = relaxation_.costs(last);
    Labels start;
    for (std::size_t d = 0; d < width; ++d) {
        start.costs.push_back(relaxation_.base(d));
    }
    start.parents.push_back(0);
    start.choices.push_back(0);
    const Labels& before = system_.blocks == 1 ? start : stages_[system_.blocks - 2];
    Labels found;
    std::vector<double> sum(width);
    std::vector<int> left;
    for (std::size_t i = 0; i < box.choices[last].size(); ++i) {
        const std::size_t found_before = found.size();
        std::size_t hint = 0, shifted_hint = 0;
        for (std::size_t f = 0; f < before.size(); ++f) {
            bool fine = true;
            for (std::size_t d = 0; d < width; ++d) {
                const Dimension& dimension = system_.dimensions[d];
                sum[d] = join(dimension.how, before.costs[f * width + d], costs[i * width + d]);
                fine = fine && sum[d] <= dimension.limit;
                sum[d] = std::max(sum[d], dimension.floor);
            }
            if (fine && !ledger_.settled(sum.data(), hint, shifted_hint)) {
                found.costs.insert(found.costs.end(), sum.begin(), sum.end());
                found.parents.push_back(static_cast<std::uint32_t>(f));
                found.choices.push_back(static_cast<std::uint32_t>(i));
            }
        }
        if (found.size() > found_before) {
            left.push_back(box.choices[last][i]);
        }
    }
    steps_ += box.choices[last].size() * before.size();
    reducer_.reduce(found);
    for (std::size_t f = 0; f < found.size(); ++f) {
        archive_.add(genome(box.choices, found.parents[f], found.choices[f]));
    }
    steps_ += archive_.explore(200'000);
    ledger_.update();
    box.choices[last] = std::move(left);
    box.block = last;
    box.points.clear();
    for (std::size_t f = 0; f < found.size(); ++f) {
        const auto point = found.costs.begin() + static_cast<std::ptrdiff_t>(f * width);
        box.points.insert(box.points.end(), point, point + static_cast<std::ptrdiff_t>(system_.sought));
    }
    box.depth = ledger_.settle(box.points);
}

bool Bounder::bound(Box& box, double depth) {
    if (!reaches_floors(box.choices)) {
        return false;
    }
    steps_ += relaxation_.compute(box.choices);
    choose_order(box);
    const std::size_t width = system_.width();
    suffix_[system_.blocks].assign(width, 0);
    for (std::size_t d = 0; d < width; ++d) {
        const Aggregate how = system_.dimensions[d].how;
        suffix_[system_.blocks][d] = how == Aggregate::sum    ? 0
                                     : how == Aggregate::most ? -unbounded
                                                              : unbounded;
    }
    for (std::size_t stage = system_.blocks; stage-- > 0;) {
        suffix_[stage] = suffix_[stage + 1];
        const auto& costs = relaxation_.costs(order_[stage]);
        for (std::size_t d = 0; d < width; ++d) {
            double least = unbounded;
            for (std::size_t i = d; i < costs.size(); i += width) {
                least = std::min(least, costs[i]);
            }
            suffix_[stage][d] = join(system_.dimensions[d].how, suffix_[stage][d], least);
        }
    }
    std::vector<double> grain(width, 0);
    for (std::size_t d = 0; d < width && depth < unbounded; ++d) {
        grain[d] =
            d < system_.sought ? merging * depth * ledger_.range(d) / static_cast<double>(system_.blocks) : 0;
    }
    for (std::size_t stage = 0; stage + 1 < system_.blocks; ++stage) {
        extend(stage, grain);
    }
    finish(box);
    const bool single = std::ranges::all_of(box.choices, [](const auto& c) { return c.size() == 1; });
    return !box.points.empty() && !single;
}

std::vector<Box> Bounder::split(const Box& box) const {
    const std::size_t b = box.block;
    // By the key of the dimension whose pairs are widest here, at the middle of the keys' range.
    const std::vector<double>* keys = nullptr;
    double widest = 0, middle = 0;
    for (std::size_t d = 0; d < system_.width(); ++d) {
        const PairCosts& pairs = system_.dimensions[d].pairs;
        if (pairs.empty()) {
            continue;
        }
        double low = unbounded, high = -unbounded;
        for (const int i : box.choices[b]) {
            low = std::min(low, pairs.keys[b][static_cast<std::size_t>(i)]);
            high = std::max(high, pairs.keys[b][static_cast<std::size_t>(i)]);
        }
        if (high - low > widest && low + (high - low) / 2 < high) {
            widest = high - low;
            middle = low + (high - low) / 2;
            keys = &pairs.keys[b];
        }
    }
    std::vector<Box> parts(2, box);
    auto &left = parts[0].choices[b], &right = parts[1].choices[b];
    left.clear();
    right.clear();
    if (keys) {
        for (const int i : box.choices[b]) {
            ((*keys)[static_cast<std::size_t>(i)] <= middle ? left : right).push_back(i);
        }
    } else {
        std::vector<int> sorted = box.choices[b];
        const auto& values = system_.dimensions[0].values[b];
        std::ranges::stable_sort(sorted, {}, [&](int i) { return values[static_cast<std::size_t>(i)]; });
        const auto half = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
        left.assign(sorted.begin(), half);
        right.assign(half, sorted.end());
    }
    return parts;
}

} // namespace tessera::nas::certified
