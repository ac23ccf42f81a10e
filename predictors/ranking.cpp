#include "predictors/ranking.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace tessera::predictors {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

void check(std::span<const double> a, std::span<const double> b) {
    if (a.size() != b.size()) {
        throw std::invalid_argument("the two rankings differ in length");
    }
    const auto finite = [](double v) { return std::isfinite(v); };
    if (!std::all_of(a.begin(), a.end(), finite) || !std::all_of(b.begin(), b.end(), finite)) {
        throw std::invalid_argument("a ranking needs finite values");
    }
}

/// Pairs within runs of equal neighbours of a sorted sequence.
template <class Equal>
std::int64_t tied_pairs(std::size_t n, Equal equal) {
    std::int64_t pairs = 0, run = 1;
    for (std::size_t i = 1; i <= n; ++i) {
        if (i < n && equal(i - 1, i)) {
            ++run;
        } else {
            pairs += run * (run - 1) / 2;
            run = 1;
        }
    }
    return pairs;
}

/// Sorts and counts the inversions that this takes.
std::int64_t sort_counting(std::vector<double>& v, std::vector<double>& scratch, std::size_t begin,
                           std::size_t end) {
    if (end - begin < 2) {
        return 0;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    std::int64_t inversions =
        sort_counting(v, scratch, begin, middle) + sort_counting(v, scratch, middle, end);
    std::size_t left = begin, right = middle;
    for (std::size_t out = begin; out < end; ++out) {
        if (right == end || (left < middle && v[left] <= v[right])) {
            scratch[out] = v[left++];
        } else {
            inversions += static_cast<std::int64_t>(middle - left);
            scratch[out] = v[right++];
        }
    }
    std::copy(scratch.begin() + static_cast<std::ptrdiff_t>(begin),
              scratch.begin() + static_cast<std::ptrdiff_t>(end),
              v.begin() + static_cast<std::ptrdiff_t>(begin));
    return inversions;
}

/// Ranks from 1, equal values sharing the mean of theirs.
std::vector<double> average_ranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](auto i, auto j) { return values[i] < values[j]; });
    std::vector<double> ranks(values.size());
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin + 1;
        while (end < order.size() && values[order[end]] == values[order[begin]]) {
            ++end;
        }
        const double rank = 0.5 * static_cast<double>(begin + 1 + end);
        for (; begin < end; ++begin) {
            ranks[order[begin]] = rank;
        }
    }
    return ranks;
}

/// Positions of the k largest values, ties by position.
std::vector<std::size_t> largest(std::span<const double> values, std::size_t k) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return values[i] > values[j]; });
    order.resize(k);
    return order;
}

} // namespace

// Knight (1966): sorted by a, the discordant pairs are the inversions of b.
double kendall_tau_b(std::span<const double> a, std::span<const double> b) {
    check(a, b);
    const std::size_t n = a.size();
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](auto i, auto j) { return a[i] < a[j] || (a[i] == a[j] && b[i] < b[j]); });
    const auto same_a = [&](auto i, auto j) { return a[order[i]] == a[order[j]]; };
    const auto same_both = [&](auto i, auto j) { return same_a(i, j) && b[order[i]] == b[order[j]]; };
    const std::int64_t ties_a = tied_pairs(n, same_a), ties_both = tied_pairs(n, same_both);
    std::vector<double> sorted(n), scratch(n);
    for (std::size_t i = 0; i < n; ++i) {
        sorted[i] = b[order[i]];
    }
    const std::int64_t discordant = sort_counting(sorted, scratch, 0, n);
    const std::int64_t ties_b = tied_pairs(n, [&](auto i, auto j) { return sorted[i] == sorted[j]; });
    const auto count = static_cast<std::int64_t>(n);
    const std::int64_t pairs = count * (count - 1) / 2;
    if (pairs == ties_a || pairs == ties_b) {
        return undefined;
    }
    const std::int64_t difference = pairs - ties_a - ties_b + ties_both - 2 * discordant;
    return static_cast<double>(difference) / std::sqrt(static_cast<double>(pairs - ties_a)) /
           std::sqrt(static_cast<double>(pairs - ties_b));
}

double spearman_rho(std::span<const double> a, std::span<const double> b) {
    check(a, b);
    const auto ra = average_ranks(a), rb = average_ranks(b);
    const double mean = 0.5 * static_cast<double>(a.size() + 1);
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < ra.size(); ++i) {
        ab += (ra[i] - mean) * (rb[i] - mean);
        aa += (ra[i] - mean) * (ra[i] - mean);
        bb += (rb[i] - mean) * (rb[i] - mean);
    }
    // Equal orders may exceed 1 by a rounding.
    return aa == 0 || bb == 0 ? undefined : std::clamp(ab / std::sqrt(aa) / std::sqrt(bb), -1.0, 1.0);
}

double rmse(std::span<const double> predicted, std::span<const double> truth) {
    check(predicted, truth);
    double sum = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        sum += (predicted[i] - truth[i]) * (predicted[i] - truth[i]);
    }
    return truth.empty() ? undefined : std::sqrt(sum / static_cast<double>(truth.size()));
}

std::size_t top_count(std::size_t n) { return std::max((n + 9) / 10, std::min<std::size_t>(n, 5)); }

double top_tau(std::span<const double> predicted, std::span<const double> truth, std::size_t k) {
    check(predicted, truth);
    std::vector<double> p, t;
    for (const std::size_t i : largest(truth, std::min(k, truth.size()))) {
        p.push_back(predicted[i]);
        t.push_back(truth[i]);
    }
    return kendall_tau_b(p, t);
}

double precision_at(std::span<const double> predicted, std::span<const double> truth, std::size_t k) {
    check(predicted, truth);
    k = std::min(k, truth.size());
    if (k == 0) {
        return undefined;
    }
    auto p = largest(predicted, k), t = largest(truth, k);
    std::sort(p.begin(), p.end());
    std::sort(t.begin(), t.end());
    std::vector<std::size_t> both;
    std::set_intersection(p.begin(), p.end(), t.begin(), t.end(), std::back_inserter(both));
    return static_cast<double>(both.size()) / static_cast<double>(k);
}

} // namespace tessera::predictors
