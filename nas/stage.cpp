#include "nas/stage.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <fmt/format.h>

#include "nas/stage_plan.h"
#include "support/error.h"
#include "support/hash.h"
#include "support/log.h"
#include "training/device.h"
#include "training/image_counts.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::nas {

namespace {

constexpr const char* kImages = "files of data.path";

bool config_has_folder(const Configuration& config) {
    return config.data.kind == training::DatasetKind::image_folder;
}

} // namespace

StageContext::StageContext(const Configuration& configuration, RunFolder& folder)
    : config(configuration), run(folder), threads(configuration.thread_budget()),
      seed(static_cast<std::uint64_t>(configuration.seed)) {}

const std::string& StageContext::image_names() const {
    if (!image_names_) {
        image_names_ = training::image_names_hash(config.data);
    }
    return *image_names_;
}

torch::Device StageContext::device() {
    if (!device_) {
        device_ = training::select_device(config.device);
    }
    return *device_;
}

const training::Datasets& StageContext::data() {
    if (!data_) {
        const auto& input = config.space.input();
        data_ = training::load_datasets(config.data, input.channels, input.height, input.width,
                                        config.space.classes());
        support::info("{}", data_->description);
    }
    return *data_;
}

const training::TensorMap& StageContext::reference_state() {
    if (!reference_) {
        reference_ = training::read_safetensors(run / "teach/weights.safetensors").tensors;
    }
    return *reference_;
}

search_spaces::Network StageContext::reference() {
    search_spaces::Network network(config.space, config.space.reference());
    training::load_state(*network, reference_state(), (run / "teach/weights.safetensors").string());
    training::to_channels_last(*network);
    network->to(device());
    network->eval();
    return network;
}

predictors::BlockLibrary StageContext::library() const {
    return {run / "library", config.space, library_fingerprint(*this)};
}

const std::vector<Stage>& stages() {
    static const std::vector<Stage> all = {construct_stage(), teach_stage(), distil_stage(), measure_stage(),
                                           sample_stage(),    fit_stage(),   search_stage(), finetune_stage(),
                                           export_stage(),    report_stage()};
    return all;
}

bool applies(const Stage& stage, const Configuration& config) {
    return !stage.applies || stage.applies(config);
}

std::vector<const Stage*> stages_of(const Configuration& config) {
    std::vector<const Stage*> result;
    for (const Stage& stage : stages()) {
        if (applies(stage, config)) {
            result.push_back(&stage);
        }
    }
    return result;
}

const Stage& stage(const std::string& name) {
    for (const Stage& s : stages()) {
        if (s.name == name) {
            return s;
        }
    }
    throw std::out_of_range("no stage " + name);
}

Inputs made_from(const Stage& stage, const StageContext& context) {
    Inputs result = stage.inputs(context.config);
    result["seed"] = std::to_string(context.seed);
    if (stage.outside) {
        const auto record = context.run.record(stage.name);
        for (const auto& [name, file] : stage.outside(context.config)) {
            const bool known = record && record->made_from.contains(name);
            result[name] = known && !std::filesystem::exists(file) ? record->made_from.at(name)
                                                                   : support::file_hash(file);
        }
    }
    if (stage.sees_images && config_has_folder(context.config)) {
        const auto record = context.run.record(stage.name);
        const bool known = record && record->made_from.contains(kImages);
        // A folder that has gone counts as unchanged, as a file does.
        result[kImages] =
            context.image_names().empty() && known ? record->made_from.at(kImages) : context.image_names();
    }
    for (const std::string& above : stage.needs) {
        if (!applies(nas::stage(above), context.config)) {
            continue;
        }
        const auto record = context.run.record(above);
        if (!record || record->fingerprint != fingerprint_of(nas::stage(above), context)) {
            return {};
        }
        result["stage " + above] = record->output_hash();
    }
    return result;
}

std::string fingerprint_of(const Stage& stage, const StageContext& context) {
    const auto inputs = made_from(stage, context);
    return inputs.empty() ? std::string() : fingerprint_of(stage.name, inputs);
}

std::string fingerprint_of(const std::string& name, const Inputs& inputs) {
    support::Hasher hasher;
    hasher.add(name);
    for (const auto& [input, text] : inputs) {
        hasher.add(input).add(text);
    }
    return hasher.hex();
}

StageState state_of_stage(const Stage& stage, const StageContext& context) {
    const auto record = context.run.record(stage.name);
    if (!record) {
        return context.run.damage(stage.name).empty() ? StageState::missing : StageState::damaged;
    }
    const std::string fingerprint = fingerprint_of(stage, context);
    return !fingerprint.empty() && record->fingerprint == fingerprint ? StageState::done : StageState::stale;
}

void run_stage(const Stage& stage, StageContext& context) {
    if (!applies(stage, context.config)) {
        throw support::UsageError(fmt::format("the configuration has no section `{}`", stage.name));
    }
    for (const std::string& above : stage.needs) {
        if (!applies(nas::stage(above), context.config)) {
            continue;
        }
        const StageState state = state_of_stage(nas::stage(above), context);
        if (state == StageState::done) {
            continue;
        }
        throw support::UsageError(fmt::format(
            "{} needs {}, which {}; run `tessera {} --run {}` first (or `tessera run` for everything)",
            stage.name, above,
            state == StageState::missing   ? "has not been done"
            : state == StageState::damaged ? "is damaged (" + context.run.damage(above) + ")"
                                           : "is out of date",
            above, context.run.path().string()));
    }
    const bool asked = context.redo.contains(stage.name);
    if (state_of_stage(stage, context) == StageState::done && !asked) {
        support::info("{}: up to date", stage.name);
        return;
    }
    support::info("{}: {}", stage.name, stage.meaning);
    if (asked) {
        context.device();
        if (stage.trains) {
            context.data(); // what cannot work is noticed while the old records still stand
        }
        for (const std::string& dependent : dependents_of(stage.name)) {
            context.run.forget(dependent);
        }
        context.redo.erase(stage.name);
    }
    const auto inputs = made_from(stage, context);
    const std::string fingerprint = fingerprint_of(stage, context);
    // The old record stays until there is a new one: it is void as soon as one of its files is written anew,
    // and a mistake that shows while data are loaded costs nothing.
    const auto earlier = context.run.attempt(stage.name);
    const double before = earlier && earlier->fingerprint == fingerprint ? earlier->seconds : 0;
    const auto begin = std::chrono::steady_clock::now();
    const auto clock = [&] {
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
        context.run.set_attempt(stage.name, {fingerprint, inputs, before + time.count()});
    };
    try {
        const auto artefacts = stage.work(context, fingerprint);
        clock();
        context.run.finish(stage.name, fingerprint, inputs, artefacts);
    } catch (const support::RunError&) {
        if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(10)) {
            clock(); // a disk that was full in the end; what failed at once was no making
        }
        throw;
    } catch (const support::Interrupted&) {
        clock();
        throw;
    }
}

} // namespace tessera::nas
