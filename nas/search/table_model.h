// What a search over tables is given: every objective as a sum (or maximum) over blocks of one number a
// choice, plus what pairs of blocks add. All that the exact solvers need to know; no network, no training, no
// torch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nas/search/objective.h"

namespace tessera::nas {

/// What two blocks' choices add beyond what each adds alone. Additions of both kinds sum up.
struct PairTerms {
    /// sum over a < b of weight_ab * scalar_a(i) * scalar_b(j): a quadratic form in one scalar a block.
    std::vector<std::vector<double>> scalars; ///< [block][choice]; empty: none
    std::vector<double> weights;              ///< of the pairs a < b, row by row
    /// Any number for each pair of choices of two blocks a < b.
    struct Table {
        std::size_t a = 0, b = 0;
        std::size_t width = 0;      ///< choices of b
        std::vector<double> values; ///< [choice of a * width + choice of b]
    };
    std::vector<Table> tables;

    bool empty() const { return scalars.empty() && tables.empty(); }
    double of(std::span<const int> genome) const;
};

/// From a column's total to the value that is shown and bounded; strictly monotone but where it is clamped.
struct Response {
    enum class Kind {
        affine,           ///< offset + scale * total, scale not 0
        ceiling_minus_exp ///< clamp(ceiling - exp(total), 0, 1): accuracy from the predictor's score
    };
    Kind kind = Kind::affine;
    double scale = 1, offset = 0, ceiling = 1;

    double operator()(double total) const;
    /// Whether larger totals give larger values.
    bool rises() const { return kind == Kind::affine && scale > 0; }
    /// The total whose value is `value`, for bounds: infinite where every total or none reaches it.
    double total_of(double value) const;
};

/// One objective of a table.
struct TableColumn {
    Objective objective;
    bool maximum = false; ///< blocks aggregate by maximum instead of by sum
    double rest = 0;      ///< what is there besides the blocks: joins the sum or the maximum
    std::vector<std::vector<double>> values; ///< [block][choice]
    PairTerms pairs = {};                    ///< of sums only
    Response response = {};

    double total(std::span<const int> genome) const;
    double value(std::span<const int> genome) const { return response(total(genome)); }
    /// 1 where a smaller total is better, -1 where a larger one is: cost = sign * total.
    double sign() const;
    /// The objective's bounds as bounds of the total, inclusive; infinite where there is none.
    std::pair<double, double> total_bounds() const;
    /// Smallest and largest total: exact without pairs, else bounds that may be wider than what is reached.
    std::pair<double, double> total_range() const;
    /// The same as values, smaller first.
    std::pair<double, double> range() const;
};

struct TableModel {
    std::vector<int> choices; ///< number of choices per block, each >= 1
    std::vector<TableColumn> columns;

    bool additive() const;
    std::vector<Objective> objectives() const;
    /// Number of genomes; infinite beyond what a double holds.
    double size() const;
    /// Values of all columns with the violation of their bounds.
    Candidate candidate(std::vector<int> genome) const;
    /// The same for searches that know nothing of tables. Refers to this object.
    Problem problem() const;

    /// Throws std::invalid_argument for a model that is none: no block, a block without choices, ragged or
    /// non-finite values, no column to optimise, pairs of a maximum.
    void check() const;
    /// Throws InfeasibleError for the first bound outside what its column can reach, with the reachable range
    /// of every bounded column.
    void check_reachable() const;
};

/// "latency reaches 1.25 to 7.5, macs reaches ..." of the bounded columns: what a refusal of bounds says.
std::string reachable_text(const TableModel& model);

} // namespace tessera::nas
