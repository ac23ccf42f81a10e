#include "predictors/learning_rate.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "predictors/rate_grid.h"
#include "support/files.h"
#include "support/log.h"

namespace tessera::predictors {

namespace {

/// What a pilot counts as at most, and one that is not finite.
constexpr double kWorstPilot = 100;

std::vector<Task> pilots_of(const PassContext& context) {
    constexpr std::size_t kPerBlock = 2;
    std::vector<Task> pilots;
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        const auto& block = context.space.blocks()[b];
        const std::size_t count = block.choices.size();
        support::Rng rng(support::derive_seed(context.seed, {"distil", "pilot", block.name}));
        for (std::size_t k = 0; k < kPerBlock && count > 1; ++k) {
            pilots.push_back({b, 1 + rng.below(count - 1)});
        }
    }
    return pilots;
}

/// Mean log NSR of all pilots at each of the rates.
std::vector<double> pilot_scores(const PassContext& context, PassPlanner& planner,
                                 const std::vector<Task>& pilots, const std::vector<double>& rates) {
    std::vector<Task> tasks;
    for (Task pilot : pilots) {
        for (const double rate : rates) {
            pilot.learning_rate = rate;
            tasks.push_back(pilot);
        }
    }
    const std::int64_t steps = std::min(context.options.pilot_batches, steps_of(context));
    support::Progress progress("distil: learning rate", steps * static_cast<std::int64_t>(tasks.size()),
                               "steps");
    std::vector<double> scores(rates.size(), 0);
    std::size_t done = 0; // groups keep the tasks in their order
    for (const TaskGroup& group : planner.plan(tasks)) {
        const auto owned = make_students(context, group.tasks);
        const auto students = pointers_to(owned);
        train_together(context, students, steps, progress);
        settle_and_evaluate(context, students);
        for (const Student* s : students) {
            const double nsr = s->nsr(context.variance[s->block()]);
            const double counted = std::isfinite(nsr) ? std::clamp(nsr, 1e-12, kWorstPilot) : kWorstPilot;
            scores[done++ % rates.size()] += std::log(counted) / static_cast<double>(pilots.size());
        }
    }
    return scores;
}

} // namespace

double search_learning_rate(const PassContext& context, PassPlanner& planner) {
    const std::vector<Task> pilots = pilots_of(context);
    const double best = best_rate(
        [&](const std::vector<double>& rates) { return pilot_scores(context, planner, pilots, rates); });
    support::info("learning rate {} ({} choices, {} batches each)", best, pilots.size(),
                  std::min(context.options.pilot_batches, steps_of(context)));
    return best;
}

double library_learning_rate(const PassContext& context, PassPlanner& planner, const BlockLibrary& library) {
    if (context.options.learning_rate > 0) {
        return context.options.learning_rate;
    }
    const auto file = library.folder() / "learning_rate.json";
    if (std::filesystem::exists(file)) {
        const auto json = nlohmann::json::parse(support::read_file(file), nullptr, false);
        if (json.is_object() && json.value("fingerprint", "") == library.fingerprint() &&
            json.contains("learning_rate") && json["learning_rate"].is_number()) {
            const double rate = json["learning_rate"];
            if (rate > 0 && rate <= 10) {
                return rate;
            }
        }
    }
    const double rate = search_learning_rate(context, planner);
    support::write_atomically(file, nlohmann::json{{"schema", "tessera-learning-rate-1"},
                                                   {"fingerprint", library.fingerprint()},
                                                   {"learning_rate", rate}}
                                            .dump(2) +
                                        "\n");
    return rate;
}

} // namespace tessera::predictors
