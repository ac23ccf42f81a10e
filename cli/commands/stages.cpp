// teach, distil, measure, sample, fit, search, finetune, export, report: one stage of a run. And run: all of
// them.
#include <fmt/format.h>

#include "cli/command.h"
#include "nas/objective_tables.h"
#include "nas/stage.h"
#include "support/files.h"
#include "support/log.h"

namespace tessera::cli {

namespace {

/// Opens the run, stores the configuration in it, and calls `body`.
int in_run(const Arguments& arguments, const std::function<void(nas::StageContext&)>& body) {
    const support::Document document = load_document(arguments);
    const nas::Configuration configuration = nas::Configuration::read(document);
    // Bounds that the space can never meet are said before anything is spent.
    nas::ObjectiveTables(configuration.space).check_reachable(configuration.search.objectives);
    nas::RunFolder run(run_folder(arguments, configuration));
    support::log_to(run / "log.jsonl");
    support::write_atomically(run / "config.yaml", document.resolved());
    nas::StageContext context(configuration, run);
    body(context);
    return 0;
}

} // namespace

Command stage_command(const std::string& name) {
    const nas::Stage& stage = nas::stage(name);
    std::string examples = fmt::format(
        "  tessera {0} configs/quickstart.yaml\n  tessera {0} --run runs/quickstart --json\n", name);
    if (name == "finetune") {
        examples += "  tessera finetune --run runs/quickstart --pick knee --pick 'latency_cpu_ms<=5'\n";
    }
    if (name == "search") {
        examples += "  tessera search --run runs/quickstart --set search.generations=100\n";
    }
    return {name, stage.meaning, examples, [name](const Arguments& arguments) {
                return in_run(arguments, [&](nas::StageContext& context) {
                    const nas::Stage& s = nas::stage(name);
                    nas::run_stage(s, context);
                    const nas::Outcome outcome = s.outcome(context);
                    print(arguments, outcome.text, outcome.json.dump(1));
                });
            }};
}

Command run_command() {
    return {"run", "walks through all stages; what is done is skipped, what was interrupted goes on",
            "  tessera run configs/quickstart.yaml\n"
            "  tessera run configs/cifar10.yaml --run runs/cifar10 --threads 2\n"
            "  tessera run --run runs/cifar10            # resume\n",
            [](const Arguments& arguments) {
                return in_run(arguments, [&](nas::StageContext& context) {
                    nlohmann::json json;
                    std::string text;
                    for (const nas::Stage& stage : nas::stages()) {
                        nas::run_stage(stage, context);
                        const nas::Outcome outcome = stage.outcome(context);
                        json[stage.name] = outcome.json;
                        if (!arguments.json) {
                            print(arguments, outcome.text + "\n", {});
                        }
                    }
                    json["run"] = context.run.path().string();
                    if (arguments.json) {
                        print(arguments, {}, json.dump(1));
                    }
                });
            }};
}

} // namespace tessera::cli
