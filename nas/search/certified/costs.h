// A model of tables as the certified search sees it: costs to be made small, one dimension a sought objective
// and one a bound of what is not sought. Torch-free.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "nas/search/table_model.h"

namespace tessera::nas::certified {

constexpr double unbounded = std::numeric_limits<double>::infinity();
constexpr std::size_t no_column = std::numeric_limits<std::size_t>::max();

/// For each block the choices that are left.
using Choices = std::vector<std::vector<int>>;

/// How blocks aggregate.
enum class Aggregate { sum, most, least };

inline double join(Aggregate how, double a, double b) {
    return how == Aggregate::sum ? a + b : how == Aggregate::most ? (a > b ? a : b) : (a < b ? a : b);
}

/// Pair terms of one dimension with its sign.
struct PairCosts {
    std::vector<std::vector<double>> scalars; ///< [block][choice]; empty: none
    std::vector<double> weights;              ///< symmetric, blocks x blocks, diagonal 0
    std::vector<PairTerms::Table> tables;     ///< at most one a pair of blocks
    /// What to sort a block's choices by before they are split: the scalar, or where there are tables the
    /// block's part of the leading singular vector of all pairs.
    std::vector<std::vector<double>> keys;

    bool empty() const { return scalars.empty() && tables.empty(); }
    /// No genome of the choices costs more.
    double most(const Choices& choices) const;
};

PairCosts pair_costs(const PairTerms& pairs, const std::vector<int>& choices, double sign);

/// cost = sign * total of a column.
struct Dimension {
    std::size_t column = no_column; ///< none: a constant 0 that makes one objective two
    double sign = 1;
    Aggregate how = Aggregate::sum;
    double rest = 0;
    double limit = unbounded;                ///< feasible genomes cost at most this
    double floor = -unbounded;               ///< and at least this (sought dimensions only)
    double margin = 0;                       ///< more than rounding can add up to
    std::vector<std::vector<double>> values; ///< [block][choice]
    PairCosts pairs = {};
};

struct CostSystem {
    /// Refers to the model. Throws std::invalid_argument where a column's sums overflow.
    explicit CostSystem(const TableModel& model);

    const TableModel& model;
    std::size_t blocks;
    std::size_t sought = 0; ///< the first so many dimensions, at least 2
    std::vector<Dimension> dimensions;

    std::size_t width() const { return dimensions.size(); }
    /// Cost of a genome in one dimension.
    double cost(std::size_t dimension, std::span<const int> genome) const;
    /// The objective's value that a sought dimension's cost stands for, negated where larger is better.
    double signed_value(std::size_t dimension, double cost) const;
    /// The largest cost whose signed value is at most `value`, up to rounding; infinite where all or none
    /// are.
    double cost_of(std::size_t dimension, double value) const;
    /// No genome of the choices costs more.
    double most(std::size_t dimension, const Choices& choices) const;
    /// A candidate for the bounding set: values of the sought objectives, clipped into their bounds.
    Candidate point(std::span<const double> costs) const;
};

} // namespace tessera::nas::certified
