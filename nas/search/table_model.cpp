#include "nas/search/table_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::nas {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// Smallest and largest of x * y with x and y in intervals.
std::pair<double, double> product_range(std::pair<double, double> x, std::pair<double, double> y) {
    const auto [low, high] =
        std::minmax({x.first * y.first, x.first * y.second, x.second * y.first, x.second * y.second});
    return {low, high};
}

/// Smallest and largest of what is known.
std::pair<double, double> extremes(std::span<const double> values) {
    double low = infinite, high = -infinite;
    for (const double v : values) {
        low = std::fmin(low, v); // of a number and NaN, the number
        high = std::fmax(high, v);
    }
    return {low, high};
}

void require(bool fine, const char* message) {
    if (!fine) {
        throw std::invalid_argument(message);
    }
}

bool all_finite(std::span<const double> values) {
    return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
}

void check_shape(const std::vector<std::vector<double>>& values, const std::vector<int>& choices) {
    require(values.size() == choices.size(), "a column needs one row of values a block");
    for (std::size_t b = 0; b < choices.size(); ++b) {
        require(values[b].size() == static_cast<std::size_t>(choices[b]),
                "a column needs one value a choice");
        require(all_finite(values[b]), "a table's values have to be finite");
    }
}

/// A bound on every sum that any search can form.
double size_of(const TableColumn& column) {
    const auto largest = [](std::span<const double> values) {
        const auto [low, high] = extremes(values);
        return std::max(std::abs(low), std::abs(high));
    };
    double size = std::abs(column.rest);
    for (const auto& block : column.values) {
        size += largest(block);
    }
    std::size_t pair = 0;
    for (std::size_t a = 0; a < column.pairs.scalars.size(); ++a) {
        for (std::size_t b = a + 1; b < column.pairs.scalars.size(); ++b) {
            size += std::abs(column.pairs.weights[pair++]) * largest(column.pairs.scalars[a]) *
                    largest(column.pairs.scalars[b]);
        }
    }
    for (const auto& table : column.pairs.tables) {
        size += largest(table.values);
    }
    return 4 * size; // widths, and sums of both ends
}

void check_pairs(const PairTerms& pairs, const std::vector<int>& choices) {
    const std::size_t n = choices.size();
    if (!pairs.scalars.empty()) {
        check_shape(pairs.scalars, choices);
        require(pairs.weights.size() == n * (n - 1) / 2, "one weight a pair of blocks is needed");
        require(all_finite(pairs.weights), "a table's values have to be finite");
    }
    for (const auto& table : pairs.tables) {
        require(table.a < table.b && table.b < n, "pairs are of two blocks in order");
        const auto size =
            static_cast<std::size_t>(choices[table.a]) * static_cast<std::size_t>(choices[table.b]);
        require(table.values.size() == size, "a pair of blocks needs one value a pair of choices");
        require(all_finite(table.values), "a table's values have to be finite");
    }
}

} // namespace

double PairTerms::of(std::span<const int> genome) const {
    double sum = 0;
    std::size_t pair = 0;
    for (std::size_t a = 0; a < genome.size() && !scalars.empty(); ++a) {
        const double x = scalars[a][static_cast<std::size_t>(genome[a])];
        for (std::size_t b = a + 1; b < genome.size(); ++b) {
            sum += weights[pair++] * x * scalars[b][static_cast<std::size_t>(genome[b])];
        }
    }
    for (const Table& table : tables) {
        const auto i = static_cast<std::size_t>(genome[table.a]),
                   j = static_cast<std::size_t>(genome[table.b]);
        sum += table.values[i * table.width + j];
    }
    return sum;
}

double Response::operator()(double total) const {
    return kind == Kind::affine ? offset + scale * total : std::clamp(ceiling - std::exp(total), 0.0, 1.0);
}

double Response::total_of(double value) const {
    if (kind == Kind::affine) {
        return (value - offset) / scale;
    }
    // Clamped: whatever the total, the value is at least 0 and at most 1.
    if (value <= 0) {
        return infinite;
    }
    return value >= std::min(ceiling, 1.0) && !(value == 1 && ceiling > 1) ? -infinite
                                                                           : std::log(ceiling - value);
}

double TableColumn::total(std::span<const int> genome) const {
    double total = rest;
    for (std::size_t b = 0; b < genome.size(); ++b) {
        const double v = values[b][static_cast<std::size_t>(genome[b])];
        total = maximum ? std::max(total, v) : total + v;
    }
    return pairs.empty() ? total : total + pairs.of(genome);
}

double TableColumn::sign() const {
    return (objective.direction == Direction::minimize) == response.rises() ? 1 : -1;
}

std::pair<double, double> TableColumn::total_bounds() const {
    double low = -infinite, high = infinite;
    if (objective.low) {
        (response.rises() ? low : high) = response.total_of(*objective.low);
    }
    if (objective.high) {
        (response.rises() ? high : low) = response.total_of(*objective.high);
    }
    return {low, high};
}

std::pair<double, double> TableColumn::total_range() const {
    double low = rest, high = rest;
    for (const auto& block : values) {
        const auto [least, most] = extremes(block);
        low = maximum ? std::max(low, least) : low + least;
        high = maximum ? std::max(high, most) : high + most;
    }
    std::size_t pair = 0;
    for (std::size_t a = 0; a < values.size() && !pairs.scalars.empty(); ++a) {
        for (std::size_t b = a + 1; b < values.size(); ++b) {
            const auto product = product_range(extremes(pairs.scalars[a]), extremes(pairs.scalars[b]));
            const auto [least, most] = product_range(product, {pairs.weights[pair], pairs.weights[pair]});
            low += least;
            high += most;
            ++pair;
        }
    }
    for (const auto& table : pairs.tables) {
        const auto [least, most] = extremes(table.values);
        low += least;
        high += most;
    }
    return {low, high};
}

std::pair<double, double> TableColumn::range() const {
    const auto [low, high] = total_range();
    return response.rises() ? std::pair(response(low), response(high))
                            : std::pair(response(high), response(low));
}

bool TableModel::additive() const {
    return std::ranges::all_of(columns, [](const TableColumn& c) { return c.pairs.empty(); });
}

std::vector<Objective> TableModel::objectives() const {
    std::vector<Objective> objectives;
    for (const TableColumn& column : columns) {
        objectives.push_back(column.objective);
    }
    return objectives;
}

double TableModel::size() const {
    double size = 1;
    for (const int n : choices) {
        size *= n;
    }
    return size;
}

Candidate TableModel::candidate(std::vector<int> genome) const {
    Candidate c{std::move(genome), {}, 0};
    for (const TableColumn& column : columns) {
        c.values.push_back(column.value(c.genome));
        c.violation += column.objective.violation(c.values.back());
    }
    return c;
}

Problem TableModel::problem() const {
    return {choices, objectives(), [this](std::span<const int> genome, std::span<double> values) {
                for (std::size_t k = 0; k < columns.size(); ++k) {
                    values[k] = columns[k].value(genome);
                }
            }};
}

void TableModel::check() const {
    require(!choices.empty(), "a search needs blocks");
    require(std::ranges::all_of(choices, [](int n) { return n >= 1; }), "every block needs a choice");
    require(std::ranges::any_of(columns, [](const TableColumn& c) { return !c.objective.bounds_only; }),
            "a search needs an objective to optimise");
    for (const TableColumn& column : columns) {
        check_shape(column.values, choices);
        check_pairs(column.pairs, choices);
        require(std::isfinite(column.rest), "a table's values have to be finite");
        require(std::isfinite(size_of(column)), "a table's values are too large: their sums are not finite");
        require(column.pairs.empty() || !column.maximum, "pairs of blocks add to sums only");
        require(column.response.kind != Response::Kind::affine ||
                    (std::isfinite(column.response.scale) && column.response.scale != 0),
                "a column's scale has to be finite and not 0");
    }
}

std::string reachable_text(const TableModel& model) {
    std::string text;
    for (const TableColumn& column : model.columns) {
        if (column.objective.low || column.objective.high) {
            const auto [low, high] = column.range();
            text += fmt::format("{}{} reaches {:.6g} to {:.6g}", text.empty() ? "" : ", ",
                                column.objective.name, low, high);
        }
    }
    return text;
}

void TableModel::check_reachable() const {
    for (const TableColumn& column : columns) {
        const Objective& o = column.objective;
        const auto [low, high] = column.range();
        const Objective upper{o.name, o.direction, {}, o.high}, lower{o.name, o.direction, o.low, {}};
        const bool too_low = upper.violation(low) > 0, too_high = lower.violation(high) > 0;
        if (too_low || too_high) {
            throw support::InfeasibleError(fmt::format("no architecture has {} {} {}: {}", o.name,
                                                       too_low ? "<=" : ">=", too_low ? *o.high : *o.low,
                                                       reachable_text(*this)));
        }
    }
}

} // namespace tessera::nas
