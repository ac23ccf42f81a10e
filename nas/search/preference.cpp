#include "nas/search/preference.h"

#include "nas/search/non_dominated_sort.h"

namespace tessera::nas {

std::vector<std::vector<double>> preference_of(const TableModel& model) {
    model.check();
    std::vector<std::pair<const TableColumn*, double>> directions; // sign: smaller products are better
    for (const TableColumn& column : model.columns) {
        const Objective& o = column.objective;
        const double sign = column.sign();
        if (!o.bounds_only) {
            directions.emplace_back(&column, sign);
            continue;
        }
        const double rising = column.response.rises() ? 1 : -1;
        if (o.high) {
            directions.emplace_back(&column, rising);
        }
        if (o.low) {
            directions.emplace_back(&column, -rising);
        }
    }
    const std::vector<Objective> minimized(directions.size());
    std::vector<std::vector<double>> preference;
    std::vector<double> row(directions.size());
    for (std::size_t b = 0; b < model.choices.size(); ++b) {
        Costs costs(minimized);
        const auto choices = static_cast<std::size_t>(model.choices[b]);
        for (std::size_t i = 0; i < choices; ++i) {
            for (std::size_t d = 0; d < row.size(); ++d) {
                row[d] = directions[d].second * directions[d].first->values[b][i];
            }
            costs.add(row, 0);
        }
        auto& weights = preference.emplace_back(choices);
        double rank = 0;
        for (const auto& front : sort_fronts(costs)) {
            ++rank;
            for (const std::size_t i : front) {
                weights[i] = 1 / (rank * rank);
            }
        }
    }
    return preference;
}

} // namespace tessera::nas
