// Additive costs that are nowhere above the true ones within a box of choices. Torch-free.
#pragma once

#include <cstddef>
#include <vector>

#include "nas/search/certified/costs.h"
#include "nas/search/certified/curvature.h"

namespace tessera::nas::certified {

/// Replaces pair terms by additive ones that are at most as large for every genome of a box.
///
/// Scalars: around the middle c of each block's range, x_a x_b = c_a x_b + c_b x_a - c_a c_b + d_a d_b with
/// d = x - c. The first three are additive; of the rest, d' W d / 2 >= - sum_a p_a d_a^2 wherever
/// W / 2 + diag(p) is positive semidefinite, which a factorisation proves. The error falls with the square of
/// the box's width.
/// Tables: T_ij minus its row and column means is at least half its row's plus half its column's least
/// value; what that leaves is given back by rows and then by columns.
class Relaxation {
public:
    explicit Relaxation(const CostSystem& system);

    /// Returns the elementary steps done.
    std::size_t compute(const Choices& choices);

    /// Constant part of a dimension's cost: joins by its aggregate. Below the truth by the margin.
    double base(std::size_t d) const { return bases_[d]; }
    /// One row of width() costs a choice left.
    const std::vector<double>& costs(std::size_t block) const { return costs_[block]; }
    /// By how much a block makes the relaxation miss the truth at most, in each dimension's own unit.
    double slack(std::size_t d, std::size_t block) const { return slacks_[d * system_.blocks + block]; }

private:
    void relax_scalars(std::size_t d, const Choices& choices);
    std::size_t relax_table(std::size_t d, const PairTerms::Table& table, const Choices& choices);

    const CostSystem& system_;
    Curvature curvature_;
    std::vector<double> bases_, slacks_;
    std::vector<std::vector<double>> costs_;
    std::vector<double> centre_, half_, matrix_;
    std::vector<double> rest_, row_, column_;
};

} // namespace tessera::nas::certified
