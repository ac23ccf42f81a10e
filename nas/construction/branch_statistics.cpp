#include "nas/construction/branch_statistics.h"

namespace tessera::nas::construction {
namespace {

const std::vector<std::string> statistic_columns = {"stage",    "cell",       "branch", "mean_square",
                                                    "variance", "dead_share", "images"};
const std::vector<std::string> skip_columns = {"cell", "source", "scalar"};

} // namespace

support::CsvTable statistics_csv(const std::vector<BranchStatistic>& statistics) {
    support::CsvTable table;
    table.header = statistic_columns;
    for (const BranchStatistic& s : statistics) {
        table.add({support::number(std::int64_t{s.stage}), support::number(std::int64_t{s.cell}),
                   std::string(operator_name(s.branch)), support::number(s.mean_square),
                   support::number(s.variance), support::number(s.dead), support::number(s.images)});
    }
    return table;
}

support::CsvTable skips_csv(const EnvelopeNetwork& network, const std::vector<SkipScalar>& scalars) {
    const auto names = entry_names(network);
    support::CsvTable table;
    table.header = skip_columns;
    for (const SkipScalar& s : scalars) {
        table.add({names.at(static_cast<std::size_t>(s.entry) - 1),
                   names.at(static_cast<std::size_t>(s.source) - 1), support::number(s.scalar)});
    }
    return table;
}

} // namespace tessera::nas::construction
