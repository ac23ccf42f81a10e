// teach, distil, measure, sample, fit, search, finetune, export, report: one stage of a run. And run: all of
// them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/accuracies.h"
#include "cli/command.h"
#include "cli/overrides.h"
#include "cli/probes.h"
#include "nas/description.h"
#include "nas/dry_run.h"
#include "nas/stage_plan.h"
#include "support/error.h"
#include "support/files.h"
#include "support/log.h"

namespace tessera::cli {

namespace {

/// Stages named by --redo, which have to be among those of the command.
std::set<std::string> stages_to_redo(const Arguments& arguments, const std::vector<std::string>& stages) {
    std::set<std::string> redo;
    for (const std::string& name : arguments.values("redo")) {
        if (std::find(stages.begin(), stages.end(), name) == stages.end()) {
            const std::string near = support::nearest(name, stages);
            throw support::UsageError(
                fmt::format("--redo {}: `tessera {}` has no such stage{}", name, arguments.command,
                            near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
        }
        redo.insert(name);
    }
    return redo;
}

const std::vector<Option>& stage_options() {
    static const std::vector<Option> options = {
        {"dry-run", "",
         "say which stages would run, why, and what time, memory and disk they take; run nothing"},
        {"redo", "STAGE",
         "do a stage again, and what depends on it; results made the same way are kept; may be repeated",
         true},
    };
    return options;
}

/// Opens the run, stores the configuration in it, and calls `body`. With --dry-run only says what `stages`
/// would do.
int in_run(const Arguments& arguments, const std::vector<std::string>& stages,
           const std::function<void(nas::StageContext&)>& body) {
    const support::Document document = load_document(arguments);
    const nas::Configuration configuration = load_configuration(arguments, document);
    // Bounds that the space can never meet are said before anything is spent.
    nas::known_costs(configuration).tables.check_reachable(configuration.search.objectives);
    const bool dry = arguments.has("dry-run");
    nas::RunFolder run(run_folder(arguments, configuration), dry);
    configuration.check_outside(run.record("teach").has_value(), run.record("measure").has_value(),
                                run.record("sample").has_value());
    nas::StageContext context(configuration, run);
    context.redo = stages_to_redo(arguments, stages);
    if (dry) {
        const nas::Outcome outcome = nas::dry_run(context, stages);
        print(arguments, outcome.text, outcome.json.dump(1));
        return 0;
    }
    if (configuration.device != "auto") {
        context.device(); // a device that is not there is said before anything is spent
    }
    nas::refuse_to_discard(context, stages);
    support::log_to(run / "log.jsonl");
    const auto stored = run / "config.yaml";
    const std::string before = std::filesystem::exists(stored) ? support::read_file(stored) : std::string();
    support::write_atomically(stored, document.resolved());
    try {
        nas::warn_of_long_run(context, stages);
        body(context);
    } catch (const support::Error& error) {
        // What was refused is not what the run is to go on with.
        const bool refused =
            error.code() == support::ExitCode::usage || error.code() == support::ExitCode::infeasible;
        if (refused && !before.empty()) {
            support::write_atomically(stored, before);
        }
        throw;
    }
    return 0;
}

/// Whether the blocks are made by the program; then they are not known before it has.
bool has_construction(const Arguments& arguments) { return load_document(arguments).root().has("construct"); }

/// `--pick` is short for `--set finetune.pick=[...]`.
Arguments with_picks(Arguments arguments) {
    std::string list;
    for (const std::string& pick : arguments.values("pick")) {
        list += (list.empty() ? "" : ", ") + yaml_text(pick);
    }
    if (!list.empty()) {
        arguments.set.push_back("finetune.pick=[" + list + "]");
    }
    return arguments;
}

} // namespace

Command stage_command(const std::string& name) {
    const nas::Stage& stage = nas::stage(name);
    Command command{name, stage.meaning,
                    fmt::format("  tessera {0} configs/quickstart.yaml\n"
                                "  tessera {0} --run runs/quickstart --json\n",
                                name),
                    [name](const Arguments& arguments) {
                        if (arguments.has("emit")) {
                            return emit_probes(arguments);
                        }
                        const Arguments long_forms = with_accuracies(with_table(with_picks(arguments)));
                        std::vector<std::string> names = {name};
                        if (arguments.has("accuracies")) {
                            names.insert(names.begin(), "sample"); // reads them, with nothing to train
                        }
                        return in_run(long_forms, names, [&](nas::StageContext& context) {
                            for (const std::string& each : names) {
                                nas::run_stage(nas::stage(each), context);
                            }
                            const nas::Outcome outcome = nas::stage(name).outcome(context);
                            print(arguments, outcome.text, outcome.json.dump(1));
                        });
                    }};
    command.options = stage_options();
    if (name == "finetune") {
        command.options.push_back(
            {"pick", "POINT", "knee, all, spread:K, 'objective<=value', an id; may be repeated", true});
        command.examples +=
            "  tessera finetune --run runs/quickstart --pick knee --pick 'latency_cpu_ms<=5'\n";
    }
    if (name == "measure") {
        const auto options = probe_options();
        command.options.insert(command.options.end(), options.begin(), options.end());
        command.examples +=
            "  tessera measure configs/quickstart.yaml --emit probes\n"
            "  tessera measure configs/quickstart.yaml --from RESULTS.csv --device-name pixel7\n";
    }
    if (name == "fit") {
        command.options.push_back(
            {"accuracies", "FILE",
             "take the samples from known accuracies (CSV or JSON) instead of fine-tuning"});
        const auto options = accuracy_options();
        command.options.insert(command.options.end(), options.begin(), options.end());
        command.examples += "  tessera fit configs/quickstart.yaml --accuracies results.csv --unit percent\n";
    }
    return command;
}

Command run_command() {
    return {"run", "walks through all stages; what is done is skipped, what was interrupted goes on",
            "  tessera run configs/quickstart.yaml\n"
            "  tessera run configs/cifar10.yaml --run runs/cifar10 --threads 2\n"
            "  tessera run --run runs/cifar10            # resume\n"
            "  tessera run configs/cifar10.yaml --dry-run\n"
            "  tessera run --run runs/cifar10 --set teach.epochs=20 --redo teach\n",
            [](const Arguments& arguments) {
                std::vector<std::string> names;
                for (const nas::Stage& stage : nas::stages()) {
                    names.push_back(stage.name);
                }
                Arguments rest = arguments;
                if (has_construction(arguments) && !arguments.has("dry-run")) {
                    // What comes after it knows its blocks only then.
                    in_run(arguments, names, [&](nas::StageContext& context) {
                        nas::run_stage(nas::stage("construct"), context);
                    });
                    std::erase(rest.own["redo"], "construct");
                    if (rest.own["redo"].empty()) {
                        rest.own.erase("redo");
                    }
                }
                return in_run(rest, names, [&](nas::StageContext& context) {
                    nlohmann::json json;
                    std::string text;
                    for (const nas::Stage* const stage : nas::stages_of(context.config)) {
                        nas::run_stage(*stage, context);
                        const nas::Outcome outcome = stage->outcome(context);
                        json[stage->name] = outcome.json;
                        if (!arguments.json) {
                            print(arguments, outcome.text + "\n", {});
                        }
                    }
                    json["run"] = context.run.path().string();
                    if (arguments.json) {
                        print(arguments, {}, json.dump(1));
                    }
                });
            },
            stage_options()};
}

} // namespace tessera::cli
