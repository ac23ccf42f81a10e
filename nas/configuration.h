// One configuration file as the structs that each room reads its part into.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "latency/brought_tables.h"
#include "latency/probe.h"
#include "nas/construct_options.h"
#include "nas/search/objective.h"
#include "nas/search/strategy.h"
#include "predictors/accuracy_predictor.h"
#include "predictors/accuracy_table.h"
#include "predictors/distil_options.h"
#include "search_spaces/space.h"
#include "training/dataset.h"
#include "training/trainer.h"

namespace tessera::nas {

/// Of a run whose space has been constructed: its space as YAML, relative to the run.
inline constexpr const char* constructed_space = "construct/space.yaml";

struct TeachOptions {
    std::filesystem::path
        weights; ///< safetensors to start from; then nothing is trained unless epochs is set
    training::TrainOptions train;
};

struct LatencyOptions {
    latency::TableOptions table; ///< with a file, nothing is measured
    latency::ProbeOptions probe;
};

struct SampleOptions {
    std::int64_t count = 20;
    predictors::AccuracyTableOptions accuracies; ///< with a file, its networks are the samples
    /// Networks that are trained.
    std::int64_t trained() const { return accuracies.file.empty() ? count : 0; }
    training::TrainOptions train;
};

struct SearchStageOptions {
    StrategyOptions strategy;
    std::filesystem::path columns;     ///< CSV with costs of the user's own; empty: none
    std::vector<Objective> objectives; ///< accuracy up and latency down by default
    std::vector<Objective> prefer;     ///< in place of them for steering.preference; empty: they
};

struct FinetuneOptions {
    std::vector<std::string> pick = {"knee"};
    training::TrainOptions train;
};

/// The resolved text of each part, as it goes into the fingerprints of the stages that depend on it.
struct ConfigurationTexts {
    std::string space, data, teach, latency, sample, fit, search, finetune;
};

struct Configuration {
    std::string name = "run";
    std::int64_t seed = 1, threads = 0; ///< threads 0: all cores
    std::string device = "auto";
    /// Where its blocks are constructed and have not been yet, those that the construction starts with.
    search_spaces::SearchSpace space;
    training::DataOptions data;
    std::optional<ConstructOptions> construct;
    TeachOptions teach;
    predictors::DistilOptions distil;
    LatencyOptions latency;
    SampleOptions sample;
    predictors::FitOptions fit;
    SearchStageOptions search;
    FinetuneOptions finetune;
    ConfigurationTexts texts;

    /// Reads and checks the whole document; throws UsageError at the first mistake. `constructed` is the
    /// space's file of the run, where there is one and blocks are constructed.
    static Configuration read(const support::Document& document,
                              const std::filesystem::path& constructed = {});
    /// Throws UsageError naming the key for a folder or file of outside that is not there, as far as one is
    /// still needed: `taught`, `measured` and `sampled` say that the run already holds what is made of
    /// weights, table and accuracies.
    void check_outside(bool taught, bool measured, bool sampled) const;
    /// Threads in use: `threads`, or the number of cores.
    int thread_budget() const;
};

} // namespace tessera::nas
