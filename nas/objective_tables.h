// Objectives of any architecture from tables: no network is built, nothing is trained. Torch-free.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "latency/brought_tables.h"
#include "nas/search/table_model.h"
#include "predictors/accuracy_predictor.h"
#include "search_spaces/space.h"

namespace tessera::nas {

class ObjectiveTables {
public:
    /// Costs that need no measurement: macs, parameters, weight_bytes, peak_memory_bytes.
    explicit ObjectiveTables(const search_spaces::SearchSpace& space);
    /// Adds latency_<device>_ms. A missing (block, choice) is unusable from then on where `missing` says so,
    /// else a RunError that names it.
    void add(const latency::LatencyTable& table, const search_spaces::SearchSpace& space,
             latency::Missing missing = latency::Missing::error);
    /// Adds accuracy. Choices whose quality is not finite are unusable: candidates with one violate.
    void add(predictors::AccuracyPredictor predictor,
             const std::vector<std::vector<predictors::Quality>>& quality,
             const search_spaces::SearchSpace& space);

    /// Adds a cost of the user's own (cost_columns.h). Throws UsageError where the name is taken.
    void add(const std::string& name, TableColumn column);

    bool has(const std::string& objective) const;
    std::vector<std::string> names() const;
    double value(const std::string& objective, std::span<const int> genome) const;
    predictors::Prediction accuracy(std::span<const int> genome) const;
    bool usable(std::span<const int> genome) const;

    /// Choices that the search may take per block (indices into the space's), unusable ones left out.
    const std::vector<std::vector<int>>& usable_choices() const { return usable_; }
    /// What the searches work on: genomes index usable_choices(). Throws UsageError for an objective without
    /// a table.
    TableModel model(const std::vector<Objective>& objectives) const;
    /// From the model's genome to the space's.
    std::vector<int> genome(std::span<const int> of_model) const;

    /// Throws InfeasibleError naming the first bound that lies outside what its objective can reach, with the
    /// reachable range. Objectives without a table (not measured yet) are not checked; accuracy is a
    /// fraction.
    void check_reachable(const std::vector<Objective>& objectives) const;
    const TableColumn& column(const std::string& name) const { return columns_.at(name); }

private:
    /// Takes the choices away for which `value` is not finite.
    void exclude(const std::vector<std::vector<double>>& values);
    /// The predictor's score as a column, of all choices.
    TableColumn accuracy_column() const;
    void keep_usable(std::vector<std::vector<double>>& rows) const;

    std::map<std::string, TableColumn> columns_; ///< of the space's choices; NaN where unknown
    std::optional<predictors::AccuracyPredictor> predictor_;
    std::vector<std::vector<predictors::Term>> terms_; ///< [block][choice] of the predictor's score
    std::vector<std::vector<int>> usable_;
};

} // namespace tessera::nas
