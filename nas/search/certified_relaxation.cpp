#include "nas/search/certified_relaxation.h"

#include <algorithm>
#include <cmath>

namespace tessera::nas::certified {

Relaxation::Relaxation(const CostSystem& system)
    : system_(system), bases_(system.width()), slacks_(system.width() * system.blocks), costs_(system.blocks),
      centre_(system.blocks), half_(system.blocks), slope_(system.blocks), curvature_(system.blocks),
      matrix_(system.blocks * system.blocks), factor_(system.blocks * system.blocks) {}

std::size_t Relaxation::compute(const Choices& choices) {
    const std::size_t width = system_.width();
    std::size_t steps = 0;
    for (std::size_t b = 0; b < system_.blocks; ++b) {
        costs_[b].resize(choices[b].size() * width);
        for (std::size_t d = 0; d < width; ++d) {
            const auto& values = system_.dimensions[d].values[b];
            for (std::size_t i = 0; i < choices[b].size(); ++i) {
                costs_[b][i * width + d] = values[static_cast<std::size_t>(choices[b][i])];
            }
        }
        steps += costs_[b].size();
    }
    std::ranges::fill(slacks_, 0.0);
    for (std::size_t d = 0; d < width; ++d) {
        const Dimension& dimension = system_.dimensions[d];
        bases_[d] = dimension.rest - dimension.margin;
        if (!dimension.pairs.scalars.empty()) {
            relax_scalars(d, choices);
            steps += system_.blocks * system_.blocks * system_.blocks;
        }
        for (const auto& table : dimension.pairs.tables) {
            steps += relax_table(d, table, choices);
        }
    }
    return steps;
}

void Relaxation::relax_scalars(std::size_t d, const Choices& choices) {
    const PairCosts& pairs = system_.dimensions[d].pairs;
    const std::size_t n = system_.blocks, width = system_.width();
    for (std::size_t b = 0; b < n; ++b) {
        double low = unbounded, high = -unbounded;
        for (const int i : choices[b]) {
            low = std::min(low, pairs.scalars[b][static_cast<std::size_t>(i)]);
            high = std::max(high, pairs.scalars[b][static_cast<std::size_t>(i)]);
        }
        centre_[b] = low + (high - low) / 2;
        half_[b] = std::max(high - centre_[b], centre_[b] - low);
    }
    find_curvatures(pairs.weights);
    for (std::size_t a = 0; a < n; ++a) {
        double slope = 0;
        for (std::size_t b = 0; b < n; ++b) {
            slope += pairs.weights[a * n + b] * centre_[b];
        }
        bases_[d] += slope * centre_[a] / 2;
        for (std::size_t i = 0; i < choices[a].size(); ++i) {
            const double x = pairs.scalars[a][static_cast<std::size_t>(choices[a][i])] - centre_[a];
            costs_[a][i * width + d] += x * slope - curvature_[a] * x * x;
        }
        slacks_[d * n + a] += 2 * curvature_[a] * half_[a] * half_[a];
    }
}

/// The diagonal of least trace, nearly: diagonal dominance is a start, a barrier method improves on it, and
/// what it ends with is scaled until a factorisation proves it.
void Relaxation::find_curvatures(const std::vector<double>& weights) {
    const std::size_t n = system_.blocks;
    double trace = 0;
    for (std::size_t a = 0; a < n; ++a) {
        curvature_[a] = 0;
        for (std::size_t b = 0; b < n; ++b) {
            matrix_[a * n + b] = weights[a * n + b] * half_[a] * half_[b] / 2;
            curvature_[a] += std::abs(matrix_[a * n + b]);
        }
        trace += curvature_[a];
    }
    if (trace > 0) {
        lessen_trace(trace);
    }
    double factor = 1;
    while (!semidefinite(factor)) {
        factor += factor - 1 + 1e-6;
    }
    for (std::size_t a = 0; a < n; ++a) {
        curvature_[a] = half_[a] > 0 ? factor * curvature_[a] / (half_[a] * half_[a]) : 0;
    }
}

/// Minimises trace - mu log det by coordinates: where the derivative is 0, the inverse's diagonal is 1 / mu.
void Relaxation::lessen_trace(double trace) {
    const std::size_t n = system_.blocks;
    std::vector<double> inverse(n * n, 0);
    std::vector<double> row(n);
    const double floor = 1e-6 * trace / static_cast<double>(n);
    for (std::size_t a = 0; a < n; ++a) {
        curvature_[a] = 1.1 * curvature_[a] + floor;
        inverse[a * n + a] = 1 / curvature_[a];
    }
    (void)row;
    (void)floor;
    invert(inverse);
    double mu = trace / static_cast<double>(n);
    for (int sweep = 0; sweep < 12; ++sweep) {
        mu *= 0.5;
        for (std::size_t a = 0; a < n; ++a) {
            const double change = mu - 1 / inverse[a * n + a];
            const double scale = change / (1 + change * inverse[a * n + a]);
            for (std::size_t i = 0; i < n; ++i) {
                row[i] = inverse[a * n + i];
            }
            for (std::size_t i = 0; i < n; ++i) {
                for (std::size_t j = 0; j < n; ++j) {
                    inverse[i * n + j] -= scale * row[i] * row[j];
                }
            }
            curvature_[a] += change;
        }
    }
}

/// The inverse of matrix + diag(curvature), by Gauss and Jordan; positive definite: no pivoting.
void Relaxation::invert(std::vector<double>& inverse) {
    const std::size_t n = system_.blocks;
    factor_ = matrix_;
    std::ranges::fill(inverse, 0.0);
    for (std::size_t a = 0; a < n; ++a) {
        factor_[a * n + a] = curvature_[a];
        inverse[a * n + a] = 1;
    }
    for (std::size_t k = 0; k < n; ++k) {
        const double pivot = factor_[k * n + k];
        for (std::size_t j = 0; j < n; ++j) {
            factor_[k * n + j] /= pivot;
            inverse[k * n + j] /= pivot;
        }
        for (std::size_t i = 0; i < n; ++i) {
            const double ratio = factor_[i * n + k];
            for (std::size_t j = 0; j < n && i != k; ++j) {
                factor_[i * n + j] -= ratio * factor_[k * n + j];
                inverse[i * n + j] -= ratio * inverse[k * n + j];
            }
        }
    }
}

/// Whether matrix + factor * diag(curvature) is: all pivots of its LDL' are clearly positive.
bool Relaxation::semidefinite(double factor) {
    const std::size_t n = system_.blocks;
    factor_ = matrix_;
    for (std::size_t a = 0; a < n; ++a) {
        factor_[a * n + a] = factor * curvature_[a];
    }
    for (std::size_t k = 0; k < n; ++k) {
        if (curvature_[k] == 0) {
            continue; // a row of zeros
        }
        const double pivot = factor_[k * n + k];
        if (!(pivot > 1e-9 * curvature_[k])) {
            return false;
        }
        for (std::size_t i = k + 1; i < n; ++i) {
            const double ratio = factor_[i * n + k] / pivot;
            for (std::size_t j = k + 1; j <= i; ++j) {
                factor_[i * n + j] -= ratio * factor_[j * n + k];
            }
        }
    }
    return true;
}

std::size_t Relaxation::relax_table(std::size_t d, const PairTerms::Table& table, const Choices& choices) {
    const auto &rows = choices[table.a], &columns = choices[table.b];
    const std::size_t m = rows.size(), n = columns.size(), width = system_.width();
    rest_.resize(m * n);
    row_.assign(m, 0);
    column_.assign(n, 0);
    double mean = 0;
    for (std::size_t i = 0; i < m; ++i) {
        const double* values = table.values.data() + static_cast<std::size_t>(rows[i]) * table.width;
        for (std::size_t j = 0; j < n; ++j) {
            const double v = values[static_cast<std::size_t>(columns[j])];
            rest_[i * n + j] = v;
            row_[i] += v / static_cast<double>(n);
            column_[j] += v / static_cast<double>(m);
        }
        mean += row_[i] / static_cast<double>(m);
    }
    for (std::size_t i = 0; i < m; ++i) {
        row_[i] -= mean;
    }
    // Three rounds: half of each least rest, then all that rows and columns still leave.
    std::vector<double> lowest_row(m), lowest_column(n);
    double after = 0;
    for (int round = 0; round < 3; ++round) {
        lowest_row.assign(m, unbounded);
        lowest_column.assign(n, unbounded);
        after = 0;
        for (std::size_t i = 0; i < m; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                const double rest = rest_[i * n + j] - row_[i] - column_[j];
                lowest_row[i] = std::min(lowest_row[i], rest);
                lowest_column[j] = std::min(lowest_column[j], rest);
                after += rest;
            }
        }
        for (std::size_t i = 0; i < m && round != 2; ++i) {
            row_[i] += round == 0 ? lowest_row[i] / 2 : lowest_row[i];
        }
        for (std::size_t j = 0; j < n && round != 1; ++j) {
            column_[j] += round == 0 ? lowest_column[j] / 2 : lowest_column[j];
        }
    }
    for (std::size_t i = 0; i < m; ++i) {
        costs_[table.a][i * width + d] += row_[i];
    }
    for (std::size_t j = 0; j < n; ++j) {
        costs_[table.b][j * width + d] += column_[j];
    }
    const double slack = after / static_cast<double>(m * n);
    slacks_[d * system_.blocks + table.a] += slack;
    slacks_[d * system_.blocks + table.b] += slack;
    return m * n;
}

} // namespace tessera::nas::certified
