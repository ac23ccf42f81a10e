// How well one order agrees with another.
#pragma once

#include <cstddef>
#include <span>

namespace tessera::predictors {

/// Kendall's tau-b (ties corrected), O(n log n). NaN where one side is constant or n < 2. Throws
/// std::invalid_argument when the lengths differ or a value is not finite; so do the others.
double kendall_tau_b(std::span<const double> a, std::span<const double> b);
/// Spearman's rho with average ranks for ties.
double spearman_rho(std::span<const double> a, std::span<const double> b);
double rmse(std::span<const double> predicted, std::span<const double> truth);
/// How many of n count as the best: a tenth, but at least 5 (or all), as fewer have hardly an order.
std::size_t top_count(std::size_t n);
/// Kendall's tau-b among the k truly best, ties by position.
double top_tau(std::span<const double> predicted, std::span<const double> truth, std::size_t k);
/// Share of the k predicted best that are among the k truly best; ties by position.
double precision_at(std::span<const double> predicted, std::span<const double> truth, std::size_t k);

} // namespace tessera::predictors
