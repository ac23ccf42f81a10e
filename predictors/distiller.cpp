#include "predictors/distiller.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "predictors/learning_rate.h"
#include "predictors/pass_checkpoints.h"
#include "predictors/statistics_collector.h"
#include "predictors/swapped_quality.h"
#include "support/log.h"
#include "training/device.h"
#include "training/state.h"

namespace tessera::predictors {

namespace {

constexpr double kRetryFactor = 0.1;
/// Predicting each channel's mean gives 1.
constexpr double kNothingLearnt = 1;

void store_reference(const PassContext& context, const BlockLibrary& library,
                     const training::TensorMap& reference_state) {
    std::vector<std::unique_ptr<Student>> owned;
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        if (!library.has(b, 0)) {
            const auto weights = training::with_prefix_removed(reference_state, fmt::format("block{}.", b));
            owned.push_back(std::make_unique<Student>(context.space, b, weights, context.device));
        }
    }
    if (owned.empty()) {
        return;
    }
    settle_and_evaluate(context, pointers_to(owned));
    for (const auto& s : owned) {
        library.store(
            s->block(), 0,
            {EntryStatus::reference, s->nsr(context.variance[s->block()]), 0, s->weights(), s->moments()});
    }
}

/// The choices of one call, from what is missing to the last entry.
class Distillation {
public:
    Distillation(const PassContext& context, const BlockLibrary& library)
        : context_(context), library_(library), checkpoints_(library, context.space) {}
    DistilReport run();

private:
    std::vector<Task> missing();
    /// As far as an earlier call came.
    void find_standing(Task& task) const;
    /// Trains and evaluates one group; stores what is fit to be stored; returns what has to be tried again.
    std::vector<Task> train(const TaskGroup& group, support::Progress& progress);
    void store(const Task& task, const Student& student, double nsr);
    std::string name(const Task& task) const;

    const PassContext& context_;
    const BlockLibrary& library_;
    const PassCheckpoints checkpoints_;
    DistilReport report_;
    std::int64_t unlearnt_ = 0;
    double worst_nsr_ = 0;
    std::string worst_;
};

std::string Distillation::name(const Task& task) const {
    const auto& block = context_.space.blocks()[task.block];
    return fmt::format("{} of block {}", block.choices[task.choice].text(), block.name);
}

std::vector<Task> Distillation::missing() {
    std::vector<Task> tasks;
    for (std::size_t b = 0; b < context_.space.blocks().size(); ++b) {
        for (std::size_t m = 1; m < context_.space.blocks()[b].choices.size(); ++m) {
            if (library_.has(b, m)) {
                ++report_.skipped;
            } else {
                tasks.push_back({b, m});
            }
        }
    }
    return tasks;
}

void Distillation::find_standing(Task& task) const {
    task.learning_rate = report_.learning_rate;
    const auto standing = checkpoints_.find(task.block, task.choice);
    if (standing && standing->step <= steps_of(context_) &&
        (standing->learning_rate == report_.learning_rate ||
         standing->learning_rate == report_.learning_rate * kRetryFactor)) {
        task.learning_rate = standing->learning_rate; // the lower one: its first try has diverged
        task.step = standing->step;
    }
}

void Distillation::store(const Task& task, const Student& student, double nsr) {
    TrainedChoice result{EntryStatus::trained, nsr, task.learning_rate, {}, {}};
    if (student.diverged(nsr)) {
        support::warn("{} diverged twice; it is marked unusable", name(task));
        result.status = EntryStatus::unusable;
        result.nsr = std::numeric_limits<double>::quiet_NaN();
        ++report_.unusable;
    } else {
        result.weights = student.weights();
        result.moments = student.moments();
        ++report_.trained;
        unlearnt_ += nsr > kNothingLearnt ? 1 : 0;
        if (nsr > worst_nsr_) {
            worst_nsr_ = nsr;
            worst_ = name(task);
        }
    }
    library_.store(task.block, task.choice, result);
    checkpoints_.remove(task.block, task.choice);
}

std::vector<Task> Distillation::train(const TaskGroup& group, support::Progress& progress) {
    const auto owned = make_students(context_, group.tasks);
    const auto students = pointers_to(owned);
    const std::int64_t first = group.tasks.front().step, steps = steps_of(context_);
    if (first > 0) {
        for (Student* s : students) {
            checkpoints_.load(*s);
        }
        support::info("distil: goes on at step {} of {} (choices: {})", first, steps, students.size());
    }
    train_together(context_, students, 0, progress, first, [&](std::int64_t step) {
        for (const Student* s : students) {
            checkpoints_.save(*s, step);
        }
    });
    settle_and_evaluate(context_, students);
    ++report_.groups;
    report_.planned_bytes = std::max(report_.planned_bytes, group.planned_bytes);
    report_.student_steps += (steps - first) * static_cast<std::int64_t>(students.size());

    std::vector<Task> again;
    for (std::size_t i = 0; i < students.size(); ++i) {
        const Task& task = group.tasks[i];
        const double nsr = students[i]->nsr(context_.variance[task.block]);
        if (students[i]->diverged(nsr) && task.learning_rate == report_.learning_rate) {
            support::warn("{} diverged; it is trained once more at a tenth of the learning rate", name(task));
            again.push_back({task.block, task.choice, task.learning_rate * kRetryFactor});
            checkpoints_.begin(task.block, task.choice, again.back().learning_rate);
        } else {
            store(task, *students[i], nsr);
        }
    }
    return again;
}

DistilReport Distillation::run() {
    std::vector<Task> tasks = missing();
    if (!tasks.empty()) {
        PassPlanner planner(context_);
        report_.learning_rate = library_learning_rate(context_, planner, library_);
        for (Task& task : tasks) {
            find_standing(task);
        }
        for (const char* heading = "distil"; !tasks.empty(); heading = "distil: once more") {
            const auto groups = planner.plan(tasks);
            std::int64_t done = 0;
            for (const Task& task : tasks) {
                done += task.step;
            }
            support::Progress progress(heading, steps_of(context_) * static_cast<std::int64_t>(tasks.size()),
                                       "steps", done);
            tasks.clear();
            for (const TaskGroup& group : groups) {
                const auto failed = train(group, progress);
                tasks.insert(tasks.end(), failed.begin(), failed.end());
            }
        }
    }
    for (std::size_t b = 0; b < context_.space.blocks().size(); ++b) {
        for (std::size_t m = 1; m < context_.space.blocks()[b].choices.size(); ++m) {
            checkpoints_.remove(b, m); // killed between an entry and this
        }
    }
    if (unlearnt_ > 0) {
        support::warn(
            "not learnt (noise-to-signal ratio above 1): {} of the choices, the worst {} with {:.3g}; "
            "raise distil.epochs",
            unlearnt_, worst_, worst_nsr_);
    }
    return report_;
}

/// Choices that are tried in the reference at a time: so many entries at most are lost when it is killed.
constexpr std::size_t kTriedAtOnce = 16;

/// Tries what has weights and has not been tried yet in the reference's place, on images spread over those of
/// the quality.
void inspect(PassContext& context, const BlockLibrary& library) {
    const std::int64_t held_out = held_out_count(context),
                       count = std::min(context.options.inspect_images, held_out);
    std::vector<std::pair<std::size_t, std::size_t>> choices;
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        for (std::size_t m = 0; m < context.space.blocks()[b].choices.size(); ++m) {
            const LibraryEntry entry = library.entry(b, m);
            if (entry.status != EntryStatus::unusable &&
                (!entry.inspected || entry.inspected->images != count)) {
                choices.emplace_back(b, m);
            }
        }
    }
    if (count == 0 || choices.empty()) {
        return;
    }
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < count; ++i) {
        rows.push_back(i * held_out / count);
    }
    const training::Dataset images = context.data.validation.subset(rows);
    for (std::size_t begin = 0; begin < choices.size(); begin += kTriedAtOnce) {
        const auto part = std::span(choices).subspan(begin, std::min(kTriedAtOnce, choices.size() - begin));
        const auto qualities = swapped_qualities(part, context.space, context.reference, library, images,
                                                 context.data.normalisation, context.device, context.workers,
                                                 /*statistics=*/true);
        for (std::size_t i = 0; i < part.size(); ++i) {
            const SwappedQuality& q = qualities[i];
            library.add(part[i].first, part[i].second, {count, q.loss_rise, q.dead_share, q.variance_loss});
        }
    }
}

/// Of the reference's filters, block by block; empty where choices start afresh.
std::vector<search_spaces::FilterScores> start_scores(const PassContext& context,
                                                      const StatisticsCollector* collector) {
    std::vector<search_spaces::FilterScores> scores;
    if (context.options.start == StudentStart::fresh) {
        return scores;
    }
    for (const auto& block : context.reference->blocks) {
        scores.push_back(search_spaces::magnitude_scores(*block));
    }
    for (std::size_t b = 0; b < scores.size() && context.options.start == StudentStart::random; ++b) {
        for (auto& [name, values] : scores[b]) {
            support::Rng rng(
                support::derive_seed(context.seed, {"distil", "start", std::to_string(b), name}));
            std::ranges::generate(values, [&] { return rng.uniform(); });
        }
    }
    if (collector != nullptr) {
        for (const auto& layer : collector->layers()) {
            for (std::size_t b = 0; b < scores.size(); ++b) {
                const std::string prefix = fmt::format("block{}.", b);
                const auto known = layer.name.starts_with(prefix)
                                       ? scores[b].find(layer.name.substr(prefix.size()))
                                       : scores[b].end();
                if (known == scores[b].end() || layer.moments.images == 0) {
                    continue;
                }
                known->second.clear();
                for (const FilterStatistic& filter : layer.moments.per_filter()) {
                    known->second.push_back(filter.mean_square);
                }
            }
        }
    }
    return scores;
}

} // namespace

DistilReport distil(PassContext context, const BlockLibrary& library,
                    const training::TensorMap& reference_state) {
    training::use_threads(1);
    {
        const bool watched = context.options.start == StudentStart::statistics;
        const auto collector = watched ? std::make_unique<StatisticsCollector>(*context.reference) : nullptr;
        context.variance = calibrate(context);
        context.scores = start_scores(context, collector.get());
    }
    store_reference(context, library, reference_state);
    const DistilReport report = Distillation(context, library).run();
    inspect(context, library);
    library.write_table(context.options.inspect_images > 0);
    return report;
}

} // namespace tessera::predictors
