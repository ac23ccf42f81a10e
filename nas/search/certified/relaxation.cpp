#include "nas/search/certified/relaxation.h"

#include <algorithm>

namespace tessera::nas::certified {

Relaxation::Relaxation(const CostSystem& system)
    : system_(system), curvature_(system.blocks), bases_(system.width()),
      slacks_(system.width() * system.blocks), costs_(system.blocks), centre_(system.blocks),
      half_(system.blocks), matrix_(system.blocks * system.blocks) {}

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
            steps += 4 * system_.blocks * system_.blocks * system_.blocks;
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
    for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b < n; ++b) {
            matrix_[a * n + b] = pairs.weights[a * n + b] * half_[a] * half_[b] / 2;
        }
    }
    const std::vector<double>& curvature = curvature_.of(matrix_);
    for (std::size_t a = 0; a < n; ++a) {
        double slope = 0;
        for (std::size_t b = 0; b < n; ++b) {
            slope += pairs.weights[a * n + b] * centre_[b];
        }
        bases_[d] += slope * centre_[a] / 2;
        for (std::size_t i = 0; i < choices[a].size(); ++i) {
            const double x = pairs.scalars[a][static_cast<std::size_t>(choices[a][i])] - centre_[a];
            const double share = half_[a] > 0 ? x / half_[a] : 0;
            costs_[a][i * width + d] += x * slope - curvature[a] * share * share;
        }
        slacks_[d * n + a] += half_[a] > 0 ? 2 * curvature[a] : 0;
    }
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
