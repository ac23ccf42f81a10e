#include "nas/search/steering.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace tessera::nas {
namespace {

/// A block's choices in random order, those of larger weight earlier on average, none without a chance.
std::vector<int> drawn_order(int count, const std::vector<double>& weights, support::Rng& rng) {
    std::vector<int> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    if (weights.empty()) {
        rng.shuffle(order);
        return order;
    }
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    const double least = total > 0 ? 0.1 * total / count : 1;
    for (std::size_t first = 0; first + 1 < order.size(); ++first) {
        double left = 0;
        for (std::size_t i = first; i < order.size(); ++i) {
            left += weights[static_cast<std::size_t>(order[i])] + least;
        }
        double point = rng.uniform() * left;
        std::size_t i = first;
        while (i + 1 < order.size() && (point -= weights[static_cast<std::size_t>(order[i])] + least) >= 0) {
            ++i;
        }
        std::swap(order[first], order[i]);
    }
    return order;
}

} // namespace

Steering::Steering(const Problem& problem, const Surrogate& surrogate, support::Rng& rng)
    : surrogate_(surrogate), rng_(rng), fronts_(problem.choices.size()), known_(problem.choices.size()) {
    for (const int n : problem.choices) {
        places_.emplace_back(static_cast<std::size_t>(n), -1);
    }
    for (std::size_t k = 0; k < problem.objectives.size(); ++k) {
        const Objective& o = problem.objectives[k];
        const double sign = o.direction == Direction::minimize ? 1 : -1;
        if (!o.bounds_only) {
            directions_.emplace_back(k, sign);
            continue;
        }
        if (o.high) {
            directions_.emplace_back(k, 1.0);
        }
        if (o.low) {
            directions_.emplace_back(k, -1.0);
        }
    }
    // Taken in turn, so that blocks of different sizes come to an end together.
    std::vector<std::pair<double, Surrogate::Choice>> all;
    for (std::size_t b = 0; b < problem.choices.size(); ++b) {
        const auto order =
            drawn_order(problem.choices[b],
                        problem.preference.empty() ? std::vector<double>{} : problem.preference[b], rng);
        for (std::size_t i = 0; i < order.size(); ++i) {
            all.push_back(
                {(static_cast<double>(i) + 0.5) / static_cast<double>(order.size()), {b, order[i]}});
        }
    }
    std::sort(all.begin(), all.end());
    for (const auto& entry : all) {
        queue_.push_back(entry.second);
    }
}

bool Steering::covers(std::size_t block, int a, int b) const {
    const double *x = surrogate_.effects(block, a), *y = surrogate_.effects(block, b);
    return std::ranges::all_of(directions_,
                               [&](const auto& d) { return d.second * x[d.first] <= d.second * y[d.first]; });
}

void Steering::add(std::size_t block, int choice) {
    auto& front = fronts_[block];
    if (std::ranges::any_of(front, [&](int other) { return covers(block, other, choice); })) {
        return;
    }
    std::erase_if(front, [&](int other) { return covers(block, choice, other); });
    const auto [k, sign] = directions_.front();
    const double cost = sign * surrogate_.effects(block, choice)[k];
    const auto place = std::ranges::find_if(front, [&, k = k, sign = sign](int other) {
        return sign * surrogate_.effects(block, other)[k] > cost;
    });
    front.insert(place, choice);
}

void Steering::update() {
    const auto& order = surrogate_.order();
    if (fits_ != surrogate_.fits()) {
        fits_ = surrogate_.fits();
        for (auto& front : fronts_) {
            front.clear();
        }
        for (std::size_t i = 0; i < followed_; ++i) {
            add(order[i].first, order[i].second);
        }
    }
    for (; followed_ < order.size(); ++followed_) {
        const auto [block, choice] = order[followed_];
        known_[block].push_back(choice);
        add(block, choice);
    }
    for (std::size_t b = 0; b < fronts_.size(); ++b) {
        std::fill(places_[b].begin(), places_[b].end(), -1);
        for (std::size_t i = 0; i < fronts_[b].size(); ++i) {
            places_[b][static_cast<std::size_t>(fronts_[b][i])] = static_cast<std::int32_t>(i);
        }
    }
}

std::optional<Surrogate::Choice> Steering::next_unknown() {
    while (taken_ < queue_.size()) {
        const auto choice = queue_[taken_++];
        if (!surrogate_.known(choice.first, choice.second)) {
            return choice;
        }
    }
    return std::nullopt;
}

std::optional<int> Steering::draw(std::size_t block, int current) const {
    const auto& front = fronts_[block];
    const std::uint64_t word = rng_.next();
    const std::uint64_t kind = word & 31U; // 25 of 32 near, 6 any of the front, 1 any that is known
    if (kind < 31 && front.size() > 1) {
        const std::int32_t place = places_[block][static_cast<std::size_t>(current)];
        if (place >= 0 && kind < 25) {
            const auto last = static_cast<std::int32_t>(front.size()) - 1;
            const std::int32_t reach = 1 + std::countr_zero((word >> 5 & 31U) | 32U);
            const std::int32_t up = std::min(place + reach, last), down = std::max(place - reach, 0);
            const std::int32_t to = ((word & 1024U) != 0 && place < last) || place == 0 ? up : down;
            return front[static_cast<std::size_t>(to)];
        }
        const int other = front[static_cast<std::size_t>((word >> 32) * front.size() >> 32)];
        return other == current ? std::nullopt : std::optional(other);
    }
    const auto& known = known_[block];
    if (known.size() < 2) {
        return std::nullopt;
    }
    const int other = known[static_cast<std::size_t>((word >> 32) * known.size() >> 32)];
    return other == current ? std::nullopt : std::optional(other);
}

} // namespace tessera::nas
