// status: which stages of a run are done.
#include <optional>

#include <fmt/format.h>

#include "cli/command.h"
#include "nas/stage.h"
#include "nas/standing.h"
#include "support/error.h"
#include "support/table.h"

namespace tessera::cli {
namespace {

/// Empty where it cannot be told now: the images have gone, or whoever works in the run has just moved a
/// file.
std::optional<nas::Standing> standing_in(const nas::StageContext& context) {
    try {
        const auto& config = context.config;
        return nas::standing_of(context, training::count_images(config.data, config.space.classes(),
                                                                training::Remarks::kept_back));
    } catch (const support::RunError&) { return std::nullopt; } catch (const support::UsageError&) {
        return std::nullopt;
    }
}

std::string state_text(const nas::Stage& stage, const nas::StageContext& context,
                       const std::optional<nas::Standing>& standing) {
    switch (nas::state_of_stage(stage, context)) {
    case nas::StageState::done:
        return "done";
    case nas::StageState::stale:
        return "out of date";
    case nas::StageState::damaged:
        return "damaged: " + context.run.damage(stage.name);
    case nas::StageState::missing:
        break;
    }
    const double share = standing ? nas::share_of(*standing, stage.name) : 0;
    return share > 0 ? fmt::format("begun, {:.0f} %", 100 * share) : "missing";
}

} // namespace

Command status_command() {
    return {"status", "shows which stages of a run are done, begun, out of date or missing",
            "  tessera status --run runs/quickstart\n", [](const Arguments& arguments) {
                const support::Document document = load_document(arguments);
                const nas::Configuration configuration = load_configuration(arguments, document);
                nas::RunFolder run(run_folder(arguments, configuration), true);
                if (!std::filesystem::is_directory(run.path())) {
                    throw support::RunError(fmt::format("{}: no such run folder", run.path().string()));
                }
                const nas::StageContext context(configuration, run);
                const auto standing = standing_in(context);
                support::TextTable table({"stage", "state", "meaning"});
                nlohmann::json json = nlohmann::json::array();
                for (const nas::Stage* const stage : nas::stages_of(configuration)) {
                    const std::string text = state_text(*stage, context, standing);
                    table.add({stage->name, text, stage->meaning});
                    json.push_back({{"stage", stage->name}, {"state", text}});
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
