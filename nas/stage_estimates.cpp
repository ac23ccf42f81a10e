#include "nas/stage_estimates.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <sys/resource.h>

#include "nas/construction_training.h"
#include "predictors/memory_plan.h"

namespace tessera::nas {
namespace {

constexpr double evaluations_per_second = 2e5; // of the search, one thread; the random search takes as many
constexpr std::int64_t float_bytes = 4;

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double mean(const std::vector<double>& values) {
    return values.empty() ? 0 : sum(values) / static_cast<double>(values.size());
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

/// The parts of an estimate, so that each formula stands alone.
class Estimator {
public:
    Estimator(const Configuration& config, const Speed& speed, const training::ImageCounts& images,
              const Standing& standing)
        : config_(config), space_(config.space), speed_(speed), images_(images), standing_(standing),
          workers_(speed.workers), process_(resident_bytes() + images.all() * space_.input().elements()) {}

    /// Of the networks that the construction is expected to train: which branches they keep is not known, but
    /// how many.
    StageEstimate construct() const {
        if (!config_.construct) {
            return {};
        }
        const auto& o = *config_.construct;
        if (standing_.constructed < 1) {
            check_batch(o, images_.train);
        }
        const auto own = static_cast<double>(reference().macs);
        double shares = 0;
        for (const auto& network : construction::expected_networks(o.growth)) {
            shares += static_cast<double>(
                          construction::network_costs(network, o.growth.image, o.growth.classes).macs) /
                      std::max(own, 1.0);
        }
        const std::int64_t weights = this->weights();
        const auto epoch = std::max<std::int64_t>(1, images_.train / o.train.batch);
        const auto validations = static_cast<double>(o.steps / std::max(epoch, o.snapshot));
        return {(1 - standing_.constructed) * shares *
                    (static_cast<double>(o.steps * o.train.batch) * speed_.teach_step +
                     validations * static_cast<double>(images_.validation) * speed_.teach_forward),
                process_ + speed_.teach_bytes * o.train.batch + 4 * weights, weights};
    }

    StageEstimate teach() const {
        const auto& train = config_.teach.train;
        const double epoch =
            static_cast<double>(images_visited(train.train_limit, images_.train)) * speed_.teach_step +
            static_cast<double>(images_.validation) * speed_.teach_forward;
        const std::int64_t weights = reference().parameters * float_bytes;
        return {(1 - standing_.taught) * static_cast<double>(train.epochs) * epoch,
                process_ + speed_.teach_bytes * train.batch + 4 * weights, weights};
    }

    StageEstimate distil() const {
        const auto& o = config_.distil;
        const Students students = students_left();
        const auto groups =
            predictors::plan_groups(students.memory, boundary_bytes(), workers_, o.memory_mb << 20);
        const double passes = static_cast<double>(groups.size()), forward = speed_.tune_forward;
        const auto settle = static_cast<double>(std::min(o.settle_images, images_.train));
        const auto held_out = static_cast<double>(images_visited(o.held_out_images, images_.validation));
        const auto images = static_cast<double>(images_visited(o.train_limit, images_.train) * o.epochs);
        const auto calibration = static_cast<double>(std::min(o.calibration_images, images_.train));
        double work = images * (students.step + students.most * passes * forward) +
                      (settle + held_out) * (students.look + passes * forward);
        work += static_cast<double>(images_visited(o.inspect_images, images_.validation)) *
                (o.inspect_images > 0 ? students.tried : 0);
        if (!students.begun) {
            work +=
                (settle + held_out) * (sum(reference_forward()) + forward); // of the reference's own blocks
            work += o.learning_rate <= 0 ? pilots(settle + held_out) : 0;
        }
        std::int64_t largest = 0;
        for (const auto& group : groups) {
            std::int64_t resident = 0, graph = 0;
            for (const std::size_t i : group) {
                resident += students.memory[i].resident;
                graph = std::max(graph, students.memory[i].graph);
            }
            largest = std::max(largest, boundary_bytes() + resident + workers_ * graph);
        }
        return {work / workers_ + calibration * forward, process_ + largest, students.weight_bytes};
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

    StageEstimate tune(const training::TrainOptions& options, const TuningProgress& progress,
                       bool kept) const {
        const std::int64_t networks = progress.networks, left = networks - progress.stored;
        const double images = static_cast<double>(images_visited(options.train_limit, images_.train));
        const double one = static_cast<double>(options.epochs) *
                               (images * tune_step() + static_cast<double>(images_.validation) *
                                                           speed_.tune_forward * mean_share()) +
                           static_cast<double>(images_.validation) * speed_.tune_forward * mean_share();
        // Side by side, and at the end some workers wait for the last network.
        const double rounds = std::ceil(static_cast<double>(left) / static_cast<double>(workers_)) -
                              progress.begun / static_cast<double>(workers_);
        StageEstimate estimate{rounds * one,
                               process_ + workers_ * (speed_.tune_bytes * options.batch + 4 * weights()), 0};
        if (kept) {
            const auto& probe = config_.latency.probe;
            estimate.seconds += static_cast<double>(networks) *
                                (static_cast<double>(images_.test) * speed_.teach_forward * mean_share() +
                                 static_cast<double>(probe.rounds * (1 + probe.calls)) *
                                     speed_.single_forward * mean_share());
            estimate.disk_bytes = left * weights();
        }
        return estimate;
    }

    StageEstimate exporting(std::int64_t networks) const {
        return {static_cast<double>(networks) * (0.5 + 200 * speed_.tune_forward), process_,
                networks * 2 * weights()};
    }

    StageEstimate little(double seconds) const { return {seconds, process_, 200'000}; }

private:
    /// The choices that are not in the library yet.
    struct Students {
        double step = 0, look = 0; ///< seconds an image of all together, what is done taken off the steps
        double tried = 0;          ///< seconds an image of all in the reference, from their block on
        double most = 0;           ///< largest share of a training that is left
        bool begun = false;        ///< any: the learning rate is known, the reference's own blocks are stored
        std::int64_t weight_bytes = 0;
        std::vector<predictors::StudentMemory> memory;
    };

    Students students_left() const {
        Students students;
        double rest = speed_.tune_forward; // of the reference: what comes from this block on
        for (std::size_t b = 0; b < space_.blocks().size(); ++b) {
            const auto& choices = space_.blocks()[b].choices;
            for (std::size_t m = 1; m < choices.size(); ++m) {
                const double done = standing_.distilled.empty() ? 0 : standing_.distilled[b][m];
                students.begun = students.begun || done > 0;
                if (done >= 1) {
                    continue;
                }
                students.step += (1 - done) * speed_.student_step[b][m];
                students.look += speed_.student_forward[b][m];
                students.tried += std::max(0.0, rest);
                students.most = std::max(students.most, 1 - done);
                const std::int64_t weights = space_.block_costs(b, choices[m]).parameters * float_bytes;
                students.weight_bytes += weights;
                students.memory.push_back({4 * weights, speed_.student_bytes[b][m]});
            }
            rest -= speed_.student_forward[b].front();
        }
        return students;
    }

    /// Seconds of one thread that the search for the learning rate takes: two choices a block at four rates
    /// each, and at a fifth where the last one wins.
    double pilots(double looked_at) const {
        const auto& o = config_.distil;
        double step = 0, look = 0;
        for (std::size_t b = 0; b < space_.blocks().size(); ++b) {
            if (space_.blocks()[b].choices.size() > 1) {
                step += 10 * mean(speed_.student_step[b]);
                look += 10 * mean(speed_.student_forward[b]);
            }
        }
        const auto images = static_cast<double>(
            std::min(o.pilot_batches * o.batch, images_visited(o.train_limit, images_.train) * o.epochs));
        return images * (step + speed_.tune_forward) + looked_at * (look + speed_.tune_forward);
    }

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
            elements += block.skips.empty() ? 0 : block.site.input.elements();
        }
        return 2 * elements * float_bytes * std::max(config_.distil.batch, predictors::kEvaluationBatch);
    }

    const Configuration& config_;
    const search_spaces::SearchSpace& space_;
    const Speed& speed_;
    training::ImageCounts images_;
    const Standing& standing_;
    int workers_;
    std::int64_t process_; ///< bytes of the program and the images
};

} // namespace

std::int64_t images_visited(std::int64_t limit, std::int64_t images) {
    return limit > 0 ? std::min(limit, images) : images;
}

std::int64_t picks_expected(const Configuration& config) {
    std::int64_t picks = 0;
    for (const std::string& pick : config.finetune.pick) {
        picks += points_of(pick);
    }
    return picks;
}

std::map<std::string, StageEstimate> estimate_stages(const Configuration& config, const Speed& speed,
                                                     const training::ImageCounts& images,
                                                     const Standing& standing) {
    const Estimator estimator(config, speed, images, standing);
    const TuningProgress samples = standing.samples.value_or(TuningProgress{config.sample.trained(), 0, 0});
    const TuningProgress models = standing.models.value_or(TuningProgress{picks_expected(config), 0, 0});
    const SearchOptions& search = config.search.strategy.search;
    const auto evaluations = static_cast<double>(search.population * (search.generations + 1));
    return {{"construct", estimator.construct()},
            {"teach", estimator.teach()},
            {"distil", estimator.distil()},
            {"measure", estimator.measure()},
            {"sample", estimator.tune(config.sample.train, samples, false)},
            {"fit", estimator.little(0.5)},
            {"search", estimator.little(2 * evaluations / evaluations_per_second)},
            {"finetune", estimator.tune(config.finetune.train, models, true)},
            {"export", estimator.exporting(models.networks)},
            {"report", estimator.little(0.5)}};
}

} // namespace tessera::nas
