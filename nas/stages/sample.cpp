// sample: fine-tuned networks for the accuracy predictor.
#include <algorithm>

#include <fmt/format.h>

#include "nas/fine_tuning.h"
#include "nas/sampling.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::nas {

std::vector<search_spaces::Architecture> sampled_architectures(const StageContext& context) {
    const auto& space = context.config.space;
    const auto quality = predictors::read_quality(context.run / "library/library.csv", space);
    std::vector<search_spaces::Architecture> architectures;
    for (const auto& genome : quality_spread(quality, context.config.sample.count,
                                             support::derive_seed(context.seed, {"sample"}))) {
        architectures.push_back(space.architecture(genome));
    }
    return architectures;
}

namespace {

std::vector<std::string> sample_work(StageContext& context, const std::string&) {
    const auto& space = context.config.space;
    const auto quality = predictors::read_quality(context.run / "library/library.csv", space);
    const auto architectures = sampled_architectures(context);
    const auto tuned = fine_tune(context, architectures, context.config.sample.train, "samples", false);

    support::CsvTable csv;
    csv.header = {"id", "architecture", "accuracy", "initial_accuracy", "macs", "parameters"};
    for (const auto& block : space.blocks()) {
        csv.header.push_back("nsr_" + block.name);
    }
    for (const FineTuned& t : tuned) {
        const auto costs = space.costs(t.architecture);
        std::vector<std::string> row = {t.architecture.id(),
                                        t.architecture.text(),
                                        support::number(t.validation_accuracy),
                                        support::number(t.initial_accuracy),
                                        support::number(costs.macs),
                                        support::number(costs.parameters)};
        const auto genome = space.genome(t.architecture);
        for (std::size_t b = 0; b < genome.size(); ++b) {
            row.push_back(support::number(quality[b][static_cast<std::size_t>(genome[b])]));
        }
        csv.add(std::move(row));
    }
    support::write_atomically(context.run / "samples/samples.csv", csv.text());
    set_others_aside(context, architectures, "samples");
    return {"samples/samples.csv"};
}

Outcome sample_outcome(StageContext& context) {
    const auto file = context.run / "samples/samples.csv";
    const auto csv = support::read_csv(file);
    const auto column = csv.column("accuracy", file.string());
    std::vector<double> accuracy;
    for (const auto& row : csv.rows) {
        accuracy.push_back(support::parse_number(row[column], "accuracy"));
    }
    if (accuracy.empty()) {
        throw support::RunError(file.string() + ": no samples");
    }
    const auto [low, high] = std::minmax_element(accuracy.begin(), accuracy.end());
    return {fmt::format("Samples: {} fine-tuned, validation accuracy {:.2f} to {:.2f} %\n  table    {}\n",
                        support::counted(static_cast<std::int64_t>(accuracy.size()), "network"), 100 * *low,
                        100 * *high, file.string()),
            {{"samples", accuracy.size()}, {"lowest", *low}, {"highest", *high}, {"table", file.string()}}};
}

} // namespace

Stage sample_stage() {
    return {"sample",
            "fine-tunes networks that cover the range of quality",
            {"teach", "distil"},
            [](const Configuration& c) {
                return Inputs{{"sample", c.texts.sample}};
            },
            sample_work,
            sample_outcome,
            nullptr,
            false,
            true,
            {"stage distil", "sample.count"}};
}

} // namespace tessera::nas
