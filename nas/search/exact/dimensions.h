// What an exact solver keeps of a partial architecture: a few numbers, each to be as small as possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "nas/search/table_model.h"

namespace tessera::nas::exact {

inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// How a block's number joins what the blocks before it have.
enum class Join { sum, maximum, minimum };

inline double joined(Join join, double a, double b) {
    return join == Join::sum ? a + b : join == Join::maximum ? (a < b ? b : a) : (b < a ? b : a);
}

/// One number of a partial architecture, smaller is better. Either the cost of a column sought, sign * total,
/// or what a bound asks for that better costs do not bring: the negated cost under a lower bound of it, the
/// cost itself of a column that is only bounded, whether a maximum has reached its lower bound (0) or not
/// (1). Costs join in the order of TableColumn::total(), so that they are its sums bit by bit, and what is
/// smaller stays at most as large whatever is added to both: comparisons of partial architectures hold for
/// all that they are completed to, rounding included.
struct Dimension {
    std::size_t column = 0;
    bool sought = false;
    Join join = Join::sum;
    double sign = 1;                         ///< of the column's total; 0: whether the maximum is reached
    double start = 0;                        ///< before the first block
    double bound = infinite;                 ///< the largest value allowed in the end
    double rounding = 0;                     ///< how far sums in another order can be off
    std::vector<std::vector<double>> values; ///< [block][choice that is left]
    /// After so many blocks: what is larger cannot come within the bound any more; what is smaller than
    /// `clip` does so whatever follows, hence counts as `clip`.
    std::vector<double> cut, clip;
};

/// A model as the solvers read it.
struct Dimensions {
    std::vector<Dimension> of;                       ///< the columns sought first, in their order
    std::size_t sought = 0;                          ///< so many of them
    std::vector<std::vector<std::uint32_t>> choices; ///< [block]: those that no bound of a maximum excludes
    bool feasible = true;                            ///< false: some bound is out of reach by itself
};

/// `sought[c]`: whether better values of column c are sought.
Dimensions dimensions_of(const TableModel& model, const std::vector<bool>& sought);

/// Throws std::invalid_argument for a model that check() refuses or that has pairs.
void require_additive(const TableModel& model);

/// The totals that meet a column's bounds in the arithmetic of TableColumn::value(), both inclusive.
std::pair<double, double> exact_total_bounds(const TableColumn& column);

} // namespace tessera::nas::exact
