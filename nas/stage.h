// A stage of the pipeline: what it needs, what it depends on, what it does, what it tells.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "nas/configuration.h"
#include "nas/run_folder.h"
#include "predictors/block_library.h"
#include "training/dataset.h"

namespace tessera::nas {

/// What stages work with: the configuration, the run, and what has been loaded so far.
class StageContext {
public:
    StageContext(const Configuration& configuration, RunFolder& folder);

    const Configuration& config;
    RunFolder& run;
    const int threads;
    const std::uint64_t seed;
    /// Stages to be done again although they are up to date, and with them what depends on them.
    std::set<std::string> redo;

    /// training::image_names_hash(), taken once.
    const std::string& image_names() const;
    /// Selected once, at first use (a GPU's libraries are loaded only then).
    torch::Device device();
    /// Loaded once, at first use.
    const training::Datasets& data();
    /// Weights of the taught reference.
    const training::TensorMap& reference_state();
    /// The reference with its weights, evaluation mode, on `device()`.
    search_spaces::Network reference();
    /// The library of this run; its fingerprint is that of the distil stage.
    predictors::BlockLibrary library() const;

private:
    mutable std::optional<std::string> image_names_;
    std::optional<torch::Device> device_;
    std::optional<training::Datasets> data_;
    std::optional<training::TensorMap> reference_;
};

/// What a command prints: text for people, JSON for programs. Made from the artefacts, so it is the same
/// whether the stage has just run or was up to date.
struct Outcome {
    std::string text;
    nlohmann::json json;
};

/// What a stage is made from: name and text (resolved YAML, a hash, a number).
using Inputs = std::map<std::string, std::string>;

struct Stage {
    std::string name;
    std::string meaning;            ///< one sentence
    std::vector<std::string> needs; ///< stages whose artefacts it reads
    /// What else it depends on, by name: parts of the configuration as resolved YAML.
    std::function<Inputs(const Configuration&)> inputs;
    /// Does the work; returns the artefacts (relative to the run) that count for the stages below. Clocks are
    /// not among them.
    std::function<std::vector<std::string>(StageContext&, const std::string& fingerprint)> work;
    std::function<Outcome(StageContext&)> outcome;
    /// Files outside of the run that it reads, by name; empty: none. One that has gone since counts as
    /// unchanged: the run holds what was made of it.
    std::function<std::map<std::string, std::filesystem::path>(const Configuration&)> outside = nullptr;
    bool sees_images = false; ///< of an image folder: which files there are and what their classes are called
    bool trains = false;      ///< its work is worth asking before it is discarded
    /// Keys (`space`, `sample.count`) and stages (`stage distil`) whose change leaves what was trained in
    /// use.
    std::vector<std::string> keeps = {};
    /// Whether the configuration has such a stage at all; empty: always.
    std::function<bool(const Configuration&)> applies = nullptr;
};

/// The qualities that the predictor was fitted with, where they are not the library's.
inline constexpr const char* fit_qualities = "predictor/qualities.csv";

// One per file in nas/stages/.
Stage construct_stage();
Stage teach_stage();
Stage distil_stage();
Stage measure_stage();
Stage sample_stage();
Stage fit_stage();
Stage search_stage();
Stage finetune_stage();
Stage export_stage();
Stage report_stage();

/// All of them in the order in which they run.
const std::vector<Stage>& stages();
/// Those that a configuration has.
std::vector<const Stage*> stages_of(const Configuration& config);
bool applies(const Stage& stage, const Configuration& config);
/// Throws std::out_of_range for an unknown name.
const Stage& stage(const std::string& name);

/// damaged: it was finished, and a file of it is missing or has changed since.
enum class StageState { missing, damaged, stale, done };

/// Everything the stage is made from, by name: seed, inputs(), and as `stage NAME` what the stages above
/// made; empty where one of them has not finished.
Inputs made_from(const Stage& stage, const StageContext& context);
/// Hash of made_from(); empty where a stage above has not finished.
std::string fingerprint_of(const Stage& stage, const StageContext& context);
/// Hash of named inputs and of what is made from them.
std::string fingerprint_of(const std::string& name, const Inputs& inputs);
StageState state_of_stage(const Stage& stage, const StageContext& context);

/// Hash of what a library entry depends on: reference, images, options, seed; not on which other choices the
/// space has, so that a space can be extended and only the new choices are distilled.
std::string library_fingerprint(const StageContext& context);

/// Runs one stage unless it is up to date (then says so). Throws UsageError naming the command to run first
/// where a stage above is missing or stale. Does not ask what is lost: see refuse_to_discard().
void run_stage(const Stage& stage, StageContext& context);

} // namespace tessera::nas
