#include "nas/search/exact/dimensions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

namespace tessera::nas::exact {
namespace {

/// The largest double in [low, high] at which `holds` does, which is true up to somewhere; -infinite: none.
double last_that(double low, double high, const std::function<bool(double)>& holds) {
    if (holds(high)) {
        return infinite;
    }
    if (!holds(low)) {
        return -infinite;
    }
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (!(middle > low && middle < high)) {
            return low;
        }
        (holds(middle) ? low : high) = middle;
    }
}

std::pair<double, double> extremes_of(const std::vector<double>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return {*low, *high};
}

/// cut and clip from the bound and what the remaining blocks can add.
void set_limits(Dimension& d, bool clipped) {
    const std::size_t blocks = d.values.size();
    double size = std::abs(d.start) + (std::isinf(d.bound) ? 0 : std::abs(d.bound));
    for (const auto& block : d.values) {
        const auto [low, high] = extremes_of(block);
        size += std::max(std::abs(low), std::abs(high));
    }
    d.rounding = 8 * static_cast<double>(blocks + 4) * std::numeric_limits<double>::epsilon() * size;
    d.cut.assign(blocks + 1, infinite);
    d.clip.assign(blocks + 1, -infinite);
    if (std::isinf(d.bound)) {
        return;
    }
    double least = d.join == Join::sum ? 0 : infinite, most = 0; // of what remains
    for (std::size_t k = blocks + 1; k-- > 0;) {
        if (d.join == Join::sum) {
            d.cut[k] = d.bound - least + d.rounding;
            d.clip[k] = clipped ? d.bound - most - d.rounding : -infinite;
        } else if (d.join == Join::minimum) {
            d.cut[k] = least <= d.bound ? infinite : d.bound;
        }
        if (k > 0) {
            const auto [low, high] = extremes_of(d.values[k - 1]);
            least = d.join == Join::sum ? least + low : std::min(least, low);
            most += high;
        }
    }
}

/// The column's numbers of the choices that are left.
std::vector<std::vector<double>> picked(const TableColumn& column, const Dimensions& all, auto&& number) {
    std::vector<std::vector<double>> values(column.values.size());
    for (std::size_t b = 0; b < values.size(); ++b) {
        values[b].reserve(all.choices[b].size());
        for (const std::uint32_t i : all.choices[b]) {
            values[b].push_back(number(column.values[b][i]));
        }
    }
    return values;
}

Dimension cost_of(const TableColumn& column, std::size_t index, double sign, bool sought, double bound,
                  const Dimensions& all) {
    Dimension d{index, sought, Join::sum, sign, sign * column.rest, bound, 0, {}, {}, {}};
    d.values = picked(column, all, [&](double v) { return sign * v; });
    if (column.maximum) {
        d.join = sign > 0 ? Join::maximum : Join::minimum;
        // Choices beyond an upper bound are gone already.
        d.bound = sign > 0 ? infinite : bound;
    }
    set_limits(d, !sought);
    return d;
}

Dimension reached_of(const TableColumn& column, std::size_t index, double low, const Dimensions& all) {
    const auto number = [low](double v) { return v >= low ? 0.0 : 1.0; };
    Dimension d{index, false, Join::minimum, 0, number(column.rest), 0, 0, {}, {}, {}};
    d.values = picked(column, all, number);
    set_limits(d, false);
    return d;
}

/// Whether the bound excludes nobody, or everybody.
bool always_met(const Dimension& d) { return d.clip.empty() || d.start <= d.clip[0]; }
bool never_met(const Dimension& d) { return d.start > d.cut[0]; }

} // namespace

void require_additive(const TableModel& model) {
    model.check();
    if (!model.additive()) {
        throw std::invalid_argument("an exact front needs tables without pairs of blocks");
    }
}

std::pair<double, double> exact_total_bounds(const TableColumn& column) {
    const Objective& o = column.objective;
    auto [low, high] = column.total_range();
    const double spare = 1e-6 * (std::abs(low) + std::abs(high)); // beyond what rounding reaches
    low -= spare;
    high += spare;
    std::pair<double, double> bounds{-infinite, infinite};
    const auto limit = [&](bool from_above, const auto& meets) {
        if (from_above) {
            bounds.second = std::min(
                bounds.second, last_that(low, high, [&](double t) { return meets(column.response(t)); }));
        } else {
            bounds.first = std::max(
                bounds.first, -last_that(-high, -low, [&](double t) { return meets(column.response(-t)); }));
        }
    };
    if (o.high) {
        const Objective upper{o.name, o.direction, {}, o.high};
        limit(column.response.rises(), [&](double value) { return upper.violation(value) == 0; });
    }
    if (o.low) {
        const Objective lower{o.name, o.direction, o.low, {}};
        limit(!column.response.rises(), [&](double value) { return lower.violation(value) == 0; });
    }
    return bounds;
}

Dimensions dimensions_of(const TableModel& model, const std::vector<bool>& sought) {
    Dimensions all;
    std::vector<std::pair<double, double>> bounds;
    for (const TableColumn& column : model.columns) {
        bounds.push_back(exact_total_bounds(column));
        all.feasible &= bounds.back().first <= bounds.back().second;
        all.feasible &= !column.maximum || column.rest <= bounds.back().second;
    }
    for (std::size_t b = 0; b < model.choices.size(); ++b) {
        auto& left = all.choices.emplace_back();
        for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(model.choices[b]); ++i) {
            bool fits = true;
            for (std::size_t c = 0; c < model.columns.size(); ++c) {
                fits &= !model.columns[c].maximum || model.columns[c].values[b][i] <= bounds[c].second;
            }
            if (fits) {
                left.push_back(i);
            }
        }
        all.feasible &= !left.empty();
    }
    if (!all.feasible) {
        return all;
    }
    std::vector<Dimension> extra;
    for (std::size_t c = 0; c < model.columns.size(); ++c) {
        const TableColumn& column = model.columns[c];
        const auto [low, high] = bounds[c];
        const double sign = column.sign();
        if (sought[c]) {
            all.of.push_back(cost_of(column, c, sign, true, sign > 0 ? high : -low, all));
            all.feasible &= !never_met(all.of.back());
        }
        if (column.maximum && !std::isinf(low) && (!sought[c] || sign > 0)) {
            extra.push_back(reached_of(column, c, low, all));
            if (extra.back().start == 0) {
                extra.pop_back();
            }
        }
        for (const double side : {1.0, -1.0}) {
            const double bound = side > 0 ? high : -low;
            if (column.maximum || std::isinf(bound) || (sought[c] && side == sign)) {
                continue;
            }
            Dimension d = cost_of(column, c, side, false, bound, all);
            if (!always_met(d)) {
                extra.push_back(std::move(d));
            }
        }
    }
    for (const Dimension& d : extra) {
        all.feasible &= !never_met(d);
    }
    all.sought = all.of.size();
    std::move(extra.begin(), extra.end(), std::back_inserter(all.of));
    return all;
}

} // namespace tessera::nas::exact
