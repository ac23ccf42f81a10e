// inspect: what each choice of a library does to the whole reference when it takes its block's place; or
// which of the reference's filters carry signal.
#include <cmath>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/numbers.h"
#include "nas/filter_report.h"
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
    table.header = {"block",     "choice",        "nsr",        "relative_error", "propagated_nsr",
                    "loss_rise", "accuracy_drop", "dead_share", "variance_loss"};
    for (std::size_t b = 0; b < qualities.size(); ++b) {
        for (std::size_t m = 0; m < qualities[b].size(); ++m) {
            const auto& q = qualities[b][m];
            table.add({space.blocks()[b].name, space.blocks()[b].choices[m].text(), support::number(q.nsr),
                       support::number(q.relative_error), support::number(q.propagated_nsr),
                       support::number(q.loss_rise), support::number(q.accuracy_drop),
                       support::number(q.dead_share), support::number(q.variance_loss)});
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

/// An object a row; the first `words` columns are texts, the others numbers.
nlohmann::ordered_json json_rows(const support::CsvTable& csv, std::size_t words) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& row : csv.rows) {
        nlohmann::ordered_json one;
        for (std::size_t c = 0; c < row.size(); ++c) {
            if (c < words) {
                one[csv.header[c]] = row[c];
            } else {
                one[csv.header[c]] = support::parse_number(row[c], csv.header[c]); // NaN becomes null
            }
        }
        list.push_back(std::move(one));
    }
    return list;
}

void write_out(const Arguments& arguments, const char* option, const support::CsvTable& csv) {
    if (arguments.has(option)) {
        support::write_atomically(arguments.value(option), csv.text());
        support::info("written to {}", arguments.value(option));
    }
}

/// --statistics: of the reference alone.
int inspect_filters(const Arguments& arguments, nas::StageContext& context, std::int64_t images) {
    if (nas::state_of_stage(nas::stage("teach"), context) != nas::StageState::done) {
        throw support::UsageError(fmt::format("{} has no finished reference: run `tessera teach` first",
                                              context.run.path().string()));
    }
    const auto layers = nas::reference_filters(context, images);
    const auto csv = nas::layers_csv(layers);
    print(arguments, nas::layers_text(layers), json_rows(csv, 1).dump(1));
    write_out(arguments, "out", csv);
    write_out(arguments, "filters", nas::filters_csv(layers));
    if (arguments.has("plot")) {
        support::write_atomically(
            arguments.value("plot"),
            nas::dead_filters_svg(layers, context.config.name + ": filters of the reference"));
        support::info("drawn in {}", arguments.value("plot"));
    }
    return 0;
}

int inspect(const Arguments& arguments) {
    const nas::Configuration configuration = load_configuration(arguments, load_document(arguments));
    nas::RunFolder run(run_folder(arguments, configuration), true);
    nas::StageContext context(configuration, run);
    constexpr std::int64_t most = 1'000'000'000;
    const std::int64_t wanted =
        arguments.has("images") ? whole_number(arguments.value("images"), "images", 1, most) : most;
    if (arguments.has("statistics")) {
        return inspect_filters(arguments, context, wanted);
    }
    for (const char* option : {"plot", "filters"}) {
        if (arguments.has(option)) {
            throw support::UsageError(
                fmt::format("--{} is of the reference's filters: it goes with --statistics", option));
        }
    }
    if (nas::state_of_stage(nas::stage("distil"), context) != nas::StageState::done) {
        throw support::UsageError(
            fmt::format("{} has no finished library: run `tessera distil` first", run.path().string()));
    }
    const training::Dataset images = context.data().validation.first(wanted);
    search_spaces::Network reference = context.reference();
    const auto qualities = predictors::swapped_qualities(
        configuration.space, reference, context.library(), images, context.data().normalisation,
        context.device(), context.threads, /*statistics=*/true);
    const auto csv = qualities_csv(configuration.space, qualities);
    print(arguments,
          fmt::format("Each choice in the place of its block in the reference, on {} validation images\n{}",
                      images.size(), qualities_text(csv)),
          json_rows(csv, 2).dump(1));
    write_out(arguments, "out", csv);
    return 0;
}

} // namespace

Command inspect_command() {
    return {"inspect",
            "says what each choice does to the whole reference when it takes its block's place",
            "  tessera inspect --run runs/quickstart\n"
            "  tessera inspect --run runs/cifar10 --images 1000 --out qualities.csv\n"
            "  tessera inspect --run runs/cifar10 --statistics --out layers.csv --plot dead.svg\n"
            "  tessera rank --run runs/cifar10 --qualities qualities.csv --quality loss_rise --truth "
            "results.csv\n",
            inspect,
            {{"images", "N", "validation images to look at (default: all)"},
             {"statistics", "", "filters of the reference instead: which carry signal, which are dead"},
             {"out", "FILE", "write the table there, as CSV"},
             {"plot", "FILE", "with --statistics: draw the share of dead filters over the depth, as SVG"},
             {"filters", "FILE", "with --statistics: write a row for every single filter there, as CSV"}}};
}

} // namespace tessera::cli
