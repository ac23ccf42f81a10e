#include "nas/fine_tuning.h"

#include <atomic>

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include "nas/export.h"
#include "nas/leftovers.h"
#include "support/files.h"
#include "support/hash.h"
#include "support/seed.h"
#include "training/checkpoint.h"
#include "training/device.h"
#include "training/state.h"

namespace tessera::nas {

namespace {

constexpr const char* kTunedSchema = "tessera-fine-tuned-1";

struct Job {
    search_spaces::Architecture architecture;
    std::filesystem::path folder;
    std::string fingerprint;
};

/// The stored result, where there is one of this fingerprint with all its files.
std::optional<FineTuned> stored(const Job& job, bool keep_weights) {
    if (!std::filesystem::exists(job.folder / "result.json") ||
        (keep_weights && !std::filesystem::exists(job.folder / "weights.safetensors"))) {
        return std::nullopt;
    }
    try {
        const auto json = nlohmann::json::parse(support::read_file(job.folder / "result.json"));
        if (json.at("schema") != kTunedSchema || json.at("fingerprint") != job.fingerprint ||
            (keep_weights && json.at("weights") != support::file_hash(job.folder / "weights.safetensors"))) {
            return std::nullopt;
        }
        return FineTuned{job.architecture, json.at("initial_accuracy"), json.at("validation_accuracy")};
    } catch (const nlohmann::json::exception&) { return std::nullopt; }
}

/// What all networks of a call have in common.
std::string shared_fingerprint(const StageContext& context, const training::TrainOptions& options) {
    const auto teach = context.run.record("teach");
    return support::Hasher()
        .add("fine-tune")
        .add(std::to_string(context.seed))
        .add(teach ? teach->output_hash() : "")
        .add(context.config.texts.data)
        .add(options.essence())
        .hex();
}

/// Of the library only the entries that the network starts from count, not which others there are.
std::string job_fingerprint(const StageContext& context, const predictors::BlockLibrary& library,
                            const search_spaces::Architecture& architecture, const std::string& shared) {
    support::Hasher hasher;
    hasher.add(shared).add(architecture.id());
    const auto genome = context.config.space.genome(architecture);
    for (std::size_t b = 0; b < genome.size(); ++b) {
        hasher.add(support::file_hash(library.file(b, static_cast<std::size_t>(genome[b]))));
    }
    return hasher.hex();
}

FineTuned tune(StageContext& context, const Job& job, const training::Datasets& data,
               const predictors::BlockLibrary& library, const training::TrainOptions& options,
               const search_spaces::Network& teacher, int threads, support::Progress& progress,
               bool keep_weights) {
    search_spaces::Network network =
        predictors::assemble(context.config.space, job.architecture, library, context.reference_state());
    network->to(context.device());
    FineTuned result{job.architecture, 0, 0};
    result.initial_accuracy =
        training::evaluate(network, data.validation, data.normalisation, context.device()).accuracy;
    training::TrainContext train;
    train.device = context.device();
    train.threads = threads;
    train.seed = support::derive_seed(context.seed, {"fine-tune", job.architecture.id()});
    train.label = fmt::format("{} {}", job.folder.parent_path().filename().string(), job.architecture.id());
    train.checkpoint = job.folder / "checkpoint.safetensors";
    train.fingerprint = job.fingerprint;
    train.tuning = true;
    train.teacher = teacher;
    train.progress = &progress;
    const auto trained = training::train(network, data, options, train);
    result.validation_accuracy = trained.validation_accuracy;
    if (keep_weights) {
        training::write_safetensors(
            job.folder / "weights.safetensors", training::state_of(*network),
            {{"schema", "tessera-weights-1"},
             {"architecture", job.architecture.text()},
             {"architecture.yaml", architecture_yaml(context.config.space, job.architecture)},
             {"fingerprint", job.fingerprint}});
    }
    support::write_atomically(job.folder / "metrics.csv", training::history_csv(trained.history));
    nlohmann::json json = {{"schema", kTunedSchema},
                           {"fingerprint", job.fingerprint},
                           {"architecture", job.architecture.text()},
                           {"id", job.architecture.id()},
                           {"initial_accuracy", result.initial_accuracy},
                           {"validation_accuracy", result.validation_accuracy}};
    if (keep_weights) {
        json["weights"] = support::file_hash(job.folder / "weights.safetensors");
    }
    support::write_atomically(job.folder / "result.json", json.dump(2) + "\n");
    std::error_code ignored;
    std::filesystem::remove(train.checkpoint, ignored);
    return result;
}

std::set<std::string> ids_of(const std::vector<search_spaces::Architecture>& architectures) {
    std::set<std::string> ids;
    for (const auto& architecture : architectures) {
        ids.insert(architecture.id());
    }
    return ids;
}

} // namespace

TuningProgress tuning_progress(const StageContext& context,
                               const std::vector<search_spaces::Architecture>& architectures,
                               const training::TrainOptions& options, const std::string& folder,
                               bool keep_weights) {
    const predictors::BlockLibrary library = context.library();
    const std::string shared = shared_fingerprint(context, options);
    TuningProgress progress{static_cast<std::int64_t>(architectures.size()), 0, 0};
    for (const auto& architecture : architectures) {
        Job job{architecture, context.run / folder / architecture.id(),
                job_fingerprint(context, library, architecture, shared)};
        if (!std::filesystem::exists(job.folder)) {
            job.folder = set_aside_folder(context.run / folder) / architecture.id();
        }
        if (stored(job, keep_weights)) {
            ++progress.stored;
        } else {
            progress.begun +=
                training::checkpoint_share(job.folder / "checkpoint.safetensors", job.fingerprint);
        }
    }
    return progress;
}

void set_others_aside(const StageContext& context,
                      const std::vector<search_spaces::Architecture>& architectures,
                      const std::string& folder) {
    set_aside(context.run / folder, ids_of(architectures));
}

std::vector<FineTuned> fine_tune(StageContext& context,
                                 const std::vector<search_spaces::Architecture>& architectures,
                                 const training::TrainOptions& options, const std::string& folder,
                                 bool keep_weights) {
    take_back(context.run / folder, ids_of(architectures));
    const predictors::BlockLibrary library = context.library();
    const std::string shared = shared_fingerprint(context, options);
    std::vector<Job> jobs;
    std::vector<FineTuned> results(architectures.size());
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < architectures.size(); ++i) {
        const std::string id = architectures[i].id();
        jobs.push_back({architectures[i], context.run / folder / id,
                        job_fingerprint(context, library, architectures[i], shared)});
        if (auto done = stored(jobs[i], keep_weights)) {
            results[i] = std::move(*done);
            std::error_code ignored; // killed just before it was removed
            std::filesystem::remove(jobs[i].folder / "checkpoint.safetensors", ignored);
        } else {
            open.push_back(i);
        }
    }
    if (open.empty()) {
        return results;
    }

    // Everything shared is loaded before the workers start.
    const training::Datasets& data = context.data();
    const search_spaces::Network teacher = context.reference();
    const std::int64_t images =
        options.train_limit > 0 ? std::min(options.train_limit, data.train.size()) : data.train.size();
    const auto total = static_cast<std::int64_t>(architectures.size()) * options.epochs * images;
    const auto done = static_cast<std::int64_t>(architectures.size() - open.size()) * options.epochs * images;
    support::Progress progress(folder, total, "images", done);

    const int workers = context.device().is_cpu() ? context.threads : 1;
    const int threads = context.device().is_cpu() ? 1 : context.threads;
    std::atomic<std::size_t> next{0};
    const auto drain = [&](int) {
        training::use_threads(threads);
        for (std::size_t k = next++; k < open.size(); k = next++) {
            const std::size_t i = open[k];
            // The loop inside that prepares images must not pick up another network here.
            tbb::this_task_arena::isolate([&] {
                results[i] =
                    tune(context, jobs[i], data, library, options, teacher, threads, progress, keep_weights);
            });
        }
    };
    if (workers == 1) {
        drain(0);
    } else {
        tbb::task_arena arena(workers);
        arena.execute([&] { tbb::parallel_for(0, workers, drain); });
    }
    return results;
}

} // namespace tessera::nas
