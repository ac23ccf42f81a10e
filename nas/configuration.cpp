#include "nas/configuration.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/cost_columns.h"
#include "nas/pick.h"
#include "support/error.h"
#include "training/datasets/folder_layout.h"

namespace tessera::nas {

namespace {

using support::Section;

/// Images that a head can learn from.
void check_task(const Section& section, const search_spaces::HeadOptions& head,
                const training::DataOptions& data) {
    if (head.dense() && !data.has_depths()) {
        section.fail("kind", fmt::format("{} has no depths, which space.head.kind: depth learns; take "
                                         "data.kind: synthetic_depth, or space.head.kind: classifier",
                                         data.kind_name()));
    }
    if (!head.dense() && data.has_depths()) {
        section.fail("kind", fmt::format("{} has depths and no classes, which space.head.kind: classifier "
                                         "learns; take space.head.kind: depth",
                                         data.kind_name()));
    }
}

/// Defaults that the task can do with.
void suit(training::TrainOptions& options, const training::Task& task) {
    if (!task.refusal(options.augment).empty()) {
        options.augment.pad = 0;
    }
}

void check_changes(const Section& section, const training::TrainOptions& options,
                   const training::Task& task) {
    if (const auto problem = task.refusal(options.augment); !problem.empty()) {
        section.fail("augment", problem);
    }
}

TeachOptions read_teach(Section section, const training::Task& task) {
    TeachOptions o;
    o.train.epochs = 12;
    o.train.label_smoothing = 0.1;
    suit(o.train, task);
    section.read(
        "weights", o.weights,
        "Safetensors file with the reference's weights to start from; given, epochs is 0 unless set.");
    if (!o.weights.empty()) {
        o.train.epochs = 0;
    }
    o.train.read(section);
    section.finish();
    return o;
}

LatencyOptions read_latency(Section section) {
    LatencyOptions o;
    o.table.read(section);
    o.probe.read(section);
    section.finish();
    return o;
}

/// Networks that start from the library want small steps and the reference's soft labels.
training::TrainOptions from_library(std::int64_t epochs, const training::Task& task) {
    training::TrainOptions o;
    suit(o, task);
    o.epochs = epochs;
    o.schedule.warmup = 0.1;
    o.distillation_weight = 0.7;
    o.temperature = 2;
    o.optimizer.learning_rate = 0.01;
    return o;
}

SampleOptions read_sample(Section section, const training::Task& task) {
    SampleOptions o;
    o.train = from_library(1, task);
    section.read("count", o.count, {5, 10000}, "Architectures to fine-tune for the accuracy predictor.");
    o.accuracies = predictors::AccuracyTableOptions::read(
        section.section("accuracies", "Known accuracies to take for samples instead of fine-tuning any."));
    o.train.read(section);
    section.finish();
    return o;
}

/// fit.quality names columns of the library's table where no file of other qualities is given.
void check_library_columns(const Section& fit, const Configuration& config) {
    if (!config.fit.qualities.empty()) {
        return;
    }
    static const std::vector<std::string> columns = {"nsr", "loss_rise", "dead_share", "variance_loss"};
    for (const std::string& column : config.fit.columns) {
        if (std::ranges::find(columns, column) == columns.end()) {
            const std::string near = support::nearest(column, columns);
            fit.fail("quality", fmt::format("the library has no '{}'; {}", column,
                                            near.empty() ? fmt::format("it has {}", fmt::join(columns, ", "))
                                                         : fmt::format("did you mean '{}'?", near)));
        }
        if (column != "nsr" && config.distil.inspect_images == 0) {
            fit.fail("quality", fmt::format("there is no '{}' with distil.inspect_images: 0", column));
        }
    }
}

/// Of a section that trains, for content hashes: keys that came later count where they are set, so that what
/// was trained before stays as good as it is.
std::string counted(const Section& section) {
    std::string text = section.resolved();
    for (const std::string line :
         {"final_rate: 0\n", "restarts: 0\n", "decay_all: false\n", "clip_each: false\n"}) {
        if (const auto at = text.find("\n" + line); at != std::string::npos) {
            text.erase(at + 1, line.size());
        }
    }
    return text;
}

/// One per device that can be measured here, or that the table the user brings knows. Where the table has
/// gone, any: the run holds what was made of it.
std::vector<std::string> latency_objectives(const latency::TableOptions& table) {
    if (table.file.empty()) {
        return {"latency_cpu_ms", "latency_cuda_ms"};
    }
    if (!std::filesystem::exists(table.file)) {
        return {std::string(any_latency)};
    }
    std::vector<std::string> names;
    for (const auto& device : latency::table_devices(table)) {
        names.push_back("latency_" + device + "_ms");
    }
    return names;
}

SearchStageOptions read_search(Section section, const std::vector<std::string>& latencies) {
    SearchStageOptions o;
    o.strategy.read(section);
    std::vector<std::string> known = {"accuracy", "macs", "parameters", "weight_bytes", "peak_memory_bytes"};
    known.insert(known.begin() + 1, latencies.begin(), latencies.end());
    section.read("columns", o.columns,
                 "CSV with costs of your own: block, choice and a column an objective.");
    if (!o.columns.empty() && !std::filesystem::is_regular_file(o.columns)) {
        section.fail("columns", fmt::format("{}: no such file", o.columns.string()));
    }
    for (std::string& name : cost_column_names(o.columns)) {
        known.push_back(std::move(name));
    }
    o.objectives = Objective::read_list(
        section.list(
            "objectives",
            "What to search for: name, direction, optional min and max; empty: accuracy up, latency of "
            "the first device down."),
        known);
    // Empty as absent: that is how a run keeps a configuration that says nothing of them.
    if (o.objectives.empty()) {
        const std::string first = latencies.front() == any_latency ? "latency_cpu_ms" : latencies.front();
        o.objectives = {{"accuracy", Direction::maximize, {}, {}}, {first, Direction::minimize, {}, {}}};
    }
    std::vector<std::string> prefer;
    section.read(
        "prefer", prefer,
        "Columns, smaller is better (accuracy: larger), that say which choices the evolutionary search tries "
        "first, instead of the objectives: filter statistics of `inspect --out`, given as search.columns.");
    for (const std::string& name : prefer) {
        o.prefer.push_back({name, name == "accuracy" ? Direction::maximize : Direction::minimize, {}, {}});
    }
    check_names(section, "prefer", o.prefer, known);
    section.finish();
    return o;
}

FinetuneOptions read_finetune(Section section, const training::Task& task) {
    FinetuneOptions o;
    o.train = from_library(5, task);
    section.read(
        "pick", o.pick,
        "Points of the front: knee, all, spread:K (K of them), `objective<=value`, `objective>=value` "
        "(accuracy is "
        "a fraction), an id or its beginning; of other networks: random:FORM, scaled:FORM, reference.");
    o.train.read(section);
    section.finish();
    return o;
}

} // namespace

Configuration Configuration::read(const support::Document& document,
                                  const std::filesystem::path& constructed) {
    Configuration c;
    Section root = document.root();
    root.read("name", c.name, "Name of the configuration; the run folder is runs/<name>.");
    root.read("seed", c.seed, {0, 1'000'000'000'000}, "Seed from which every stage derives its own.");
    root.read("threads", c.threads, {0, 4096}, "Threads in all; 0: one per core.");
    root.read("device", c.device, "Where networks run: auto, cpu or cuda:N.");
    if (c.name.empty() || c.name.find('/') != std::string::npos || c.name == "." || c.name == "..") {
        root.fail("name", "must be a plain name without slashes");
    }

    Section space = root.section("space", "The search space.");
    if (root.has("construct")) {
        Section construct = root.section("construct", "Growing the reference from filter statistics.");
        c.space = search_spaces::SearchSpace::read(space, [&](const auto& around) {
            c.construct = ConstructOptions::read(construct, around);
            return constructed.empty() ? support::Document::parse(start_blocks_yaml(*c.construct))
                                       : support::Document::load(constructed);
        });
    } else {
        c.space = search_spaces::SearchSpace::read(space);
    }
    Section data = root.section("data", "The images.");
    c.data = training::DataOptions::read(data);
    check_task(data, c.space.head(), c.data);
    const training::Task& task = training::task_of(c.space.head());
    Section teach = root.section("teach", "Training of the reference.");
    c.teach = read_teach(teach, task);
    check_changes(teach, c.teach.train, task);
    c.distil = predictors::DistilOptions::read(root.section("distil", "Distillation of the choices."));
    Section latency = root.section("latency", "Measurement of this machine.");
    c.latency = read_latency(latency);
    Section sample = root.section("sample", "Fine-tuned networks for the accuracy predictor.");
    c.sample = read_sample(sample, task);
    check_changes(sample, c.sample.train, task);
    Section fit = root.section("fit", "The accuracy predictor.");
    c.fit = predictors::FitOptions::read(fit);
    check_library_columns(fit, c);
    Section search = root.section("search", "The search for the front.");
    c.search = read_search(search, latency_objectives(c.latency.table));
    Section finetune = root.section("finetune", "Fine-tuning of chosen points.");
    c.finetune = read_finetune(finetune, task);
    check_changes(finetune, c.finetune.train, task);
    for (const std::string& expression : c.finetune.pick) {
        try {
            check_pick(expression, c.search.objectives);
        } catch (const support::UsageError& error) { finetune.fail("pick", error.what()); }
    }
    root.finish();

    c.texts = {space.resolved(), c.data.essence(), counted(teach),    latency.resolved(),
               counted(sample),  fit.resolved(),   search.resolved(), counted(finetune)};
    if (c.construct) {
        c.texts.space += "constructed: " + c.space.hash() + "\n";
    }
    return c;
}

void Configuration::check_outside(bool taught, bool measured, bool sampled) const {
    const auto missing = [](const char* key, const std::filesystem::path& path) {
        throw support::UsageError(fmt::format("{}: {}: no such file", key, path.string()));
    };
    const bool files = !data.generated();
    if (const auto problem = files ? training::folder_problem(data.path) : ""; !problem.empty()) {
        throw support::UsageError("data.path: " + problem);
    }
    if (!taught && !teach.weights.empty() && !std::filesystem::is_regular_file(teach.weights)) {
        missing("teach.weights", teach.weights);
    }
    if (!measured && !latency.table.file.empty() && !std::filesystem::is_regular_file(latency.table.file)) {
        missing("latency.table", latency.table.file);
    }
    if (!sampled && !sample.accuracies.file.empty() &&
        !std::filesystem::is_regular_file(sample.accuracies.file)) {
        missing("sample.accuracies.file", sample.accuracies.file);
    }
    if (!sampled && !fit.qualities.empty() && !std::filesystem::is_regular_file(fit.qualities)) {
        missing("fit.qualities", fit.qualities);
    }
    if (space.size() < 5) {
        throw support::UsageError(
            fmt::format("space: {} architectures are too few to search; five are needed to fit a "
                        "predictor: add choices",
                        space.size()));
    }
}

int Configuration::thread_budget() const {
    if (threads > 0) {
        return static_cast<int>(threads);
    }
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

} // namespace tessera::nas
