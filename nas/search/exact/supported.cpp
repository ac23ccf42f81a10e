#include <algorithm>
#include <array>

#include "nas/search/exact/certificate.h"
#include "nas/search/exact/dimensions.h"

namespace tessera::nas::exact {
namespace {

/// From one corner of a block's lower left hull to the next: dearer in the second cost, cheaper in the first.
struct Edge {
    double x, y; // x > 0, y < 0
    std::size_t block;
    int choice; // at its end
};

/// x steeply downwards first: y / x rises along a hull.
bool steeper(const Edge& a, const Edge& b) { return a.y * b.x < b.y * a.x; }

std::vector<const TableColumn*> sought_of(const TableModel& model) {
    std::vector<const TableColumn*> sought;
    for (const TableColumn& column : model.columns) {
        if (!column.objective.bounds_only) {
            sought.push_back(&column);
        }
    }
    return sought;
}

/// Appends the hull's edges, returns the choice where it begins: the cheapest in the first cost.
int hull_of(const std::vector<double>& x, const std::vector<double>& y, std::size_t block,
            std::vector<Edge>& edges) {
    std::vector<int> order(x.size()), hull;
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = static_cast<int>(i);
    }
    const auto at = [](const std::vector<double>& v, int i) { return v[static_cast<std::size_t>(i)]; };
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        return std::array{at(x, a), at(y, a), static_cast<double>(a)} <
               std::array{at(x, b), at(y, b), static_cast<double>(b)};
    });
    for (const int i : order) {
        if (!hull.empty() && at(y, i) >= at(y, hull.back())) {
            continue;
        }
        while (hull.size() > 1) {
            const int a = hull[hull.size() - 2], b = hull.back();
            if ((at(y, b) - at(y, a)) * (at(x, i) - at(x, a)) <
                (at(y, i) - at(y, a)) * (at(x, b) - at(x, a))) {
                break;
            }
            hull.pop_back();
        }
        hull.push_back(i);
    }
    for (std::size_t k = 1; k < hull.size(); ++k) {
        edges.push_back(
            {at(x, hull[k]) - at(x, hull[k - 1]), at(y, hull[k]) - at(y, hull[k - 1]), block, hull[k]});
    }
    return hull[0];
}

/// Corners of stairs below the line from one supported point to the next.
void below(std::array<double, 2> from, std::array<double, 2> to, double rounding, BoundPoints& bound) {
    constexpr int steps = 16;
    for (int s = 0; s < steps; ++s) {
        const double left = static_cast<double>(s) / steps, right = static_cast<double>(s + 1) / steps;
        bound.push_back(
            {from[0] + left * (to[0] - from[0]) - rounding, from[1] + right * (to[1] - from[1]) - rounding});
    }
}

} // namespace

bool has_supported(const TableModel& model) {
    const auto sought = sought_of(model);
    return sought.size() == 2 && !sought[0]->maximum && !sought[1]->maximum;
}

Supported supported(const TableModel& model) {
    const auto columns = sought_of(model);
    std::vector<Edge> edges;
    std::vector<int> genome;
    for (std::size_t b = 0; b < model.choices.size(); ++b) {
        std::array<std::vector<double>, 2> costs;
        for (std::size_t k = 0; k < 2; ++k) {
            for (const double v : columns[k]->values[b]) {
                costs[k].push_back(columns[k]->sign() * v);
            }
        }
        genome.push_back(hull_of(costs[0], costs[1], b, edges));
    }
    std::stable_sort(edges.begin(), edges.end(), steeper);
    double size = 0;
    std::array<double, 2> at{}, next{};
    for (std::size_t k = 0; k < 2; ++k) {
        const auto [low, high] = columns[k]->total_range();
        at[k] = columns[k]->sign() * columns[k]->total(genome);
        size = std::max({size, std::abs(low), std::abs(high)});
    }
    const double rounding = 1e-13 * static_cast<double>(genome.size() + 100) * size;
    Supported result{{genome}, {}};
    next = at;
    for (std::size_t e = 0; e < edges.size(); ++e) {
        genome[edges[e].block] = edges[e].choice;
        next = {next[0] + edges[e].x, next[1] + edges[e].y};
        result.genomes.push_back(genome);
        below(at, next, rounding, result.bound);
        at = next;
    }
    if (edges.empty()) {
        result.bound.push_back({at[0] - rounding, at[1] - rounding});
    }
    return result;
}

} // namespace tessera::nas::exact
