// fit: the accuracy predictor and how honest it is.
#include <algorithm>

#include <fmt/format.h>

#include "nas/stage.h"
#include "support/csv.h"
#include "support/files.h"
#include "support/log.h"
#include "support/plot.h"
#include "support/table.h"
#include "training/task.h"

namespace tessera::nas {

namespace {

struct Samples {
    std::vector<std::string> ids;
    std::vector<predictors::Sample> samples;
};

predictors::Quality stored_quality(const support::CsvTable& csv, const std::vector<std::string>& row,
                                   const std::string& block, const std::string& source) {
    predictors::Quality quality = support::parse_number(row[csv.column("nsr_" + block, source)], source);
    const auto rise = std::ranges::find(csv.header, "loss_rise_" + block);
    if (rise != csv.header.end()) {
        quality.loss_rise =
            support::parse_number(row[static_cast<std::size_t>(rise - csv.header.begin())], source);
    }
    return quality;
}

using Qualities = std::vector<std::vector<predictors::Quality>>;

/// With the qualities that the samples came with, or others.
Samples read_samples(const std::filesystem::path& file, const search_spaces::SearchSpace& space,
                     const std::optional<Qualities>& others) {
    const auto csv = support::read_csv(file);
    const std::string source = file.string();
    const auto id = csv.column("id", source), accuracy = csv.column("accuracy", source),
               architecture = csv.column("architecture", source);
    Samples result;
    for (const auto& row : csv.rows) {
        const double reached = support::parse_number(row[accuracy], source);
        const auto network = search_spaces::Architecture::parse(row[architecture]);
        predictors::Sample sample;
        if (others) {
            sample = predictors::sample_of(space, *others, space.genome(network), reached);
        } else {
            sample.accuracy = reached;
            for (const auto& choice : network.choices) {
                sample.choices.push_back(choice.text());
            }
            for (const auto& block : space.blocks()) {
                sample.qualities.push_back(stored_quality(csv, row, block.name, source));
            }
        }
        result.samples.push_back(std::move(sample));
        result.ids.push_back(row[id]);
    }
    return result;
}

/// What fit.qualities and fit.quality name; none: what the samples came with. Of a file from outside a copy
/// stays in the run for the search to go by.
std::optional<Qualities> other_qualities(const StageContext& context) {
    const auto& [named, columns] = std::tie(context.config.fit.qualities, context.config.fit.columns);
    if (named.empty() && columns.empty()) {
        return std::nullopt;
    }
    const std::filesystem::path file = named.empty() ? context.library().table() : named;
    auto qualities = predictors::read_qualities(file, context.config.space, columns);
    if (!named.empty()) {
        support::write_atomically(context.run / fit_qualities, support::read_file(file));
    }
    return qualities;
}

std::vector<std::string> fit_work(StageContext& context, const std::string&) {
    const auto others = other_qualities(context);
    const auto [ids, samples] =
        read_samples(context.run / "samples/samples.csv", context.config.space, others);
    const auto predictor = predictors::AccuracyPredictor::fit(samples, context.config.fit);
    const auto report = predictors::assess(samples, context.config.fit);
    support::write_atomically(context.run / "predictor/predictor.json", predictor.json());
    support::write_atomically(context.run / "predictor/honesty.json", report.json());

    if (!(report.tau >= 0.5)) {
        support::warn("the predictor hardly ranks networks (tau {:.2f} on networks it was not fitted on): "
                      "its front is a "
                      "guess; raise sample.count, sample.epochs or distil.epochs",
                      report.tau);
    }
    support::CsvTable csv;
    csv.header = {"id", "accuracy", "predicted", "low", "high"};
    support::Plot plot;
    plot.title = "Networks the predictor was not fitted on";
    const auto name = training::task_of(context.config.space.head()).accuracy_name();
    plot.x_label = fmt::format("predicted {}, %", name);
    plot.y_label = fmt::format("fine-tuned {}, %", name);
    support::Series points, diagonal;
    points.name = fmt::format("{} samples, tau {:.2f}", samples.size(), report.tau);
    diagonal.name = "equal";
    diagonal.style = support::Series::Style::line;
    double low = 100, high = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto& p = report.held_out[i];
        csv.add({ids[i], support::number(samples[i].accuracy), support::number(p.accuracy),
                 support::number(p.low), support::number(p.high)});
        points.points.emplace_back(100 * p.accuracy, 100 * samples[i].accuracy);
        points.labels.push_back(ids[i]);
        for (const double value : {100 * p.accuracy, 100 * samples[i].accuracy}) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    diagonal.points = {{low, low}, {high, high}};
    plot.series = {points, diagonal};
    support::write_atomically(context.run / "predictor/predicted.csv", csv.text());
    support::write_atomically(context.run / "predictor/predicted.svg", plot.svg());
    std::vector<std::string> written = {"predictor/predictor.json", "predictor/honesty.json",
                                        "predictor/predicted.csv", "predictor/predicted.svg"};
    if (!context.config.fit.qualities.empty()) {
        written.emplace_back(fit_qualities);
    }
    return written;
}

Outcome fit_outcome(StageContext& context) {
    const auto file = context.run / "predictor/predictor.json";
    const auto predictor = predictors::AccuracyPredictor::from_json(support::read_file(file), file.string());
    const auto honesty = nlohmann::json::parse(support::read_file(context.run / "predictor/honesty.json"));
    const auto value = [&](const char* key) {
        return honesty.at(key).is_null() ? std::numeric_limits<double>::quiet_NaN()
                                         : honesty.at(key).get<double>();
    };
    std::string scales;
    for (const auto& r : predictor.regressions()) {
        scales += fmt::format("{}{:.0f} % on the {}", scales.empty() ? "" : ", ", 100 * r.weight,
                              r.scale == predictors::Scale::root       ? "root of the noise"
                              : r.scale == predictors::Scale::power    ? "noise to the power 1.5"
                              : r.scale == predictors::Scale::combined ? "noise and the loss's rise"
                                                                       : "noise");
    }
    return {fmt::format("Predictor: on networks it was not fitted on: tau {:.2f}, rho {:.2f}, RMSE {:.2f} "
                        "points (guessing "
                        "the mean: {:.2f}; qualities alone order with tau {:.2f}); of the {} best {:.0f} % "
                        "are found, in an "
                        "order of tau {:.2f}\n  ceiling  {:.2f} %; log of the distance from it regressed {}\n"
                        "  plot     {}\n",
                        value("tau"), value("rho"), 100 * value("rmse"), 100 * value("baseline_rmse"),
                        value("unfitted_tau"), honesty.at("top_k").get<std::size_t>(),
                        100 * value("top_precision"), value("top_tau"), 100 * predictor.ceiling(), scales,
                        (context.run / "predictor/predicted.svg").string()),
            honesty};
}

} // namespace

Stage fit_stage() {
    return {"fit",
            "fits the accuracy predictor to the samples",
            {"sample"},
            [](const Configuration& c) {
                return Inputs{{"fit", c.texts.fit}};
            },
            fit_work,
            fit_outcome,
            [](const Configuration& c) {
                std::map<std::string, std::filesystem::path> files;
                if (!c.fit.qualities.empty()) {
                    files["content of fit.qualities"] = c.fit.qualities;
                }
                return files;
            }};
}

} // namespace tessera::nas
