// sample: fine-tuned networks for the accuracy predictor.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "nas/fine_tuning.h"
#include "nas/sampling.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/log.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::nas {

std::vector<search_spaces::Architecture> sampled_architectures(const StageContext& context) {
    if (!context.config.sample.accuracies.file.empty()) {
        return {}; // nothing is trained
    }
    const auto quality = predictors::usable_noise(
        predictors::read_qualities(context.run / "library/library.csv", context.config.space));
    std::vector<search_spaces::Architecture> architectures;
    for (const auto& genome : quality_spread(quality, context.config.sample.count,
                                             support::derive_seed(context.seed, {"sample"}))) {
        architectures.push_back(context.config.space.architecture(genome));
    }
    return architectures;
}

namespace {

/// An accuracy of before any training is not known of every sample.
struct SampledNetwork {
    search_spaces::Architecture architecture;
    double accuracy = 0;
    std::optional<double> initial_accuracy;
};

std::vector<SampledNetwork> fine_tuned_samples(StageContext& context) {
    std::vector<SampledNetwork> samples;
    for (const FineTuned& t :
         fine_tune(context, sampled_architectures(context), context.config.sample.train, "samples", false)) {
        samples.push_back({t.architecture, t.validation_accuracy, t.initial_accuracy});
    }
    return samples;
}

/// The networks of known accuracy whose choices all have a quality.
std::vector<SampledNetwork> known_samples(const StageContext& context,
                                          const std::vector<std::vector<predictors::Quality>>& quality) {
    const auto& space = context.config.space;
    const auto& options = context.config.sample.accuracies;
    const auto table = predictors::read_accuracies(options, space);
    if (!table.foreign.empty()) {
        support::warn("{}: {} rows are no network of the space; the first, {}: {}", options.file.string(),
                      table.foreign.size(), table.foreign[0].name, table.foreign[0].why);
    }
    std::vector<SampledNetwork> samples;
    for (const auto& row : table.rows) {
        const auto qualities = predictors::sample_of(space, quality, row.genome, row.accuracy).qualities;
        if (std::ranges::all_of(qualities, &predictors::Quality::finite)) {
            samples.push_back({space.architecture(row.genome), row.accuracy, std::nullopt});
        }
    }
    support::info("{}: {} of {} networks have a quality for every choice; {} read as {}",
                  options.file.string(), samples.size(), table.rows.size(), table.column,
                  predictors::to_text(table.unit));
    return samples;
}

std::vector<std::string> sample_work(StageContext& context, const std::string&) {
    const auto& space = context.config.space;
    const auto quality = predictors::read_qualities(context.run / "library/library.csv", space);
    const bool rises = quality.at(0).at(0).loss_rise.has_value();
    const auto samples = context.config.sample.accuracies.file.empty() ? fine_tuned_samples(context)
                                                                       : known_samples(context, quality);
    std::vector<search_spaces::Architecture> architectures;
    support::CsvTable csv;
    csv.header = {"id", "architecture", "accuracy", "initial_accuracy", "macs", "parameters"};
    for (const auto& block : space.blocks()) {
        csv.header.push_back("nsr_" + block.name);
    }
    for (std::size_t b = 0; b < space.blocks().size() && rises; ++b) {
        csv.header.push_back("loss_rise_" + space.blocks()[b].name);
    }
    for (const SampledNetwork& s : samples) {
        architectures.push_back(s.architecture);
        const auto costs = space.costs(s.architecture);
        std::vector<std::string> row = {
            s.architecture.id(),         s.architecture.text(),
            support::number(s.accuracy), s.initial_accuracy ? support::number(*s.initial_accuracy) : "",
            support::number(costs.macs), support::number(costs.parameters)};
        const auto genome = space.genome(s.architecture);
        for (std::size_t b = 0; b < genome.size(); ++b) {
            row.push_back(support::number(quality[b][static_cast<std::size_t>(genome[b])].nsr));
        }
        for (std::size_t b = 0; b < genome.size() && rises; ++b) {
            row.push_back(support::number(*quality[b][static_cast<std::size_t>(genome[b])].loss_rise));
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
    const bool known = !context.config.sample.accuracies.file.empty();
    const auto name = training::task_of(context.config.space.head()).accuracy_name();
    return {fmt::format("Samples: {} {} {:.2f} to {:.2f} %\n  table    {}\n",
                        support::counted(static_cast<std::int64_t>(accuracy.size()), "network"),
                        known ? fmt::format("of known {},", name)
                              : fmt::format("fine-tuned, validation {}", name),
                        100 * *low, 100 * *high, file.string()),
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
            [](const Configuration& c) {
                std::map<std::string, std::filesystem::path> files;
                if (!c.sample.accuracies.file.empty()) {
                    files["content of sample.accuracies.file"] = c.sample.accuracies.file;
                }
                return files;
            },
            false,
            true,
            {"stage distil", "sample.count"}};
}

} // namespace tessera::nas
