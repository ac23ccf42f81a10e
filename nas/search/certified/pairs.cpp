#include <algorithm>
#include <cmath>

#include "nas/search/certified/costs.h"

namespace tessera::nas::certified {
namespace {

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
            for (double& v : result.back().values) {
                v *= sign;
            }
            continue;
        }
        for (std::size_t i = 0; i < table.values.size(); ++i) {
            same->values[i] += sign * table.values[i];
        }
    }
    return result;
}

void centre_and_normalise(std::vector<double>& values) {
    double mean = 0, square = 0;
    for (const double v : values) {
        mean += v / static_cast<double>(values.size());
    }
    for (double& v : values) {
        v -= mean;
        square += v * v;
    }
    for (double& v : values) {
        v *= square > 0 ? 1 / std::sqrt(square) : 0;
    }
}

/// One step of the power iteration: what a block's choices meet in the other blocks' vectors.
void multiply(const PairCosts& pairs, const std::vector<std::vector<double>>& from,
              std::vector<std::vector<double>>& to) {
    const std::size_t n = from.size();
    std::vector<double> along(n, 0); // each block's vector along its scalars
    for (std::size_t b = 0; b < pairs.scalars.size(); ++b) {
        for (std::size_t i = 0; i < from[b].size(); ++i) {
            along[b] += pairs.scalars[b][i] * from[b][i];
        }
    }
    for (std::size_t a = 0; a < n; ++a) {
        double slope = 0;
        for (std::size_t b = 0; b < pairs.scalars.size(); ++b) {
            slope += pairs.weights[a * n + b] * along[b];
        }
        for (std::size_t i = 0; i < to[a].size(); ++i) {
            to[a][i] = slope != 0 ? slope * pairs.scalars[a][i] : 0;
        }
    }
    for (const auto& t : pairs.tables) {
        for (std::size_t i = 0; i < to[t.a].size(); ++i) {
            const double* row = t.values.data() + i * t.width;
            for (std::size_t j = 0; j < t.width; ++j) {
                to[t.a][i] += row[j] * from[t.b][j];
                to[t.b][j] += row[j] * from[t.a][i];
            }
        }
    }
    std::ranges::for_each(to, centre_and_normalise);
}

std::vector<std::vector<double>> leading_vectors(const PairCosts& pairs, const std::vector<int>& choices) {
    std::vector<std::vector<double>> keys, next;
    for (const int n : choices) {
        keys.emplace_back();
        for (int i = 0; i < n; ++i) {
            keys.back().push_back(i * 37 % 101); // anything that is orthogonal to nothing
        }
        centre_and_normalise(keys.back());
    }
    next = keys;
    for (int step = 0; step < 12; ++step) {
        multiply(pairs, keys, next);
        keys.swap(next);
    }
    return keys;
}

std::pair<double, double> ends(const std::vector<double>& values, const std::vector<int>& choices) {
    double low = unbounded, high = -unbounded;
    for (const int i : choices) {
        low = std::min(low, values[static_cast<std::size_t>(i)]);
        high = std::max(high, values[static_cast<std::size_t>(i)]);
    }
    return {low, high};
}

} // namespace

double PairCosts::most(const Choices& choices) const {
    const std::size_t n = choices.size();
    double sum = 0;
    for (std::size_t a = 0; a < scalars.size(); ++a) {
        for (std::size_t b = a + 1; b < scalars.size(); ++b) {
            const auto [a0, a1] = ends(scalars[a], choices[a]);
            const auto [b0, b1] = ends(scalars[b], choices[b]);
            const double w = weights[a * n + b];
            sum += std::max({w * a0 * b0, w * a0 * b1, w * a1 * b0, w * a1 * b1});
        }
    }
    for (const auto& table : tables) {
        double high = -unbounded;
        for (const int i : choices[table.a]) {
            for (const int j : choices[table.b]) {
                high = std::max(
                    high,
                    table.values[static_cast<std::size_t>(i) * table.width + static_cast<std::size_t>(j)]);
            }
        }
        sum += high;
    }
    return sum;
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
    costs.keys = costs.tables.empty() ? costs.scalars : leading_vectors(costs, choices);
    return costs;
}

} // namespace tessera::nas::certified
