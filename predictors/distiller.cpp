#include "predictors/distiller.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "predictors/memory_meter.h"
#include "support/csv.h"
#include "support/files.h"
#include "support/hash.h"
#include "support/log.h"
#include "training/device.h"
#include "training/state.h"

namespace tessera::predictors {

namespace {

/// Predicting each channel's mean gives 1; a choice far worse than that has not learnt.
constexpr double kHopeless = 10;
constexpr double kRetryFactor = 0.1;

struct Task {
    std::size_t block, choice;
    double learning_rate;
};

/// The maps of one image batch: N + 1 of them, two batches of which are alive at once.
std::int64_t boundary_bytes(const PassContext& context) {
    std::int64_t elements = context.space.blocks().front().site.input.elements();
    for (const auto& block : context.space.blocks()) {
        elements += block.site.output().elements();
    }
    return 2 * elements * 4 * context.options.batch;
}

std::string name_of(const PassContext& context, const BlockLibrary& library, std::span<const Task> tasks) {
    support::Hasher hasher;
    hasher.add(library.fingerprint());
    for (const Task& t : tasks) {
        const auto& block = context.space.blocks()[t.block];
        hasher.add(block.name).add(block.choices[t.choice].text()).add(support::number(t.learning_rate));
    }
    return hasher.hex();
}

double stored_or_searched_rate(const PassContext& context, const BlockLibrary& library) {
    if (context.options.learning_rate > 0) {
        return context.options.learning_rate;
    }
    // Kept, so that choices added to the space later are trained like the others.
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
    const double rate = search_learning_rate(context);
    support::write_atomically(file, nlohmann::json{{"schema", "tessera-learning-rate-1"},
                                                   {"fingerprint", library.fingerprint()},
                                                   {"learning_rate", rate}}
                                            .dump(2) +
                                        "\n");
    return rate;
}

/// Trains and evaluates one group; stores what is fit to be stored; returns what has to be tried again.
std::vector<Task> train_group(const PassContext& context, const BlockLibrary& library,
                              std::span<const Task> tasks, support::Progress& progress, bool last_try) {
    std::vector<std::unique_ptr<Student>> owned;
    std::vector<Student*> students;
    for (const Task& t : tasks) {
        owned.push_back(std::make_unique<Student>(context.space, t.block, t.choice, t.learning_rate,
                                                  context.options.clip, context.seed, context.device));
        students.push_back(owned.back().get());
    }
    const auto checkpoint = library.folder() / "pass.safetensors";
    train_together(context, students, 0, progress, checkpoint, name_of(context, library, tasks));
    settle_and_evaluate(context, students);

    std::vector<Task> again;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const auto& block = context.space.blocks()[tasks[i].block];
        const std::string choice = block.choices[tasks[i].choice].text();
        TrainedChoice result;
        result.nsr = students[i]->nsr(context.variance[tasks[i].block]);
        result.learning_rate = tasks[i].learning_rate;
        const bool diverged = students[i]->diverged() || !std::isfinite(result.nsr) || result.nsr > kHopeless;
        if (diverged && !last_try) {
            support::warn("{} of block {} diverged; it is trained once more at a tenth of the learning rate",
                          choice, block.name);
            again.push_back({tasks[i].block, tasks[i].choice, tasks[i].learning_rate * kRetryFactor});
            continue;
        }
        if (diverged) {
            support::warn("{} of block {} diverged twice; it is marked unusable", choice, block.name);
            result.status = EntryStatus::unusable;
            result.nsr = std::numeric_limits<double>::quiet_NaN();
        } else {
            result.weights = students[i]->weights();
            result.moments = students[i]->moments();
        }
        library.store(tasks[i].block, tasks[i].choice, result);
    }
    std::error_code ignored;
    std::filesystem::remove(checkpoint, ignored);
    return again;
}

void store_reference(const PassContext& context, const BlockLibrary& library,
                     const training::TensorMap& reference_state) {
    std::vector<std::unique_ptr<Student>> owned;
    std::vector<Student*> students;
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        if (library.has(b, 0)) {
            continue;
        }
        const auto weights = training::with_prefix_removed(reference_state, fmt::format("block{}.", b));
        owned.push_back(std::make_unique<Student>(context.space, b, weights, context.device));
        students.push_back(owned.back().get());
    }
    if (students.empty()) {
        return;
    }
    settle_and_evaluate(context, students);
    for (const Student* s : students) {
        library.store(
            s->block(), 0,
            {EntryStatus::reference, s->nsr(context.variance[s->block()]), 0, s->weights(), s->moments()});
    }
}

} // namespace

StudentMemory measure_memory(const PassContext& context, std::size_t block, std::size_t choice,
                             std::int64_t batch) {
    Student student(context.space, block, choice, 1e-3, 0, context.seed);
    const auto& site = context.space.blocks()[block].site;
    const auto peak = [&](std::int64_t images) {
        const auto map = [&](const search_spaces::Shape& s) {
            return torch::randn({images, s.channels, s.height, s.width})
                .contiguous(at::MemoryFormat::ChannelsLast);
        };
        const torch::Tensor x = map(site.input), y = map(site.output());
        const torch::Tensor variance = torch::ones({site.out_channels});
        return peak_bytes([&] { student.learn(x, y, variance, 1e-6); });
    };
    peak(2); // gradients and moments are allocated in the first step
    const std::int64_t small = peak(2), large = peak(4);
    const std::int64_t slope = std::max<std::int64_t>(0, (large - small) / 2);
    return {4 * student.weight_bytes(), std::max<std::int64_t>(0, small - 2 * slope) + slope * batch};
}

double search_learning_rate(const PassContext& context) {
    constexpr double kRates[] = {3e-4, 1e-3, 3e-3, 1e-2};
    constexpr std::size_t kPerBlock = 2;
    std::vector<std::unique_ptr<Student>> owned;
    std::vector<std::vector<Student*>> by_rate(std::size(kRates));
    std::vector<Student*> all;
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        const std::size_t count = context.space.blocks()[b].choices.size();
        support::Rng rng(
            support::derive_seed(context.seed, {"distil", "pilot", context.space.blocks()[b].name}));
        for (std::size_t k = 0; k < kPerBlock && count > 1; ++k) {
            const std::size_t m = 1 + rng.below(count - 1);
            for (std::size_t r = 0; r < std::size(kRates); ++r) {
                owned.push_back(std::make_unique<Student>(
                    context.space, b, m, kRates[r], context.options.clip, context.seed, context.device));
                by_rate[r].push_back(owned.back().get());
                all.push_back(owned.back().get());
            }
        }
    }
    if (all.empty()) {
        return kRates[1];
    }
    const std::int64_t steps = std::min(context.options.pilot_batches, steps_of(context));
    {
        support::Progress progress("distil: learning rate", steps * static_cast<std::int64_t>(all.size()),
                                   "steps");
        train_together(context, all, steps, progress);
    }
    PassContext shorter = context;
    settle_and_evaluate(shorter, all);
    double best = kRates[1], best_score = std::numeric_limits<double>::infinity();
    for (std::size_t r = 0; r < std::size(kRates); ++r) {
        double score = 0;
        for (const Student* s : by_rate[r]) {
            const double nsr = s->nsr(context.variance[s->block()]);
            score += std::isfinite(nsr) ? std::log(std::max(nsr, 1e-12)) : std::log(kHopeless);
        }
        score /= static_cast<double>(by_rate[r].size());
        support::log_debug(fmt::format("learning rate {}: mean log NSR {:.3f}", kRates[r], score));
        if (score < best_score) {
            best_score = score;
            best = kRates[r];
        }
    }
    support::info("learning rate {} ({} choices, {} batches each)", best, all.size() / std::size(kRates),
                  steps);
    return best;
}

DistilReport distil(PassContext context, const BlockLibrary& library,
                    const training::TensorMap& reference_state) {
    training::use_threads(1);
    context.variance = calibrate(context);
    DistilReport report;
    store_reference(context, library, reference_state);

    std::vector<Task> tasks;
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        for (std::size_t m = 1; m < context.space.blocks()[b].choices.size(); ++m) {
            if (library.has(b, m)) {
                ++report.skipped;
            } else {
                tasks.push_back({b, m, 0});
            }
        }
    }
    if (!tasks.empty()) {
        report.learning_rate = stored_or_searched_rate(context, library);
        for (Task& t : tasks) {
            t.learning_rate = report.learning_rate;
        }
    }
    support::Progress progress("distil", steps_of(context) * static_cast<std::int64_t>(tasks.size()),
                               "steps");
    for (const bool last_try : {false, true}) {
        std::vector<StudentMemory> memory;
        for (const Task& t : tasks) {
            memory.push_back(measure_memory(context, t.block, t.choice, context.options.batch));
        }
        const std::int64_t boundary = boundary_bytes(context);
        std::vector<Task> again;
        for (const auto& group :
             plan_groups(memory, boundary, context.workers, context.options.memory_mb << 20)) {
            std::vector<Task> members;
            std::int64_t planned = boundary, graph = 0;
            for (const std::size_t i : group) {
                members.push_back(tasks[i]);
                planned += memory[i].resident;
                graph = std::max(graph, memory[i].graph);
            }
            planned +=
                graph * std::min<std::int64_t>(context.workers, static_cast<std::int64_t>(group.size()));
            report.planned_bytes = std::max(report.planned_bytes, planned);
            ++report.groups;
            const auto failed = train_group(context, library, members, progress, last_try);
            again.insert(again.end(), failed.begin(), failed.end());
        }
        tasks = std::move(again);
    }
    std::error_code ignored; // killed just before it was removed
    std::filesystem::remove(library.folder() / "pass.safetensors", ignored);
    library.write_table();
    for (std::size_t b = 0; b < context.space.blocks().size(); ++b) {
        for (std::size_t m = 1; m < context.space.blocks()[b].choices.size(); ++m) {
            report.unusable += library.entry(b, m).status == EntryStatus::unusable ? 1 : 0;
            ++report.trained;
        }
    }
    report.trained -= report.unusable + report.skipped;
    return report;
}

} // namespace tessera::predictors
