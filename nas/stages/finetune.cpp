// finetune: chosen networks, trained to the end, tested, timed again.
#include <algorithm>

#include <fmt/format.h>

#include "nas/export.h"
#include "nas/fine_tuning.h"
#include "nas/front_files.h"
#include "nas/model_classes.h"
#include "nas/pick.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/table.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::nas {

namespace {

struct Pick {
    std::string group; ///< front, random, scaled, reference
    Point point;
};

/// Points of a group that no other of the group dominates.
std::vector<Point> best_of(const FrontFile& file, const std::vector<Point>& points) {
    const auto candidates = file.candidates(points);
    std::vector<Point> best;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const bool dominated = std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& other) {
            return dominates(other, candidates[i], file.objectives);
        });
        if (!dominated && points[i].feasible) {
            best.push_back(points[i]);
        }
    }
    return best;
}

/// `expression`, `random:expression`, `scaled:expression` or `reference`.
std::vector<Pick> picks_of(const FrontFile& file, const std::string& text) {
    std::string group = "front", expression = text;
    std::vector<Point> points = file.front;
    if (text == "reference") {
        points = file.reference;
        group = text;
        expression = "all";
    }
    for (const std::string name : {"random", "scaled"}) {
        if (!text.starts_with(name + ":")) {
            continue;
        }
        group = name;
        expression = text.substr(name.size() + 1);
        points = best_of(file, name == "random" ? file.random : file.scaled);
    }
    if (points.empty()) {
        throw support::UsageError(fmt::format("finetune.pick: {}: there are no {} points", text, group));
    }
    std::vector<std::string> ids;
    for (const Point& p : points) {
        ids.push_back(p.architecture.id());
    }
    std::vector<Pick> picks;
    for (const std::size_t i : pick(expression, file.candidates(points), file.objectives, ids)) {
        picks.push_back({group, points[i]});
    }
    return picks;
}

std::vector<std::string> latency_columns(const FrontFile& file) {
    std::vector<std::string> names;
    for (const auto& column : file.columns) {
        if (column.starts_with("latency_")) {
            names.push_back(column);
        }
    }
    return names;
}

/// A pinned table comes from another machine, or from an earlier day: its networks are not timed here.
bool timed_here(const StageContext& context) { return context.config.latency.table.file.empty(); }

/// In the order in which they are named, each once.
std::vector<Pick> all_picks(const FrontFile& file, const std::vector<std::string>& texts) {
    std::vector<Pick> picks;
    for (const std::string& text : texts) {
        for (Pick& p : picks_of(file, text)) {
            const bool twice = std::any_of(picks.begin(), picks.end(), [&](const Pick& other) {
                return other.point.architecture == p.point.architecture;
            });
            if (!twice) {
                picks.push_back(std::move(p));
            }
        }
    }
    return picks;
}

std::vector<search_spaces::Architecture> architectures_of(const std::vector<Pick>& picks) {
    std::vector<search_spaces::Architecture> architectures;
    for (const Pick& p : picks) {
        architectures.push_back(p.point.architecture);
    }
    return architectures;
}

std::vector<std::string> models_header(const std::vector<std::string>& latencies, bool depths) {
    std::vector<std::string> header = {"id",
                                       "architecture",
                                       "group",
                                       "predicted_accuracy",
                                       "accuracy_low",
                                       "accuracy_high",
                                       "initial_accuracy",
                                       "validation_accuracy",
                                       "test_accuracy"};
    if (depths) {
        header.insert(header.end(), {"test_abs_rel", "test_rmse"});
    }
    header.insert(header.end(), {"macs", "parameters"});
    for (const auto& name : latencies) {
        header.push_back("predicted_" + name);
        header.push_back("measured_" + name);
    }
    return header;
}

/// As it was trained, evaluation mode, on the context's device.
search_spaces::Network trained_network(StageContext& context,
                                       const search_spaces::Architecture& architecture) {
    const std::string id = architecture.id();
    search_spaces::Network network(context.config.space, architecture);
    training::load_state(
        *network, training::read_safetensors(context.run / ("models/" + id + "/weights.safetensors")).tensors,
        id);
    training::to_channels_last(*network);
    network->to(context.device());
    network->eval();
    return network;
}

/// The cell of `measured_<name>`; empty where that device is not here.
std::string measured_latency(StageContext& context, search_spaces::Network& network,
                             const std::string& name) {
    const bool cuda = name == "latency_cuda_ms";
    if (!timed_here(context) || (cuda && context.device().is_cpu())) {
        return {};
    }
    const Configuration& config = context.config;
    const auto timing = latency::time_network(network, config.space, cuda ? context.device() : torch::kCPU,
                                              config.latency.probe, context.threads);
    return support::number(timing.p50_ms);
}

/// A row of models.csv.
std::vector<std::string> model_row(StageContext& context, const FrontFile& file, const Pick& pick,
                                   const FineTuned& tuned, search_spaces::Network& network,
                                   const training::Evaluation& test) {
    const Point& point = pick.point;
    const auto costs = context.config.space.costs(point.architecture);
    std::vector<std::string> row = {point.architecture.id(),
                                    point.architecture.text(),
                                    pick.group,
                                    support::number(point.accuracy->accuracy),
                                    support::number(point.accuracy->low),
                                    support::number(point.accuracy->high),
                                    support::number(tuned.initial_accuracy),
                                    support::number(tuned.validation_accuracy),
                                    support::number(test.accuracy)};
    if (test.depth) {
        row.insert(row.end(), {support::number(test.depth->abs_rel), support::number(test.depth->rmse)});
    }
    row.insert(row.end(), {support::number(costs.macs), support::number(costs.parameters)});
    for (const auto& name : latency_columns(file)) {
        const auto column = std::find(file.columns.begin(), file.columns.end(), name) - file.columns.begin();
        row.push_back(support::number(point.values[static_cast<std::size_t>(column)]));
        row.push_back(measured_latency(context, network, name));
    }
    return row;
}

std::vector<std::string> finetune_work(StageContext& context, const std::string&) {
    const Configuration& config = context.config;
    const FrontFile file = FrontFile::load(context.run / "search/front.json");
    const std::vector<Pick> picks = all_picks(file, config.finetune.pick);
    const auto architectures = architectures_of(picks);
    const auto tuned = fine_tune(context, architectures, config.finetune.train, "models", true);

    support::CsvTable csv;
    csv.header = models_header(latency_columns(file), config.space.head().dense());
    std::vector<std::string> artefacts = {"models/models.csv"};
    for (std::size_t i = 0; i < picks.size(); ++i) {
        const std::string id = architectures[i].id();
        search_spaces::Network network = trained_network(context, architectures[i]);
        const training::Datasets& data = context.data();
        const auto test = training::evaluate(network, data.test, data.normalisation, context.device(),
                                             training::Confusions::counted);
        csv.add(model_row(context, file, picks[i], tuned[i], network, test));
        support::write_atomically(context.run / ("models/" + id + "/architecture.yaml"),
                                  architecture_yaml(config.space, architectures[i]));
        artefacts.push_back("models/" + id + "/weights.safetensors");
        if (test.confusion.classes() > 0) {
            support::write_atomically(context.run / class_file(id),
                                      class_csv(class_results(test.confusion, data.classes)).text());
            artefacts.push_back(class_file(id));
        }
    }
    support::write_atomically(context.run / "models/models.csv", csv.text());
    set_others_aside(context, architectures, "models");
    return artefacts;
}

/// A number where the cell is one.
nlohmann::json json_value(const std::string& cell) {
    const auto parsed = nlohmann::json::parse(cell, nullptr, /*allow_exceptions=*/false);
    return parsed.is_number() && cell.find_first_not_of("0123456789.-+e") == std::string::npos &&
                   cell.size() < 16
               ? parsed
           : cell.empty() ? nlohmann::json()
                          : nlohmann::json(cell);
}

Outcome finetune_outcome(StageContext& context) {
    const auto path = context.run / "models/models.csv";
    const auto csv = support::read_csv(path);
    const std::string source = path.string();
    std::vector<std::string> header = {"id", "from", "predicted", "validation", "test", "macs"};
    const std::vector<std::size_t> plain = plain_columns(csv);
    for (const std::size_t c : plain) {
        header.push_back(csv.header[c]);
    }
    const auto percent = [&](const std::vector<std::string>& row, const char* name) {
        return fmt::format("{:.2f} %", 100 * support::parse_number(row[csv.column(name, source)], name));
    };
    support::TextTable table(header);
    nlohmann::json json = nlohmann::json::array();
    for (const auto& row : csv.rows) {
        std::vector<std::string> cells = {
            row[csv.column("id", source)],
            row[csv.column("group", source)],
            percent(row, "predicted_accuracy"),
            percent(row, "validation_accuracy"),
            percent(row, "test_accuracy"),
            support::si(support::parse_number(row[csv.column("macs", source)], "macs"))};
        for (const std::size_t c : plain) {
            cells.push_back(row[c].empty() ? "-"
                                           : fmt::format("{:.3f}", support::parse_number(row[c], source)));
        }
        table.add(std::move(cells));
        nlohmann::json entry;
        for (std::size_t c = 0; c < csv.header.size(); ++c) {
            entry[csv.header[c]] = json_value(row[c]);
        }
        json.push_back(std::move(entry));
    }
    return {fmt::format("Models: {} predicted beside obtained\n",
                        training::task_of(context.config.space.head()).accuracy_name()) +
                table.text() + fmt::format("  table    {}\n", source) +
                class_summary(read_model_classes(context.run, csv)),
            json};
}

} // namespace

std::vector<search_spaces::Architecture> picked_architectures(const StageContext& context) {
    const FrontFile file = FrontFile::load(context.run / "search/front.json");
    return architectures_of(all_picks(file, context.config.finetune.pick));
}

Stage finetune_stage() {
    return {"finetune",
            "trains the chosen points of the front",
            {"teach", "distil", "search"},
            [](const Configuration& c) {
                return Inputs{{"finetune", c.texts.finetune}};
            },
            finetune_work,
            finetune_outcome,
            nullptr,
            false,
            true,
            {"stage distil", "stage search", "finetune.pick"}};
}

} // namespace tessera::nas
