#include "nas/search/certified_costs.h"

#include <algorithm>
#include <cmath>

namespace tessera::nas::certified {
namespace {

/// Rounding of a sum of a few hundred terms stays far below this share of their magnitudes.
constexpr double rounding = 1e-12;

void scale(std::vector<double>& values, double factor) {
    for (double& v : values) {
        v *= factor;
    }
}

double magnitude(std::span<const double> values) {
    double most = 0;
    for (const double v : values) {
        most = std::max(most, std::abs(v));
    }
    return most;
}

std::vector<double> full_matrix(const std::vector<double>& upper, std::size_t n, double sign) {
    std::vector<double> full(n * n, 0);
    std::size_t pair = 0;
    for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = a + 1; b < n; ++b) {
            full[a * n + b] = full[b * n + a] = sign * upper[pair++];
        }
    }
    return full;
}

/// Tables of the same pair of blocks become one.
std::vector<PairTerms::Table> joined(const std::vector<PairTerms::Table>& tables, double sign) {
    std::vector<PairTerms::Table> result;
    for (const auto& table : tables) {
        const auto same =
            std::ranges::find_if(result, [&](const auto& t) { return t.a == table.a && t.b == table.b; });
        if (same == result.end()) {
            result.push_back(table);
            scale(result.back().values, sign);
            continue;
        }
        for (std::size_t i = 0; i < table.values.size(); ++i) {
            same->values[i] += sign * table.values[i];
        }
    }
    return result;
}

/// One step of the power iteration: for each block, its tables times what is known of the others' choices.
void multiply(const std::vector<PairTerms::Table>& tables, const std::vector<std::vector<double>>& from,
              std::vector<std::vector<double>>& to) {
    for (auto& block : to) {
        std::ranges::fill(block, 0.0);
    }
    for (const auto& t : tables) {
        for (std::size_t i = 0; i < to[t.a].size(); ++i) {
            const double* row = t.values.data() + i * t.width;
            for (std::size_t j = 0; j < t.width; ++j) {
                to[t.a][i] += row[j] * from[t.b][j];
                to[t.b][j] += row[j] * from[t.a][i];
            }
        }
    }
    for (auto& block : to) {
        double mean = 0, square = 0;
        for (const double v : block) {
            mean += v / static_cast<double>(block.size());
        }
        for (double& v : block) {
            v -= mean;
            square += v * v;
        }
        scale(block, square > 0 ? 1 / std::sqrt(square) : 0);
    }
}

std::vector<std::vector<double>> leading_vectors(const std::vector<PairTerms::Table>& tables,
                                                 const std::vector<int>& choices) {
    std::vector<std::vector<double>> keys, next;
    for (const int n : choices) {
        keys.emplace_back();
        for (int i = 0; i < n; ++i) {
            keys.back().push_back(std::sin(1.0 + i)); // anything that is orthogonal to nothing
        }
    }
    next = keys;
    for (int step = 0; step < 12; ++step) {
        multiply(tables, keys, next);
        keys.swap(next);
    }
    return keys;
}

PairCosts pair_costs(const PairTerms& pairs, const std::vector<int>& choices, double sign) {
    PairCosts costs;
    if (pairs.empty()) {
        return costs;
    }
    costs.scalars = pairs.scalars;
    if (!pairs.scalars.empty()) {
        costs.weights = full_matrix(pairs.weights, choices.size(), sign);
    }
    costs.tables = joined(pairs.tables, sign);
    costs.keys = costs.tables.empty() ? costs.scalars : leading_vectors(costs.tables, choices);
    return costs;
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
        scale(block, sign);
    }
    d.pairs = pair_costs(column.pairs, model.choices, sign);
    d.margin = margin_of(d);
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
