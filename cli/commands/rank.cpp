// rank: how well qualities, and a predictor fitted to a few networks, order networks whose accuracy is known.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/accuracies.h"
#include "cli/command.h"
#include "cli/numbers.h"
#include "predictors/block_library.h"
#include "predictors/rank_study.h"
#include "search_spaces/digits.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/log.h"
#include "support/plot.h"
#include "support/table.h"
#include "training/task.h"

namespace tessera::cli {
namespace {

using nlohmann::ordered_json;
using predictors::RankRow;
using predictors::Spread;

/// What is ranked, and by what.
struct Ranked {
    predictors::AccuracyTable truth;
    std::string_view accuracy_name; ///< what the task calls it
    std::vector<std::string> ids;
    std::vector<predictors::Sample> networks;
    std::vector<double> macs, parameters; ///< as this program counts them
    std::size_t unusable = 0;             ///< networks with a choice that has no quality
    std::size_t costs_given = 0, costs_equal = 0;
    std::vector<std::string> costs_differ;
};

Ranked rank_data(const nas::Configuration& configuration, const std::filesystem::path& qualities,
                 const std::vector<std::string>& columns, predictors::AccuracyTable truth) {
    const auto& space = configuration.space;
    const auto quality = predictors::read_qualities(qualities, space, columns);
    Ranked data;
    data.accuracy_name = training::task_of(space.head()).accuracy_name();
    for (const auto& row : truth.rows) {
        auto sample = predictors::sample_of(space, quality, row.genome, row.accuracy);
        if (!std::ranges::all_of(sample.qualities, &predictors::Quality::finite)) {
            ++data.unusable;
            continue;
        }
        const auto architecture = space.architecture(row.genome);
        const auto costs = space.costs(architecture);
        data.networks.push_back(std::move(sample));
        data.ids.push_back(search_spaces::has_digits(space) ? search_spaces::to_digits(space, architecture)
                                                            : architecture.id());
        data.macs.push_back(static_cast<double>(costs.macs));
        data.parameters.push_back(static_cast<double>(costs.parameters));
        if (row.macs || row.parameters) {
            ++data.costs_given;
            const bool equal = row.macs.value_or(data.macs.back()) == data.macs.back() &&
                               row.parameters.value_or(data.parameters.back()) == data.parameters.back();
            data.costs_equal += equal ? 1 : 0;
            if (!equal) {
                data.costs_differ.push_back(row.name);
            }
        }
    }
    data.truth = std::move(truth);
    return data;
}

/// The noise's column, and that of the rise of the loss where one is named; empty: the usual ones.
std::vector<std::string> columns_of(const Arguments& arguments) {
    if (!arguments.has("quality")) {
        return {};
    }
    const std::string text = arguments.value("quality");
    const auto comma = text.find(',');
    if (comma == std::string::npos) {
        return {text};
    }
    if (text.find(',', comma + 1) != std::string::npos) {
        throw support::UsageError(fmt::format("--quality: '{}' names more than two columns", text));
    }
    return {text.substr(0, comma), text.substr(comma + 1)};
}

std::vector<std::size_t> sizes_of(const Arguments& arguments, std::size_t networks) {
    constexpr std::int64_t most = 1'000'000;
    std::vector<std::size_t> sizes;
    if (!arguments.has("samples")) {
        for (const std::size_t size : {0U, 10U, 20U, 30U, 50U, 100U}) {
            if (size == 0 || 2 * size <= networks) {
                sizes.push_back(size);
            }
        }
        return sizes;
    }
    std::string text = arguments.value("samples");
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        sizes.push_back(
            static_cast<std::size_t>(whole_number(text.substr(at, comma - at), "samples", 0, most)));
        at = comma + 1;
    }
    return sizes;
}

std::string shown(const Spread& s, int digits, double factor = 1) {
    if (!std::isfinite(s.mean)) {
        return "-";
    }
    return fmt::format("{:.{}f} +- {:.{}f}", factor * s.mean, digits, factor * s.deviation, digits);
}

/// One line a size, e.g. "samples 20  tau 0.843 +- 0.009  rho ...".
std::string line_of(const RankRow& row) {
    std::string text = fmt::format("samples {:<4} tau {:<16} rho {:<16} top-decile tau {:<16}", row.samples,
                                   shown(row.tau, 3), shown(row.rho, 3), shown(row.top_tau, 3));
    for (std::size_t k = 0; k < row.precision.size(); ++k) {
        text += fmt::format(" p@{} {:<14}", predictors::precision_tops[k], shown(row.precision[k], 2));
    }
    return text + fmt::format(" RMSE {}\n", shown(row.rmse, 2, 100));
}

std::string regret_text(const std::vector<RankRow>& rows, std::string_view accuracy_name) {
    support::TextTable table({"samples", "budget, MACs", "networks", "best, %", "top 1", "top 5", "top 10"});
    for (const RankRow& row : rows) {
        for (const auto& regret : row.regret) {
            std::vector<std::string> cells = {
                std::to_string(row.samples), regret.macs ? support::si(*regret.macs) : "any",
                std::to_string(regret.networks), fmt::format("{:.2f}", 100 * regret.best)};
            for (const Spread& s : regret.of_top) {
                cells.push_back(std::isfinite(s.mean) ? fmt::format("{:.2f}", 100 * s.mean) : "-");
            }
            table.add(std::move(cells));
        }
    }
    return fmt::format("Taking the best of the k that are predicted best loses in {} (mean, points)\n{}",
                       accuracy_name, table.text());
}

ordered_json spread_json(const Spread& s) {
    return {{"mean", s.mean}, {"deviation", s.deviation}}; // NaN becomes null
}

ordered_json rows_json(const std::vector<RankRow>& rows) {
    ordered_json list = ordered_json::array();
    for (const RankRow& row : rows) {
        ordered_json one = {{"samples", row.samples},
                            {"draws", row.draws},
                            {"tau", spread_json(row.tau)},
                            {"rho", spread_json(row.rho)},
                            {"top_tau", spread_json(row.top_tau)},
                            {"rmse", spread_json(row.rmse)}};
        for (std::size_t k = 0; k < row.precision.size(); ++k) {
            one[fmt::format("precision_at_{}", predictors::precision_tops[k])] =
                spread_json(row.precision[k]);
        }
        for (const auto& regret : row.regret) {
            ordered_json r = {{"macs", regret.macs ? ordered_json(*regret.macs) : ordered_json()},
                              {"networks", regret.networks},
                              {"best", regret.best}};
            for (std::size_t k = 0; k < regret.of_top.size(); ++k) {
                r[fmt::format("top_{}", predictors::regret_tops[k])] = spread_json(regret.of_top[k]);
            }
            one["regret"].push_back(std::move(r));
        }
        list.push_back(std::move(one));
    }
    return list;
}

support::CsvTable predicted_csv(const Ranked& data, const std::vector<RankRow>& rows) {
    support::CsvTable table;
    table.header = {"network", "accuracy", "macs", "parameters"};
    for (const RankRow& row : rows) {
        table.header.push_back(fmt::format("predicted_{}", row.samples));
    }
    for (std::size_t i = 0; i < data.networks.size(); ++i) {
        std::vector<std::string> cells = {data.ids[i], support::number(data.networks[i].accuracy),
                                          support::number(data.macs[i]), support::number(data.parameters[i])};
        for (const RankRow& row : rows) {
            cells.push_back(std::isfinite(row.predicted[i]) ? support::number(row.predicted[i]) : "");
        }
        table.add(std::move(cells));
    }
    return table;
}

support::CsvTable measures_csv(const std::vector<RankRow>& rows) {
    support::CsvTable table;
    table.header = {"samples", "draws", "measure", "mean", "deviation"};
    for (const RankRow& row : rows) {
        const auto add = [&](const std::string& name, const Spread& s) {
            const bool known = std::isfinite(s.mean);
            table.add({std::to_string(row.samples), std::to_string(row.draws), name,
                       known ? support::number(s.mean) : "", known ? support::number(s.deviation) : ""});
        };
        add("tau", row.tau);
        add("rho", row.rho);
        add("top_tau", row.top_tau);
        add("rmse", row.rmse);
        for (std::size_t k = 0; k < row.precision.size(); ++k) {
            add(fmt::format("precision_at_{}", predictors::precision_tops[k]), row.precision[k]);
        }
        for (const auto& regret : row.regret) {
            for (std::size_t k = 0; k < regret.of_top.size(); ++k) {
                add(fmt::format("regret_top_{}{}", predictors::regret_tops[k],
                                regret.macs ? fmt::format("_within_{:.0f}_macs", *regret.macs) : ""),
                    regret.of_top[k]);
            }
        }
    }
    return table;
}

std::string predicted_svg(const Ranked& data, const RankRow& row) {
    support::Plot plot;
    const bool fitted = row.samples > 0;
    plot.title = fitted
                     ? fmt::format("Fitted on {} networks, {} draws: those left out", row.samples, row.draws)
                     : "Qualities alone";
    plot.x_label = fitted ? fmt::format("predicted {}, %", data.accuracy_name)
                          : "expected order (minus what all blocks cost)";
    plot.y_label = fmt::format("known {}, %", data.accuracy_name);
    support::Series points;
    points.name = fmt::format("tau {:.3f}", row.tau.mean);
    for (std::size_t i = 0; i < data.networks.size(); ++i) {
        points.points.emplace_back(row.predicted[i] * (fitted ? 100 : 1), 100 * data.networks[i].accuracy);
        points.labels.push_back(data.ids[i]);
    }
    plot.series = {points};
    return plot.svg();
}

void write_ranks(const std::filesystem::path& folder, const Ranked& data, const std::vector<RankRow>& rows) {
    support::write_atomically(folder / "predicted.csv", predicted_csv(data, rows).text());
    support::write_atomically(folder / "measures.csv", measures_csv(rows).text());
    for (const RankRow& row : rows) {
        support::write_atomically(folder / fmt::format("predicted-{}.svg", row.samples),
                                  predicted_svg(data, row));
    }
    support::info("written to {}", folder.string());
}

std::string costs_text(const Ranked& data) {
    if (data.costs_given == 0) {
        return "Costs     the table has neither parameters nor MACs\n";
    }
    std::string text = fmt::format("Costs     {} of {} rows: parameters and MACs equal to the table's\n",
                                   data.costs_equal, data.costs_given);
    for (std::size_t i = 0; i < std::min<std::size_t>(5, data.costs_differ.size()); ++i) {
        text += fmt::format("          {} differs\n", data.costs_differ[i]);
    }
    return text;
}

int rank(const Arguments& given) {
    Arguments arguments = given;
    if (arguments.has("space")) {
        if (!arguments.operand.empty()) {
            throw support::UsageError("--space and a configuration say the same: give one of them");
        }
        arguments.operand = arguments.value("space");
    }
    if (!arguments.has("truth")) {
        throw support::UsageError("name the known accuracies: tessera rank CONFIG --truth TABLE");
    }
    const nas::Configuration configuration = load_configuration(arguments, load_document(arguments));
    const std::filesystem::path qualities =
        arguments.has("qualities") ? std::filesystem::path(arguments.value("qualities"))
                                   : run_folder(arguments, configuration) / "library/library.csv";
    predictors::RankOptions options;
    options.fit = configuration.fit;
    options.draws = static_cast<std::size_t>(
        arguments.has("draws") ? whole_number(arguments.value("draws"), "draws", 1, 100'000) : 50);
    options.seed = static_cast<std::uint64_t>(configuration.seed);

    const Ranked data = rank_data(configuration, qualities, columns_of(arguments),
                                  predictors::read_accuracies(truth_options(arguments), configuration.space));
    options.sizes = sizes_of(arguments, data.networks.size());
    const auto rows = predictors::study_ranking(data.networks, data.macs, options);

    std::string text = describe_accuracies(data.truth, arguments.value("truth"));
    if (data.unusable > 0) {
        text += fmt::format("          {} of them hold a choice without a quality and are left out\n",
                            data.unusable);
    }
    if (arguments.has("check-costs")) {
        text += costs_text(data);
    }
    text +=
        fmt::format("Ranking   networks that were not fitted on; mean +- standard deviation over {} draws of "
                    "the samples; RMSE in points\n\n",
                    options.draws);
    for (const RankRow& row : rows) {
        text += line_of(row);
    }
    text += '\n';
    text += regret_text(rows, data.accuracy_name);
    ordered_json json = accuracies_json(data.truth, arguments.value("truth"));
    if (arguments.has("check-costs")) {
        json["costs"] = {
            {"given", data.costs_given}, {"equal", data.costs_equal}, {"differ", data.costs_differ}};
    }
    json["unusable"] = data.unusable;
    json["qualities"] = qualities.string();
    json["sizes"] = rows_json(rows);
    print(arguments, text, json.dump(1));
    if (arguments.has("out")) {
        write_ranks(arguments.value("out"), data, rows);
    }
    return 0;
}

} // namespace

Command rank_command() {
    Command command{
        "rank",
        "says how well qualities and a predictor fitted to few networks order networks of known accuracy",
        "  tessera rank --run runs/cifar10 --truth results.csv\n"
        "  tessera rank --space configs/nas-bench-macro.yaml --qualities library.csv --truth table.json \\\n"
        "      --samples 0,10,20,30,50,100 --draws 50 --check-costs --out ranks\n"
        "  tessera rank my.yaml --truth errors.csv --accuracy-column err --direction minimize --unit "
        "percent\n",
        rank,
        {{"truth", "FILE", "known accuracies (CSV or JSON): of networks as digits or as canonical text"},
         {"space", "FILE", "the configuration, as an option"},
         {"qualities", "FILE", "quality of every block's choices (default: the run's library/library.csv)"},
         {"quality", "COLUMN[,COLUMN]",
          "its columns: a noise, and a rise of the loss to go with it; 0 for the reference's own choice, the "
          "smaller the better (default: nsr, and loss_rise where it is there)"},
         {"samples", "N,N", "how many networks are fitted on; 0: none (default: 0,10,20,30,50,100)"},
         {"draws", "N", "random draws of them (default: 50)"},
         {"check-costs", "", "also compare the table's parameters and MACs with this program's"},
         {"out", "DIR", "write predicted.csv, measures.csv and a scatter plot for each size there"}}};
    const auto columns = accuracy_options();
    command.options.insert(command.options.end(), columns.begin(), columns.end());
    return command;
}

} // namespace tessera::cli
