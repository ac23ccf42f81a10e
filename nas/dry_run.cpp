#include "nas/dry_run.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include "predictors/memory_plan.h"
#include "support/log.h"
#include "support/table.h"
#include "training/image_counts.h"

namespace tessera::nas {
namespace {

constexpr double day = 24 * 3600;
constexpr double evaluations_per_second = 2e5; // of the search, one thread; the random search takes as many
constexpr std::int64_t float_bytes = 4;

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double mean(const std::vector<double>& values) {
    return values.empty() ? 0 : sum(values) / static_cast<double>(values.size());
}

std::int64_t visited(std::int64_t limit, std::int64_t images) {
    return limit > 0 ? std::min(limit, images) : images;
}

std::int64_t resident_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

/// How many points a pick is likely to name.
std::int64_t points_of(const std::string& pick) {
    constexpr std::int64_t some = 15;
    const auto spread = pick.find("spread:");
    if (spread != std::string::npos) {
        return std::max(1, std::atoi(pick.c_str() + spread + 7));
    }
    return pick == "all" || pick.ends_with(":all") ? 2 * some : 1;
}

std::int64_t picks_of(const Configuration& config) {
    std::int64_t picks = 0;
    for (const std::string& pick : config.finetune.pick) {
        picks += points_of(pick);
    }
    return picks;
}

/// The parts of an estimate, so that each formula stands alone.
class Estimator {
public:
    Estimator(const Configuration& config, const Speed& speed, const training::ImageCounts& images)
        : config_(config), space_(config.space), speed_(speed), images_(images), workers_(speed.workers),
          process_(resident_bytes() + images.all() * space_.input().elements()) {}

    StageEstimate teach() const {
        const auto& train = config_.teach.train;
        const double epoch =
            static_cast<double>(visited(train.train_limit, images_.train)) * speed_.teach_step +
            static_cast<double>(images_.validation) * speed_.teach_forward;
        const std::int64_t weights = reference().parameters * float_bytes;
        return {static_cast<double>(train.epochs) * epoch,
                process_ + speed_.teach_bytes * train.batch + 4 * weights, weights};
    }

    StageEstimate distil() const {
        const auto& o = config_.distil;
        double step = 0, look = 0, pilot_step = 0, pilot_look = 0;
        std::int64_t parameters = 0;
        std::vector<predictors::StudentMemory> memory;
        for (std::size_t b = 0; b < space_.blocks().size(); ++b) {
            const auto& choices = space_.blocks()[b].choices;
            for (std::size_t m = 1; m < choices.size(); ++m) {
                step += speed_.student_step[b][m];
                look += speed_.student_forward[b][m];
                const std::int64_t weights = space_.block_costs(b, choices[m]).parameters * float_bytes;
                parameters += weights / float_bytes;
                memory.push_back({4 * weights, speed_.student_bytes[b][m]});
            }
            if (choices.size() > 1) { // two choices at four rates each, and a fifth where the last one wins
                pilot_step += 10 * mean(speed_.student_step[b]);
                pilot_look += 10 * mean(speed_.student_forward[b]);
            }
        }
        const auto groups = predictors::plan_groups(memory, boundary_bytes(), workers_, o.memory_mb << 20);
        const double passes = static_cast<double>(groups.size()), forward = speed_.tune_forward;
        const auto settle = static_cast<double>(std::min(o.settle_images, images_.train));
        const auto held_out = static_cast<double>(visited(o.held_out_images, images_.validation));
        const auto images = static_cast<double>(visited(o.train_limit, images_.train) * o.epochs);
        const auto calibration = static_cast<double>(std::min(o.calibration_images, images_.train));
        double work = images * (step + passes * forward) + (settle + held_out) * (look + passes * forward);
        work += (settle + held_out) * (sum(reference_forward()) + forward); // of the reference's own blocks
        if (o.learning_rate <= 0) {
            const auto pilot = static_cast<double>(
                std::min(o.pilot_batches * o.batch, visited(o.train_limit, images_.train) * o.epochs));
            work += pilot * (pilot_step + forward) + (settle + held_out) * (pilot_look + forward);
        }
        std::int64_t largest = 0;
        for (const auto& group : groups) {
            std::int64_t resident = 0, graph = 0;
            for (const std::size_t i : group) {
                resident += memory[i].resident;
                graph = std::max(graph, memory[i].graph);
            }
            largest = std::max(largest, boundary_bytes() + resident + workers_ * graph);
        }
        return {work / workers_ + calibration * forward, process_ + largest, parameters * float_bytes};
    }

    StageEstimate measure() const {
        const auto& probe = config_.latency.probe;
        if (!config_.latency.table.file.empty()) {
            return {0.1, process_, 0};
        }
        std::size_t most = 0, modules = 0;
        for (const auto& block : space_.blocks()) {
            most = std::max(most, block.choices.size());
            modules += block.choices.size();
        }
        constexpr double seconds_to_deploy = 0.02; // tracing and freezing a module
        const double calls = static_cast<double>(probe.rounds * (1 + probe.calls)) *
                             (static_cast<double>(most) + static_cast<double>(probe.networks));
        const double network = speed_.single_forward * mean_share();
        return {calls * network + seconds_to_deploy * (static_cast<double>(modules) +
                                                       static_cast<double>(probe.networks) * 4),
                process_, static_cast<std::int64_t>(modules) * 200};
    }

    StageEstimate tune(const training::TrainOptions& options, std::int64_t networks, bool kept) const {
        const double images = static_cast<double>(visited(options.train_limit, images_.train));
        const double one = static_cast<double>(options.epochs) *
                               (images * tune_step() + static_cast<double>(images_.validation) *
                                                           speed_.tune_forward * mean_share()) +
                           static_cast<double>(images_.validation) * speed_.tune_forward * mean_share();
        // Side by side, and at the end some workers wait for the last network.
        const double rounds = std::ceil(static_cast<double>(networks) / static_cast<double>(workers_));
        StageEstimate estimate{rounds * one,
                               process_ + workers_ * (speed_.tune_bytes * options.batch + 4 * weights()), 0};
        if (kept) {
            const auto& probe = config_.latency.probe;
            estimate.seconds += static_cast<double>(networks) *
                                (static_cast<double>(images_.test) * speed_.teach_forward * mean_share() +
                                 static_cast<double>(probe.rounds * (1 + probe.calls)) *
                                     speed_.single_forward * mean_share());
            estimate.disk_bytes = networks * weights();
        }
        return estimate;
    }

    StageEstimate exporting(std::int64_t networks) const {
        return {static_cast<double>(networks) * (0.5 + 200 * speed_.tune_forward), process_,
                networks * 2 * weights()};
    }

    StageEstimate little(double seconds) const { return {seconds, process_, 200'000}; }

private:
    search_spaces::Costs reference() const { return space_.costs(space_.reference()); }
    std::int64_t weights() const { return reference().parameters * float_bytes; }

    std::vector<double> reference_forward() const {
        std::vector<double> result;
        for (const auto& block : speed_.student_forward) {
            result.push_back(block.front());
        }
        return result;
    }

    /// Cost of looking at an image with a mean network, as a share of the reference's.
    double mean_share() const {
        double all = 0;
        for (const auto& block : speed_.student_forward) {
            all += mean(block);
        }
        const double own = sum(reference_forward());
        const double ends = std::max(0.0, speed_.tune_forward - own); // stem and head
        return speed_.tune_forward > 0 ? std::min(2.0, (all + ends) / (own + ends)) : 1;
    }

    /// Seconds an image of a mean network: the teacher's look and the ends stay, the blocks are others.
    double tune_step() const {
        double own = 0, all = 0;
        for (const auto& block : speed_.student_step) {
            own += block.front();
            all += mean(block);
        }
        return std::max(0.2 * speed_.tune_step, speed_.tune_step - own + all);
    }

    std::int64_t boundary_bytes() const {
        std::int64_t elements = space_.blocks().front().site.input.elements();
        for (const auto& block : space_.blocks()) {
            elements += block.site.output().elements();
        }
        return 2 * elements * float_bytes * std::max(config_.distil.batch, predictors::kEvaluationBatch);
    }

    const Configuration& config_;
    const search_spaces::SearchSpace& space_;
    const Speed& speed_;
    training::ImageCounts images_;
    int workers_;
    std::int64_t process_; ///< bytes of the program and the images
};

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

std::map<std::string, StageEstimate> estimate_stages(const Configuration& config, const Speed& speed,
                                                     const training::ImageCounts& images) {
    const Estimator estimator(config, speed, images);
    const std::int64_t picks = picks_of(config);
    const auto evaluations =
        static_cast<double>(config.search.search.population * (config.search.search.generations + 1));
    return {{"teach", estimator.teach()},
            {"distil", estimator.distil()},
            {"measure", estimator.measure()},
            {"sample", estimator.tune(config.sample.train, config.sample.count, false)},
            {"fit", estimator.little(0.5)},
            {"search", estimator.little(2 * evaluations / evaluations_per_second)},
            {"finetune", estimator.tune(config.finetune.train, picks, true)},
            {"export", estimator.exporting(picks)},
            {"report", estimator.little(0.5)}};
}

Outcome dry_run(StageContext& context, const std::vector<std::string>& names) {
    const std::vector<PlannedStage> plan = plan_stages(context);
    const bool works = std::any_of(
        plan.begin(), plan.end(), [&](const PlannedStage& step) { return step.runs && wanted(step, names); });
    std::map<std::string, StageEstimate> estimates;
    if (works) {
        const auto images = training::count_images(context.config.data);
        estimates = estimate_stages(context.config, measure_speed(context), images);
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
            reasons += fmt::format("; discards {} of training (needs --redo {})",
                                   support::duration(step.spent), step.stage->name);
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
    const auto images = training::count_images(config.data, training::Remarks::kept_back);
    double distilled = 0;
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        for (const auto& choice : space.blocks()[b].choices) {
            distilled += static_cast<double>(space.block_costs(b, choice).macs);
        }
    }
    const auto reference = static_cast<double>(space.costs(space.reference()).macs);
    const auto images_of = [&](const training::TrainOptions& o) {
        return static_cast<double>(o.epochs * visited(o.train_limit, images.train));
    };
    const double macs =
        3 * (reference * (images_of(config.teach.train) +
                          static_cast<double>(config.sample.count) * images_of(config.sample.train) +
                          static_cast<double>(picks_of(config)) * images_of(config.finetune.train)) +
             distilled * static_cast<double>(config.distil.epochs *
                                             visited(config.distil.train_limit, images.train)));
    if (macs < short_run) {
        return;
    }
    const auto plan = plan_stages(context);
    const auto estimates = estimate_stages(config, measure_speed(context), images);
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
