#include "nas/stage_plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"
#include "support/table.h"

namespace tessera::nas {
namespace {

using support::KeyChange;

constexpr double worth_asking = 60; // seconds of training

bool kept(const KeyChange& change, const std::vector<std::string>& keeps) {
    return std::any_of(keeps.begin(), keeps.end(), [&](const std::string& key) {
        return change.path == key || change.path.starts_with(key + ".") || change.path.starts_with(key + "[");
    });
}

/// Hashes say nothing to a reader.
std::string told(const KeyChange& change) {
    if (change.path.starts_with("stage ")) {
        return fmt::format("{} was made anew", change.path.substr(6));
    }
    const bool hash = change.path == "space.skeleton" || change.path.starts_with("content of ");
    const bool unwieldy = change.before.size() + change.after.size() > 100;
    return hash || unwieldy ? change.path + " has changed" : change.text();
}

std::vector<std::string> told(const std::vector<KeyChange>& changes) {
    constexpr std::size_t most = 3;
    std::vector<std::string> result;
    for (const KeyChange& change : changes) {
        if (result.size() == most) {
            result.push_back(fmt::format("and {} more", changes.size() - most));
            break;
        }
        result.push_back(told(change));
    }
    return result;
}

} // namespace

std::vector<KeyChange> changes_of(const Stage& stage, const StageContext& context) {
    const auto record = context.run.record(stage.name);
    const Inputs now = made_from(stage, context);
    std::vector<KeyChange> result;
    if (!record || now.empty()) {
        return result;
    }
    for (const auto& [name, text] : now) {
        const auto before = record->made_from.find(name);
        const std::string old = before == record->made_from.end() ? "" : before->second;
        if (old != text) {
            const auto differing = support::differences(old, text, name);
            result.insert(result.end(), differing.begin(), differing.end());
        }
    }
    for (const auto& [name, text] : record->made_from) {
        if (!now.contains(name)) {
            result.push_back({name, text, ""});
        }
    }
    return result;
}

bool discards_training(const Stage& stage, const StageContext& context) {
    if (!stage.trains) {
        return false;
    }
    const auto changes = changes_of(stage, context);
    return std::any_of(changes.begin(), changes.end(),
                       [&](const KeyChange& change) { return !kept(change, stage.keeps); });
}

std::vector<std::string> dependents_of(const std::string& name) {
    std::vector<std::string> result = {name};
    for (const Stage& stage : stages()) { // in order: what a stage needs comes before it
        const bool depends =
            std::any_of(stage.needs.begin(), stage.needs.end(), [&](const std::string& above) {
                return std::find(result.begin(), result.end(), above) != result.end();
            });
        if (depends) {
            result.push_back(stage.name);
        }
    }
    return result;
}

std::vector<PlannedStage> plan_stages(const StageContext& context, const std::set<std::string>& redo) {
    std::set<std::string> asked;
    for (const std::string& name : redo) {
        for (const std::string& dependent : dependents_of(name)) {
            asked.insert(dependent);
        }
    }
    std::vector<PlannedStage> plan;
    std::set<std::string> running;
    for (const Stage& stage : stages()) {
        PlannedStage step{&stage, true, {}, false, 0};
        if (const auto record = context.run.record(stage.name)) {
            step.spent = context.run.seconds(stage.name, record->fingerprint);
        }
        const auto state = state_of_stage(stage, context);
        const auto above = std::find_if(stage.needs.begin(), stage.needs.end(),
                                        [&](const std::string& name) { return running.contains(name); });
        if (redo.contains(stage.name)) {
            step.reasons = {"--redo"};
        } else if (state == StageState::damaged) {
            step.reasons = {context.run.damage(stage.name)};
        } else if (state == StageState::missing) {
            step.reasons = {"not done yet"};
        } else if (above != stage.needs.end()) {
            step.reasons = {fmt::format("{} runs before it", *above)};
        } else if (state == StageState::stale) {
            step.reasons = told(changes_of(stage, context));
            step.discards = !asked.contains(stage.name) && discards_training(stage, context);
        } else {
            step.runs = false;
            step.reasons = {"up to date"};
        }
        if (step.runs) {
            running.insert(stage.name);
        }
        plan.push_back(std::move(step));
    }
    return plan;
}

void refuse_to_discard(const Stage& stage, const StageContext& context) {
    const auto record = context.run.record(stage.name);
    if (!record || !discards_training(stage, context)) {
        return;
    }
    const double spent = context.run.seconds(stage.name, record->fingerprint);
    if (spent < worth_asking) {
        return;
    }
    throw support::UsageError(fmt::format(
        "{} would be done again and what it has trained in {} discarded: {}; add --redo {} to do so, or "
        "name another --run to keep both",
        stage.name, support::duration(spent), fmt::join(told(changes_of(stage, context)), ", "), stage.name));
}

} // namespace tessera::nas
