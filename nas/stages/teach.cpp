// teach: the reference network, trained or loaded.
#include <fmt/format.h>

#include "nas/export.h"
#include "nas/stage.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/hash.h"
#include "support/log.h"
#include "support/seed.h"
#include "support/table.h"
#include "training/state.h"

namespace tessera::nas {

namespace {

std::vector<std::string> teach_work(StageContext& context, const std::string& fingerprint) {
    const Configuration& config = context.config;
    search_spaces::Network network(config.space, config.space.reference());
    search_spaces::initialise(*network, support::derive_seed(context.seed, {"teach", "initialise"}));
    if (!config.teach.weights.empty()) {
        training::load_state(*network, training::read_safetensors(config.teach.weights).tensors,
                             config.teach.weights.string());
        if (!training::all_finite(training::state_of(*network))) {
            throw support::RunError(
                fmt::format("{}: holds weights that are not finite numbers", config.teach.weights.string()));
        }
    } else if (config.teach.train.epochs == 0) {
        support::warn("teach.epochs is 0 and there are no teach.weights: the reference stays untrained");
    }
    training::TrainContext train;
    train.device = context.device();
    train.threads = context.threads;
    train.seed = support::derive_seed(context.seed, {"teach"});
    train.label = "teach";
    train.checkpoint = context.run / "teach/checkpoint.safetensors";
    train.fingerprint = fingerprint;
    train.tuning = !config.teach.weights.empty();
    const auto draw = [&](const std::vector<training::EpochMetrics>& history) {
        support::write_atomically(context.run / "teach/metrics.csv", training::history_csv(history));
        support::write_atomically(
            context.run / "teach/metrics.svg",
            training::history_svg(history, config.name + ": the reference",
                                  training::task_of(config.space.head()).accuracy_name()));
    };
    train.after_epoch = draw; // to be looked at while it trains
    const auto result = training::train(network, context.data(), config.teach.train, train);

    const std::string architecture = config.space.reference().text();
    training::write_safetensors(
        context.run / "teach/weights.safetensors", training::state_of(*network),
        {{"schema", "tessera-weights-1"},
         {"architecture", architecture},
         {"architecture.yaml", architecture_yaml(config.space, config.space.reference())},
         {"fingerprint", fingerprint}});
    draw(result.history);
    const nlohmann::json json = {{"schema", "tessera-teach-1"},
                                 {"architecture", architecture},
                                 {"epochs", result.history.size()},
                                 {"validation_accuracy", result.validation_accuracy}};
    support::write_atomically(context.run / "teach/result.json", json.dump(2) + "\n");
    std::error_code ignored;
    std::filesystem::remove(train.checkpoint, ignored);
    return {"teach/weights.safetensors", "teach/result.json"};
}

Outcome teach_outcome(StageContext& context) {
    const auto json = nlohmann::json::parse(support::read_file(context.run / "teach/result.json"));
    return {fmt::format("Reference: validation {} {:.2f} % after {}\n  weights  {}\n  curve    {}\n",
                        training::task_of(context.config.space.head()).accuracy_name(),
                        100 * json.at("validation_accuracy").get<double>(),
                        support::counted(json.at("epochs").get<std::int64_t>(), "epoch"),
                        (context.run / "teach/weights.safetensors").string(),
                        (context.run / "teach/metrics.svg").string()),
            json};
}

Inputs teach_inputs(const Configuration& config) {
    Inputs inputs = {{"space.skeleton", config.space.skeleton_hash()},
                     {"space.reference", config.space.reference().text()},
                     {"data", config.texts.data},
                     {"teach", config.texts.teach}};
    // It changes no weight's shape, so the skeleton does not tell it, and means something in training alone.
    const double dropout = config.space.head().dropout;
    if (dropout > 0 && config.teach.train.epochs > 0) {
        inputs["space.head.dropout"] = support::number(dropout);
    }
    return inputs;
}

} // namespace

Stage teach_stage() {
    return {"teach",
            "trains the reference network",
            {"construct"},
            teach_inputs,
            teach_work,
            teach_outcome,
            [](const Configuration& c) {
                std::map<std::string, std::filesystem::path> files;
                if (!c.teach.weights.empty()) {
                    files["content of teach.weights"] = c.teach.weights;
                }
                return files;
            },
            true,
            true};
}

} // namespace tessera::nas
