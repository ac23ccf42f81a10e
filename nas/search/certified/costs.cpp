#include "nas/search/certified/costs.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tessera::nas::certified {
namespace {

/// Rounding of a sum of a few hundred terms stays far below this share of their magnitudes.
constexpr double rounding = 1e-12;

double magnitude(std::span<const double> values) {
    double most = 0;
    for (const double v : values) {
        most = std::max(most, std::abs(v));
    }
    return most;
}

double margin_of(const Dimension& d) {
    double sum = std::abs(d.rest);
    for (const auto& block : d.values) {
        sum += magnitude(block);
    }
    for (std::size_t a = 0; a < d.pairs.scalars.size(); ++a) {
        for (std::size_t b = a + 1; b < d.pairs.scalars.size(); ++b) {
            sum += std::abs(d.pairs.weights[a * d.values.size() + b]) * magnitude(d.pairs.scalars[a]) *
                   magnitude(d.pairs.scalars[b]);
        }
    }
    for (const auto& table : d.pairs.tables) {
        sum += magnitude(table.values);
    }
    return rounding * sum;
}

/// Bounds of the total, a hair wider than those of the value, so that no rounding excludes what is feasible.
std::pair<double, double> generous_bounds(const TableColumn& column) {
    TableColumn generous{column.objective, false, 0, {}, {}, column.response};
    const bool bent = column.response.kind == Response::Kind::ceiling_minus_exp;
    const auto hair = [&](double bound) {
        return rounding * (std::abs(bound) + (bent ? 1 : std::abs(column.response.offset)));
    };
    if (auto& low = generous.objective.low) {
        low = *low - hair(*low);
    }
    if (auto& high = generous.objective.high) {
        high = *high + hair(*high);
    }
    return generous.total_bounds();
}

Dimension dimension(const TableModel& model, std::size_t k, double sign) {
    const TableColumn& column = model.columns[k];
    const auto [low, high] = generous_bounds(column);
    Dimension d;
    d.column = k;
    d.sign = sign;
    d.how = !column.maximum ? Aggregate::sum : sign > 0 ? Aggregate::most : Aggregate::least;
    d.rest = sign * column.rest;
    d.limit = sign > 0 ? high : -low;
    d.floor = sign > 0 ? low : -high;
    d.values = column.values;
    for (auto& block : d.values) {
        for (double& v : block) {
            v *= sign;
        }
    }
    d.pairs = pair_costs(column.pairs, model.choices, sign);
    d.margin = margin_of(d);
    if (!std::isfinite(d.margin)) {
        throw std::invalid_argument("a column's sums have to be finite");
    }
    return d;
}

} // namespace

CostSystem::CostSystem(const TableModel& m) : model(m), blocks(m.choices.size()) {
    for (std::size_t k = 0; k < m.columns.size(); ++k) {
        if (!m.columns[k].objective.bounds_only) {
            dimensions.push_back(dimension(m, k, m.columns[k].sign()));
        }
    }
    if (dimensions.size() == 1) {
        dimensions.emplace_back();
        for (const int n : m.choices) {
            dimensions.back().values.emplace_back(static_cast<std::size_t>(n), 0.0);
        }
    }
    sought = dimensions.size();
    for (std::size_t k = 0; k < m.columns.size(); ++k) {
        for (const double sign : {1.0, -1.0}) {
            Dimension d = dimension(m, k, sign);
            if (m.columns[k].objective.bounds_only && d.limit < unbounded) {
                d.floor = -unbounded; // the other side has a dimension of its own
                dimensions.push_back(std::move(d));
            }
        }
    }
}

double CostSystem::cost(std::size_t dimension, std::span<const int> genome) const {
    const Dimension& d = dimensions[dimension];
    return d.column == no_column ? 0 : d.sign * model.columns[d.column].total(genome);
}

double CostSystem::signed_value(std::size_t dimension, double cost) const {
    const Dimension& d = dimensions[dimension];
    if (d.column == no_column) {
        return cost;
    }
    const TableColumn& column = model.columns[d.column];
    return (column.objective.direction == Direction::minimize ? 1 : -1) * column.response(d.sign * cost);
}

double CostSystem::cost_of(std::size_t dimension, double value) const {
    const Dimension& d = dimensions[dimension];
    if (d.column == no_column) {
        return value;
    }
    const TableColumn& column = model.columns[d.column];
    return d.sign *
           column.response.total_of(column.objective.direction == Direction::minimize ? value : -value);
}

double CostSystem::most(std::size_t dimension, const Choices& choices) const {
    const Dimension& d = dimensions[dimension];
    double most = d.rest;
    for (std::size_t b = 0; b < blocks; ++b) {
        double high = -unbounded;
        for (const int i : choices[b]) {
            high = std::max(high, d.values[b][static_cast<std::size_t>(i)]);
        }
        most = join(d.how, most, high);
    }
    return most + d.pairs.most(choices) + d.margin;
}

Candidate CostSystem::point(std::span<const double> costs) const {
    Candidate c{{}, std::vector<double>(model.columns.size(), 0.0), 0};
    for (std::size_t d = 0; d < sought; ++d) {
        if (dimensions[d].column == no_column) {
            continue;
        }
        const Objective& o = model.columns[dimensions[d].column].objective;
        double value = signed_value(d, costs[d]);
        value = o.direction == Direction::minimize ? value : -value;
        value = o.low ? std::max(value, *o.low) : value;
        c.values[dimensions[d].column] = o.high ? std::min(value, *o.high) : value;
    }
    return c;
}

} // namespace tessera::nas::certified
