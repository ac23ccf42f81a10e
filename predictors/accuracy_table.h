// Accuracies that are known already: published tables and a user's past results, from CSV or JSON.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "predictors/accuracy_predictor.h"
#include "search_spaces/space.h"
#include "support/config.h"

namespace tessera::predictors {

enum class AccuracyUnit { automatic, percent, fraction };
enum class AccuracyDirection { maximize, minimize };

/// A table and where it has what. Empty names: the first of the usual ones that is there.
struct AccuracyTableOptions {
    std::filesystem::path file; ///< empty: none
    std::string architecture;   ///< else architecture, arch, digits, network
    std::string accuracy; ///< else accuracy, mean_acc, test_acc, acc, top1 (minimize: error, test_error)
    AccuracyUnit unit = AccuracyUnit::automatic; ///< automatic: percent where a value is above 1
    AccuracyDirection direction = AccuracyDirection::maximize; ///< minimize: the column holds the error
    static AccuracyTableOptions read(support::Section section);
};

struct KnownAccuracy {
    std::vector<int> genome;
    std::string name;                       ///< as the table writes it
    double accuracy = 0;                    ///< fraction
    std::optional<double> parameters, macs; ///< columns or keys `params` or `parameters`, `flops` or `macs`
};

struct AccuracyTable {
    std::vector<KnownAccuracy> rows; ///< distinct networks in the order of the table
    struct Foreign {
        std::string name, why;
    };
    std::vector<Foreign> foreign; ///< rows that are no network of the space
    std::size_t repeated = 0;     ///< rows of a network that was there already; its accuracies are averaged
    AccuracyUnit unit = AccuracyUnit::percent; ///< as read
    std::string column;                        ///< the accuracy's
};

/// Reads a CSV with named columns, a JSON object {"NETWORK": {...} or number}, or a JSON list of objects. A
/// network is written as digits (search_spaces/digits.h) or as its canonical text; an accuracy that is a JSON
/// list (one per training) counts as its mean. Throws RunError naming file and row for a missing column, a
/// value that is no number or outside 0..1 (0..100), and where no row belongs to the space.
AccuracyTable read_accuracies(const AccuracyTableOptions& options, const search_spaces::SearchSpace& space);

/// What the predictor sees of a network: `quality[b][m]` is that of choice m of block b.
Sample sample_of(const search_spaces::SearchSpace& space, const std::vector<std::vector<Quality>>& quality,
                 std::span<const int> genome, double accuracy);

std::string_view to_text(AccuracyUnit unit);

} // namespace tessera::predictors
