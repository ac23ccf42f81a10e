// evaluate: an exported network on a folder of labelled images.
#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "latency/hardware.h"
#include "latency/probe.h"
#include "nas/class_results.h"
#include "nas/model_evaluation.h"
#include "support/error.h"
#include "support/files.h"
#include "support/log.h"
#include "support/table.h"
#include "training/device.h"

namespace tessera::cli {
namespace {

using support::UsageError;

struct Machine {
    std::string device = "auto";
    int threads = 0;                   ///< for classifying
    std::optional<int> timing_threads; ///< that were asked for; else the run says, or it is one
};

/// Of the options of every command only --device and --threads mean anything, and with --run, whose
/// configuration says where its images are, the keys under `data`.
Machine machine_of(const Arguments& arguments) {
    Machine machine;
    for (const std::string& set : arguments.set) {
        const std::string key = set.substr(0, set.find('=')), value = set.substr(key.size() + 1);
        if (key == "device") {
            machine.device = value;
        } else if (key == "threads") {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), machine.threads);
            if (error != std::errc() || end != value.data() + value.size() || machine.threads < 0 ||
                machine.threads > 1024) {
                throw UsageError(fmt::format("--threads {}: expected a number from 0 to 1024", value));
            }
        } else if (arguments.run.empty() || !key.starts_with("data.")) {
            throw UsageError(fmt::format("evaluate reads no {}configuration: {} has no effect on it",
                                         arguments.run.empty() ? "" : "other part of the ", key));
        }
    }
    const bool given = std::any_of(arguments.set.begin(), arguments.set.end(),
                                   [](const std::string& set) { return set.starts_with("threads="); });
    if (machine.threads == 0) {
        machine.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    }
    if (given) {
        machine.timing_threads = machine.threads;
    }
    return machine;
}

/// Of the run given with --run.
std::optional<nas::Configuration> configuration_of(Arguments arguments) {
    if (arguments.run.empty()) {
        return std::nullopt;
    }
    arguments.operand.clear(); // of the model, not a configuration
    return load_configuration(arguments, load_document(arguments));
}

/// From --data, or what the run was tested on.
nas::LabelledImages images_for(const nas::ExportedModel& model, const Arguments& arguments,
                               const std::optional<nas::Configuration>& configuration) {
    if (!configuration) {
        if (model.preprocessing().depths) {
            throw UsageError(fmt::format("{}: it tells depths, which folders of classes have none of: take "
                                         "--run RUN for the test images of a run",
                                         model.file().string()));
        }
        return nas::find_images(arguments.value("data"), arguments.value("split"),
                                model.preprocessing().classes);
    }
    nas::RunFolder run(arguments.run, /*read_only=*/true);
    nas::StageContext context(*configuration, run);
    return nas::test_images_of(context, model.preprocessing());
}

/// One thread, or as many as the run's latencies were measured with: what is printed here and there compares.
int timing_threads(const Machine& machine, const std::optional<nas::Configuration>& configuration) {
    if (machine.timing_threads || !configuration) {
        return machine.timing_threads.value_or(1);
    }
    return configuration->latency.probe.threads_of(configuration->thread_budget());
}

void check_arguments(const Arguments& arguments) {
    const bool data = !arguments.value("data").empty(), run = !arguments.run.empty();
    if (arguments.operand.empty() || (!data && !run)) {
        throw UsageError("name an exported network and images: tessera evaluate MODEL --data DIR, or --run "
                         "RUN for the test images of a run");
    }
    if (run && (data || arguments.has("split"))) {
        throw UsageError(fmt::format("--run takes the test images of that run: --{} does not go with it",
                                     data ? "data" : "split"));
    }
}

struct Everything {
    nas::ExportedModel& model;
    const nas::LabelledImages& images;
    const nas::ModelEvaluation& evaluation;
    const nas::ModelSpeed& speed;
    int threads;               ///< with which its speed was measured
    std::filesystem::path run; ///< whose test images they are; empty: nobody's

    const std::vector<std::string>& names() const { return model.preprocessing().classes; }
    std::string hardware() const {
        return model.device().is_cuda() ? latency::gpu_name(std::max(0, int{model.device().index()}))
                                        : latency::cpu_name();
    }
};

nlohmann::json timing_json(const latency::Timing& t) {
    return {{"count", t.count},
            {"mean_ms", t.mean_ms},
            {"p10_ms", t.p10_ms},
            {"p50_ms", t.p50_ms},
            {"p90_ms", t.p90_ms}};
}

/// Names of files may hold anything.
std::string dumped(const nlohmann::json& document, int indent) {
    return document.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::json text_or_null(const std::filesystem::path& path) {
    return path.empty() ? nlohmann::json() : nlohmann::json(path.string());
}

/// Where the images come from.
std::string source_text(const Everything& e) {
    const std::string folder = e.images.folder.string();
    if (e.run.empty()) {
        return folder;
    }
    return fmt::format("{}{}test images of {}", folder, folder.empty() ? "" : ", ", e.run.string());
}

nlohmann::json latency_json(const Everything& e) {
    return {{"device", latency::device_name(e.model.device())},
            {"hardware", e.hardware()},
            {"threads", e.threads},
            {"batch_1", timing_json(e.speed.one)},
            {"batch_32", timing_json(e.speed.many)},
            {"images_per_second", e.speed.images_per_second()}};
}

nlohmann::json depths_json(const Everything& e) {
    const training::Evaluation& depths = *e.evaluation.depths;
    return {{"schema", "tessera-evaluation-1"},
            {"model", e.model.file().string()},
            {"id", e.model.id()},
            {"architecture", e.model.architecture()},
            {"data", text_or_null(e.images.folder)},
            {"run", text_or_null(e.run)},
            {"images", e.images.files.size()},
            {"accuracy", depths.accuracy},
            {"accuracy_is", training::depth_task().accuracy_name()},
            {"loss", depths.loss},
            {"abs_rel", depths.depth->abs_rel},
            {"rmse", depths.depth->rmse},
            {"latency", latency_json(e)}};
}

nlohmann::json to_json(const Everything& e) {
    if (e.evaluation.depths) {
        return depths_json(e);
    }
    const auto& confusion = e.evaluation.confusion;
    nlohmann::json damaged = nlohmann::json::array();
    for (const training::DamagedFile& file : e.evaluation.damaged) {
        damaged.push_back(file.file);
    }
    return {{"schema", "tessera-evaluation-1"},
            {"model", e.model.file().string()},
            {"id", e.model.id()},
            {"architecture", e.model.architecture()},
            {"data", text_or_null(e.images.folder)},
            {"run", text_or_null(e.run)},
            {"images", confusion.images()},
            {"accuracy", confusion.accuracy()},
            {"balanced_accuracy", confusion.balanced_accuracy()},
            {"classes", nas::class_json(nas::class_results(confusion, e.names()))},
            {"missing_classes", e.images.missing},
            {"damaged", damaged},
            {"mistakes", nas::confusion_json(confusion, e.names())},
            {"latency", latency_json(e)}};
}

std::string latency_text(const Everything& e) {
    return fmt::format("Latency   one image: p10 {:.3f} ms, p50 {:.3f} ms, p90 {:.3f} ms; {} at a time: {} "
                       "images/s\n          {}, {}\n",
                       e.speed.one.p10_ms, e.speed.one.p50_ms, e.speed.one.p90_ms, nas::ModelSpeed::batch,
                       support::si(e.speed.images_per_second()), e.hardware(),
                       support::counted(e.threads, "thread"));
}

std::string depths_text(const Everything& e) {
    const auto& p = e.model.preprocessing();
    const training::Evaluation& depths = *e.evaluation.depths;
    return fmt::format("{}: {}, depths of images of {}x{}x{}\n"
                       "Images    {} in {}\n"
                       "Depths    {}: {:.2f} % of the pixels; mean relative error {:.4f}, RMSE {:.4f}\n",
                       e.model.file().string(), e.model.id(), p.channels, p.height, p.width,
                       e.images.files.size(), source_text(e), training::depth_task().accuracy_name(),
                       100 * depths.accuracy, depths.depth->abs_rel, depths.depth->rmse) +
           latency_text(e);
}

std::string to_text(const Everything& e) {
    if (e.evaluation.depths) {
        return depths_text(e);
    }
    const auto& p = e.model.preprocessing();
    const auto& confusion = e.evaluation.confusion;
    std::string text = fmt::format("{}: {}, {} classes, images of {}x{}x{}\n", e.model.file().string(),
                                   e.model.id(), p.classes.size(), p.channels, p.height, p.width);
    text += fmt::format("Images    {} of {} classes in {}\n", confusion.images(),
                        p.classes.size() - e.images.missing.size(), source_text(e));
    if (!e.images.missing.empty()) {
        text += fmt::format("          no {} {}\n", e.run.empty() ? "folder for" : "images of",
                            fmt::join(e.images.missing, ", "));
    }
    if (!e.evaluation.damaged.empty()) {
        text += fmt::format("          {} more cannot be read\n", e.evaluation.damaged.size());
    }
    text += fmt::format("Accuracy  {:.2f} %; mean of the classes {:.2f} %\n", 100 * confusion.accuracy(),
                        100 * confusion.balanced_accuracy());
    return text + latency_text(e) + "\nClasses, the worst first\n" +
           nas::class_table(nas::class_results(confusion, e.names())).text() + "\n" +
           nas::confusion_text(confusion, e.names());
}

std::string predictions_csv(const Everything& e) {
    support::CsvTable table;
    table.header = {"file", "class", "predicted", "probability"};
    for (const nas::Prediction& one : e.evaluation.predictions) {
        table.add({one.file, e.names()[static_cast<std::size_t>(one.truth)],
                   e.names()[static_cast<std::size_t>(one.predicted)],
                   fmt::format("{:.6f}", one.probability)});
    }
    return table.text();
}

void write_all(const Everything& e, const std::filesystem::path& folder) {
    if (!e.evaluation.depths) {
        const auto& confusion = e.evaluation.confusion;
        support::write_atomically(folder / "predictions.csv", predictions_csv(e));
        support::write_atomically(folder / "confusion.csv", nas::confusion_csv(confusion, e.names()).text());
        support::write_atomically(folder / "per_class.csv",
                                  nas::class_csv(nas::class_results(confusion, e.names())).text());
    }
    support::write_atomically(folder / "evaluation.json", dumped(to_json(e), 2) + "\n");
    support::info("written to {}", folder.string());
}

int evaluate(const Arguments& arguments) {
    check_arguments(arguments);
    const Machine machine = machine_of(arguments);
    training::use_threads(machine.threads);
    nas::ExportedModel model(arguments.operand, training::select_device(machine.device));
    const auto configuration = configuration_of(arguments);
    const int timed_with = timing_threads(machine, configuration);
    const auto images = images_for(model, arguments, configuration);
    const std::filesystem::path out = arguments.value("out");
    if (!out.empty()) { // before anything is spent
        std::error_code error;
        std::filesystem::create_directories(out, error);
        if (error) {
            throw support::RunError(fmt::format("cannot create {}: {}", out.string(), error.message()));
        }
    }
    const auto speed = nas::time_model(model, timed_with);
    const auto evaluation = nas::evaluate_model(model, images, machine.threads);
    const Everything everything{model, images, evaluation, speed, timed_with, arguments.run};
    print(arguments, to_text(everything), dumped(to_json(everything), 1));
    if (!out.empty()) {
        write_all(everything, out);
    }
    return 0;
}

} // namespace

Command evaluate_command() {
    return {
        "evaluate",
        "tries an exported network on labelled images: accuracy of each class, confusions, latency",
        "  tessera evaluate runs/quickstart/export/ID --data images\n"
        "  tessera evaluate runs/quickstart/export/ID --run runs/quickstart\n"
        "  tessera evaluate model.pt --data images --split validation --out results\n"
        "Latency is that of one thread, with --run that of latency.threads of the run; --threads asks for "
        "others.\n",
        evaluate,
        {{"data", "DIR", "class folders of .jpg and .png files, or a folder that holds them in `test`"},
         {"split", "NAME", "take DIR/NAME (default: DIR/test where it is, else DIR itself)"},
         {"out", "DIR",
          "write evaluation.json, per_class.csv, confusion.csv and predictions.csv there (of a network that "
          "tells depths the first alone)"}},
        {"MODEL", "folder that `tessera export` wrote, or its model.pt alone"}};
}

} // namespace tessera::cli
