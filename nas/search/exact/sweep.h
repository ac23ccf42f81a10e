// The non-dominated rows of numbers side by side, any width.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tessera::nas::exact {

using Columns = std::vector<std::vector<double>>;

/// How many rows are looked at between two looks for an interruption.
inline constexpr std::size_t rows_between_checks = 4096;

/// Rows in lexicographic order of their numbers; of equal ones first who is `before`.
template <class Before>
std::vector<std::uint32_t> in_order(const Columns& q, std::size_t rows, const Before& before) {
    // Into about as many buckets by the first number as there are rows, then each by itself.
    std::vector<std::uint32_t> order(rows);
    if (rows == 0) {
        return order;
    }
    const std::vector<double>& x = q[0];
    const auto [low, high] = std::minmax_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(rows));
    const double least = *low, last = static_cast<double>(rows - 1);
    double scale = last / (*high - least);
    scale = std::isfinite(scale) ? scale : 0;
    std::vector<std::uint32_t> bucket(rows), first(rows + 1, 0);
    for (std::size_t i = 0; i < rows; ++i) {
        bucket[i] = static_cast<std::uint32_t>(std::min((x[i] - least) * scale, last));
        ++first[bucket[i] + 1];
    }
    for (std::size_t b = 0; b < rows; ++b) {
        first[b + 1] += first[b];
    }
    for (std::size_t i = rows; i-- > 0;) {
        order[--first[bucket[i] + 1]] = static_cast<std::uint32_t>(i);
    }
    // Now bucket b begins at first[b + 1].
    const auto earlier = [&](std::uint32_t a, std::uint32_t b) {
        for (const auto& column : q) {
            if (column[a] != column[b]) {
                return column[a] < column[b];
            }
        }
        return before(a, b);
    };
    for (std::size_t begin = 0; begin < rows;) {
        const std::uint32_t b = bucket[order[begin]];
        const std::size_t end = b + 2 <= rows ? first[b + 2] : rows;
        if (end - begin > 1) {
            std::sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                      order.begin() + static_cast<std::ptrdiff_t>(end), earlier);
        }
        begin = end;
    }
    return order;
}

/// Those of `order`, rows in lexicographic order, that no row before them is at least as good as everywhere.
std::vector<std::uint32_t> swept(const Columns& q, std::span<const std::uint32_t> order);

template <class Before>
std::vector<std::uint32_t> undominated(const Columns& q, std::size_t rows, const Before& before) {
    return swept(q, in_order(q, rows, before));
}

} // namespace tessera::nas::exact
