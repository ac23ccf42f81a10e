// inspect: what each choice of a library does to the whole reference when it takes its block's place.
#include <cmath>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/numbers.h"
#include "nas/stage.h"
#include "predictors/swapped_quality.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/log.h"
#include "support/table.h"

namespace tessera::cli {
namespace {

using Qualities = std::vector<std::vector<predictors::SwappedQuality>>;

support::CsvTable qualities_csv(const search_spaces::SearchSpace& space, const Qualities& qualities) {
    support::CsvTable table;
    table.header = {"block",          "choice",    "nsr",          "relative_error",
                    "propagated_nsr", "loss_rise", "accuracy_drop"};
    for (std::size_t b = 0; b < qualities.size(); ++b) {
        for (std::size_t m = 0; m < qualities[b].size(); ++m) {
            const auto& q = qualities[b][m];
            table.add({space.blocks()[b].name, space.blocks()[b].choices[m].text(), support::number(q.nsr),
                       support::number(q.relative_error), support::number(q.propagated_nsr),
                       support::number(q.loss_rise), support::number(q.accuracy_drop)});
        }
    }
    return table;
}

std::string qualities_text(const support::CsvTable& csv) {
    support::TextTable table(csv.header);
    for (const auto& row : csv.rows) {
        std::vector<std::string> cells = {row[0], row[1]};
        for (std::size_t c = 2; c < row.size(); ++c) {
            cells.push_back(fmt::format("{:.4f}", support::parse_number(row[c], csv.header[c])));
        }
        table.add(std::move(cells));
    }
    return table.text();
}

nlohmann::ordered_json qualities_json(const support::CsvTable& csv) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& row : csv.rows) {
        nlohmann::ordered_json one = {{csv.header[0], row[0]}, {csv.header[1], row[1]}};
        for (std::size_t c = 2; c < row.size(); ++c) {
            one[csv.header[c]] = support::parse_number(row[c], csv.header[c]); // NaN becomes null
        }
        list.push_back(std::move(one));
    }
    return list;
}

int inspect(const Arguments& arguments) {
    const nas::Configuration configuration = nas::Configuration::read(load_document(arguments));
    nas::RunFolder run(run_folder(arguments, configuration), true);
    nas::StageContext context(configuration, run);
    if (nas::state_of_stage(nas::stage("distil"), context) != nas::StageState::done) {
        throw support::UsageError(
            fmt::format("{} has no finished library: run `tessera distil` first", run.path().string()));
    }
    constexpr std::int64_t most = 1'000'000'000;
    const std::int64_t wanted =
        arguments.has("images") ? whole_number(arguments.value("images"), "images", 1, most) : most;
    const training::Dataset images = context.data().validation.first(wanted);
    search_spaces::Network reference = context.reference();
    const auto qualities =
        predictors::swapped_qualities(configuration.space, reference, context.library(), images,
                                      context.data().normalisation, context.device(), context.threads);
    const auto csv = qualities_csv(configuration.space, qualities);
    print(arguments,
          fmt::format("Each choice in the place of its block in the reference, on {} validation images\n{}",
                      images.size(), qualities_text(csv)),
          qualities_json(csv).dump(1));
    if (arguments.has("out")) {
        support::write_atomically(arguments.value("out"), csv.text());
        support::info("written to {}", arguments.value("out"));
    }
    return 0;
}

} // namespace

Command inspect_command() {
    return {"inspect",
            "says what each choice does to the whole reference when it takes its block's place",
            "  tessera inspect --run runs/quickstart\n"
            "  tessera inspect --run runs/cifar10 --images 1000 --out qualities.csv\n"
            "  tessera rank --run runs/cifar10 --qualities qualities.csv --quality loss_rise --truth "
            "results.csv\n",
            inspect,
            {{"images", "N", "validation images to look at (default: all)"},
             {"out", "FILE", "write the table there, as CSV"}}};
}

} // namespace tessera::cli
