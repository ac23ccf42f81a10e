#include "nas/dry_run.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/stage_estimates.h"
#include "nas/stage_plan.h"
#include "support/log.h"
#include "support/table.h"

namespace tessera::nas {
namespace {

constexpr double day = 24 * 3600;

std::string bytes_text(std::int64_t bytes) {
    const std::string text = support::si(static_cast<double>(bytes));
    return text + (text.back() >= '0' && text.back() <= '9' ? " B" : "B");
}

std::string duration_text(double seconds) { return seconds < 1 ? "< 1 s" : support::duration(seconds); }

/// What there is free where the run will be.
std::int64_t free_bytes(std::filesystem::path folder) {
    std::error_code error;
    while (!std::filesystem::exists(folder, error) && folder.has_parent_path()) {
        folder = folder.parent_path();
    }
    const auto space = std::filesystem::space(folder.empty() ? "." : folder, error);
    return error ? -1 : static_cast<std::int64_t>(space.available);
}

bool wanted(const PlannedStage& step, const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), step.stage->name) != names.end();
}

} // namespace

Outcome dry_run(StageContext& context, const std::vector<std::string>& names) {
    const std::vector<PlannedStage> plan = plan_stages(context);
    const bool works = std::any_of(
        plan.begin(), plan.end(), [&](const PlannedStage& step) { return step.runs && wanted(step, names); });
    const bool asks = discarded_by(plan, context, names).needs_asking();
    std::map<std::string, StageEstimate> estimates;
    if (works) {
        const auto images = training::count_images(context.config.data, context.config.space.classes(),
                                                   training::Remarks::of_layout);
        estimates =
            estimate_stages(context.config, measure_speed(context), images, standing_of(context, images));
    }
    support::TextTable table({"stage", "runs", "because", "time", "memory", "disk"});
    Outcome outcome;
    outcome.json = {{"run", context.run.path().string()}, {"stages", nlohmann::json::array()}};
    double seconds = 0;
    std::int64_t memory = 0, disk = 0;
    for (const PlannedStage& step : plan) {
        if (!wanted(step, names)) {
            continue;
        }
        std::string reasons = fmt::format("{}", fmt::join(step.reasons, ", "));
        if (step.discards && step.spent >= 1) {
            reasons += fmt::format("; discards {} of training{}", support::duration(step.spent),
                                   asks ? fmt::format(" (needs --redo {})", step.stage->name) : "");
        }
        nlohmann::json entry = {{"stage", step.stage->name}, {"runs", step.runs}, {"because", step.reasons}};
        if (step.runs) {
            const StageEstimate& e = estimates.at(step.stage->name);
            seconds += e.seconds;
            disk += e.disk_bytes;
            memory = std::max(memory, e.memory_bytes);
            table.add({step.stage->name, "yes", reasons, duration_text(e.seconds), bytes_text(e.memory_bytes),
                       bytes_text(e.disk_bytes)});
            entry["seconds"] = e.seconds;
            entry["memory_bytes"] = e.memory_bytes;
            entry["disk_bytes"] = e.disk_bytes;
        } else {
            table.add({step.stage->name, "no", reasons, "", "", ""});
        }
        outcome.json["stages"].push_back(entry);
    }
    outcome.text = table.text();
    if (works) {
        const std::int64_t free = free_bytes(context.run.path());
        outcome.text += fmt::format("\nAbout {} on {}, {} of memory, {} on disk{}. Nothing was run.\n",
                                    duration_text(seconds), support::counted(context.threads, "thread"),
                                    bytes_text(memory), bytes_text(disk),
                                    free < 0 ? "" : fmt::format(" ({} free)", bytes_text(free)));
        if (seconds > day) {
            outcome.text +=
                "That is more than a day: smaller budgets (train_limit, epochs, sample.count), fewer "
                "choices or a GPU make it less.\n";
        }
    } else {
        outcome.text += "\nNothing to do.\n";
    }
    outcome.json["seconds"] = seconds;
    outcome.json["memory_bytes"] = memory;
    outcome.json["disk_bytes"] = disk;
    return outcome;
}

void warn_of_long_run(StageContext& context, const std::vector<std::string>& names) {
    constexpr double short_run = 1e14; // MACs: a day at 1.2 thousand million a second, which any machine does
    const Configuration& config = context.config;
    const auto& space = config.space;
    const auto images = training::count_images(config.data, space.classes(), training::Remarks::kept_back);
    double distilled = 0;
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        for (const auto& choice : space.blocks()[b].choices) {
            distilled += static_cast<double>(space.block_costs(b, choice).macs);
        }
    }
    const auto reference = static_cast<double>(space.costs(space.reference()).macs);
    const auto images_of = [&](const training::TrainOptions& o) {
        return static_cast<double>(o.epochs * images_visited(o.train_limit, images.train));
    };
    const std::map<std::string, double> trained = {
        {"teach", reference * images_of(config.teach.train)},
        {"distil", distilled * static_cast<double>(config.distil.epochs *
                                                   images_visited(config.distil.train_limit, images.train))},
        {"sample", reference * static_cast<double>(config.sample.trained()) * images_of(config.sample.train)},
        {"finetune",
         reference * static_cast<double>(picks_expected(config)) * images_of(config.finetune.train)}};
    const auto plan = plan_stages(context);
    double macs = 0;
    for (const PlannedStage& step : plan) {
        const auto found = trained.find(step.stage->name);
        macs += found != trained.end() && step.runs && wanted(step, names) ? 3 * found->second : 0;
    }
    if (macs < short_run) {
        return;
    }
    const auto estimates =
        estimate_stages(config, measure_speed(context), images, standing_of(context, images));
    double seconds = 0;
    for (const PlannedStage& step : plan) {
        seconds += step.runs && wanted(step, names) ? estimates.at(step.stage->name).seconds : 0;
    }
    if (seconds > day) {
        support::warn("this will take about {} on {}; `--dry-run` shows where it goes",
                      support::duration(seconds), support::counted(context.threads, "thread"));
    }
}

} // namespace tessera::nas
