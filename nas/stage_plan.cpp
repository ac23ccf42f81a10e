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
    const bool hash = change.path == "space.skeleton" || change.path.starts_with("content of ") ||
                      change.path.starts_with("files of ");
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

/// How the stage that there is, or was begun, was made.
std::optional<StageAttempt> made_before(const Stage& stage, const StageContext& context) {
    auto attempt = context.run.attempt(stage.name);
    const auto record = context.run.record(stage.name);
    if (!record) {
        return context.run.damage(stage.name).empty() ? attempt : std::nullopt;
    }
    const bool same = attempt && attempt->fingerprint == record->fingerprint;
    return StageAttempt{record->fingerprint, record->made_from, same ? attempt->seconds : 0};
}

} // namespace

std::vector<KeyChange> changes_of(const Stage& stage, const StageContext& context) {
    const auto earlier = made_before(stage, context);
    const Inputs now = made_from(stage, context);
    std::vector<KeyChange> result;
    if (!earlier || now.empty()) {
        return result;
    }
    for (const auto& [name, text] : now) {
        const auto before = earlier->made_from.find(name);
        const std::string old = before == earlier->made_from.end() ? "" : before->second;
        if (old != text) {
            const auto differing = support::differences(old, text, name);
            result.insert(result.end(), differing.begin(), differing.end());
        }
    }
    for (const auto& [name, text] : earlier->made_from) {
        if (!now.contains(name)) {
            result.push_back({name, text, ""});
        }
    }
    return result;
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

std::vector<PlannedStage> plan_stages(const StageContext& context) {
    std::set<std::string> asked;
    for (const std::string& name : context.redo) {
        for (const std::string& dependent : dependents_of(name)) {
            asked.insert(dependent);
        }
    }
    std::vector<PlannedStage> plan;
    std::set<std::string> running, changing, discarding;
    const auto first_in = [](const Stage& stage, const std::set<std::string>& set) {
        const auto found = std::find_if(stage.needs.begin(), stage.needs.end(),
                                        [&](const std::string& name) { return set.contains(name); });
        return found == stage.needs.end() ? std::string() : *found;
    };
    for (const Stage* const each : stages_of(context.config)) {
        const Stage& stage = *each;
        PlannedStage step{&stage, true, {}, false, 0};
        const auto earlier = made_before(stage, context);
        step.spent = earlier ? earlier->seconds : 0;
        const auto state = state_of_stage(stage, context);
        const auto changes = changes_of(stage, context);
        const std::string above = first_in(stage, running), changed_above = first_in(stage, changing);
        if (context.redo.contains(stage.name)) {
            step.reasons = {"--redo"};
        } else if (state == StageState::damaged) {
            step.reasons = {context.run.damage(stage.name)};
        } else if (!changes.empty()) {
            step.reasons = told(changes);
        } else if (state == StageState::missing) {
            step.reasons = {earlier ? "not finished yet" : "not done yet"};
        } else if (!above.empty()) {
            step.reasons = {fmt::format("{} runs before it", above)};
        } else {
            step.runs = false;
            step.reasons = {"up to date"};
        }
        if (step.runs) {
            running.insert(stage.name);
            if (!changes.empty() || !changed_above.empty()) {
                changing.insert(stage.name);
            }
        }
        const auto loses = [&](const KeyChange& change) { return !kept(change, stage.keeps); };
        const bool by_above =
            std::any_of(stage.needs.begin(), stage.needs.end(), [&](const std::string& name) {
                return discarding.contains(name) ||
                       (changing.contains(name) && loses({"stage " + name, "", ""}));
            });
        if (earlier && stage.trains && (by_above || std::any_of(changes.begin(), changes.end(), loses))) {
            discarding.insert(stage.name);
            step.discards = !asked.contains(stage.name);
        }
        plan.push_back(std::move(step));
    }
    return plan;
}

bool Discarded::needs_asking() const { return because != nullptr && seconds >= worth_asking; }

Discarded discarded_by(const std::vector<PlannedStage>& plan, const StageContext& context,
                       const std::vector<std::string>& names) {
    Discarded result;
    std::set<std::string> touched;
    for (const PlannedStage& step : plan) {
        if (step.runs && std::find(names.begin(), names.end(), step.stage->name) != names.end()) {
            if (result.because == nullptr && !changes_of(*step.stage, context).empty()) {
                result.because = step.stage;
            }
            for (const std::string& dependent : dependents_of(step.stage->name)) {
                touched.insert(dependent);
            }
        }
    }
    for (const PlannedStage& step : plan) {
        if (step.discards && touched.contains(step.stage->name) && step.spent > 0) {
            result.lost.push_back(&step);
            result.seconds += step.spent;
        }
    }
    return result;
}

void refuse_to_discard(const StageContext& context, const std::vector<std::string>& names) {
    const auto plan = plan_stages(context);
    const Discarded discarded = discarded_by(plan, context, names);
    if (!discarded.needs_asking()) {
        return;
    }
    std::vector<std::string> lost;
    for (const PlannedStage* step : discarded.lost) {
        lost.push_back(fmt::format("{} ({})", step->stage->name, support::duration(step->spent)));
    }
    throw support::UsageError(fmt::format("{}: this would discard what was trained: {}; add --redo {} to do "
                                          "so, or name another --run to keep both",
                                          fmt::join(told(changes_of(*discarded.because, context)), ", "),
                                          fmt::join(lost, ", "), discarded.because->name));
}

} // namespace tessera::nas
