// status: which stages of a run are done.
#include <fmt/format.h>

#include "cli/command.h"
#include "nas/stage.h"
#include "support/error.h"
#include "support/table.h"

namespace tessera::cli {

Command status_command() {
    return {"status", "shows which stages of a run are done, out of date or missing",
            "  tessera status --run runs/quickstart\n", [](const Arguments& arguments) {
                const support::Document document = load_document(arguments);
                const nas::Configuration configuration = nas::Configuration::read(document);
                nas::RunFolder run(run_folder(arguments, configuration), true);
                if (!std::filesystem::is_directory(run.path())) {
                    throw support::RunError(fmt::format("{}: no such run folder", run.path().string()));
                }
                const nas::StageContext context(configuration, run);
                support::TextTable table({"stage", "state", "meaning"});
                nlohmann::json json = nlohmann::json::array();
                for (const nas::Stage& stage : nas::stages()) {
                    const nas::StageState state = nas::state_of_stage(stage, context);
                    const std::string text = state == nas::StageState::done    ? "done"
                                             : state == nas::StageState::stale ? "out of date"
                                             : state == nas::StageState::damaged
                                                 ? "damaged: " + run.damage(stage.name)
                                                 : "missing";
                    table.add({stage.name, text, stage.meaning});
                    json.push_back({{"stage", stage.name}, {"state", text}});
                }
                const std::string holder = support::FolderLock::holder(run.path());
                print(arguments,
                      fmt::format("{}{}\n{}", run.path().string(),
                                  holder.empty() ? "" : fmt::format(" ({} is working in it)", holder),
                                  table.text()),
                      json.dump(1));
                return 0;
            }};
}

} // namespace tessera::cli
