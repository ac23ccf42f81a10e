// evaluate: an exported network on a folder of labelled images.
#include <algorithm>
#include <charconv>
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
    int threads = 0; ///< 0: one per core
};

/// There is no configuration here: of the options of every command only --device and --threads mean anything.
Machine machine_of(const Arguments& arguments) {
    Machine machine;
    if (!arguments.run.empty()) {
        throw UsageError("evaluate knows no --run; name the exported network itself, e.g. " +
                         (arguments.run / "export/ID").string());
    }
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
        } else {
            throw UsageError(fmt::format("evaluate reads no configuration: {} has no effect on it", key));
        }
    }
    if (machine.threads == 0) {
        machine.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    }
    return machine;
}

struct Everything {
    nas::ExportedModel& model;
    const nas::LabelledImages& images;
    const nas::ModelEvaluation& evaluation;
    const nas::ModelSpeed& speed;
    int threads;

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

nlohmann::json to_json(const Everything& e) {
    const auto& confusion = e.evaluation.confusion;
    nlohmann::json damaged = nlohmann::json::array();
    for (const training::DamagedFile& file : e.evaluation.damaged) {
        damaged.push_back(file.file);
    }
    return {{"schema", "tessera-evaluation-1"},
            {"model", e.model.file().string()},
            {"id", e.model.id()},
            {"architecture", e.model.architecture()},
            {"data", e.images.folder.string()},
            {"images", confusion.images()},
            {"accuracy", confusion.accuracy()},
            {"balanced_accuracy", confusion.balanced_accuracy()},
            {"classes", nas::class_json(nas::class_results(confusion, e.names()))},
            {"missing_classes", e.images.missing},
            {"damaged", damaged},
            {"mistakes", nas::confusion_json(confusion, e.names())},
            {"latency",
             {{"device", latency::device_name(e.model.device())},
              {"hardware", e.hardware()},
              {"threads", e.threads},
              {"batch_1", timing_json(e.speed.one)},
              {"batch_32", timing_json(e.speed.many)},
              {"images_per_second", e.speed.images_per_second()}}}};
}

std::string to_text(const Everything& e) {
    const auto& p = e.model.preprocessing();
    const auto& confusion = e.evaluation.confusion;
    std::string text = fmt::format("{}: {}, {} classes, images of {}x{}x{}\n", e.model.file().string(),
                                   e.model.id(), p.classes.size(), p.channels, p.height, p.width);
    text += fmt::format("Images    {} of {} classes in {}\n", confusion.images(),
                        p.classes.size() - e.images.missing.size(), e.images.folder.string());
    if (!e.images.missing.empty()) {
        text += fmt::format("          no folder for {}\n", fmt::join(e.images.missing, ", "));
    }
    if (!e.evaluation.damaged.empty()) {
        text += fmt::format("          {} more cannot be read\n", e.evaluation.damaged.size());
    }
    text += fmt::format("Accuracy  {:.2f} %; mean of the classes {:.2f} %\n", 100 * confusion.accuracy(),
                        100 * confusion.balanced_accuracy());
    text += fmt::format("Latency   one image: p10 {:.3f} ms, p50 {:.3f} ms, p90 {:.3f} ms; {} at a time: {} "
                        "images/s\n          {}, {} threads\n",
                        e.speed.one.p10_ms, e.speed.one.p50_ms, e.speed.one.p90_ms, nas::ModelSpeed::batch,
                        support::si(e.speed.images_per_second()), e.hardware(), e.threads);
    return text + "\nClasses, the worst first\n" +
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
    const auto& confusion = e.evaluation.confusion;
    support::write_atomically(folder / "predictions.csv", predictions_csv(e));
    support::write_atomically(folder / "confusion.csv", nas::confusion_csv(confusion, e.names()).text());
    support::write_atomically(folder / "per_class.csv",
                              nas::class_csv(nas::class_results(confusion, e.names())).text());
    support::write_atomically(folder / "evaluation.json", dumped(to_json(e), 2) + "\n");
    support::info("written to {}", folder.string());
}

int evaluate(const Arguments& arguments) {
    if (arguments.operand.empty() || arguments.value("data").empty()) {
        throw UsageError(
            "name an exported network and a folder of images: tessera evaluate MODEL --data DIR");
    }
    const Machine machine = machine_of(arguments);
    training::use_threads(machine.threads);
    nas::ExportedModel model(arguments.operand, training::select_device(machine.device));
    const auto images =
        nas::find_images(arguments.value("data"), arguments.value("split"), model.preprocessing().classes);
    const std::filesystem::path out = arguments.value("out");
    if (!out.empty()) { // before anything is spent
        std::error_code error;
        std::filesystem::create_directories(out, error);
        if (error) {
            throw support::RunError(fmt::format("cannot create {}: {}", out.string(), error.message()));
        }
    }
    const auto speed = nas::time_model(model, machine.threads);
    const auto evaluation = nas::evaluate_model(model, images, machine.threads);
    const Everything everything{model, images, evaluation, speed, machine.threads};
    print(arguments, to_text(everything), dumped(to_json(everything), 1));
    if (!out.empty()) {
        write_all(everything, out);
    }
    return 0;
}

} // namespace

Command evaluate_command() {
    return {"evaluate",
            "tries an exported network on labelled images: accuracy of each class, confusions, latency",
            "  tessera evaluate runs/quickstart/export/ID --data images\n"
            "  tessera evaluate model.pt --data images --split validation --out results\n",
            evaluate,
            {{"data", "DIR", "class folders of .jpg and .png files, or a folder that holds them in `test`"},
             {"split", "NAME", "take DIR/NAME (default: DIR/test where it is, else DIR itself)"},
             {"out", "DIR", "write evaluation.json, per_class.csv, confusion.csv and predictions.csv there"}},
            {"MODEL", "folder that `tessera export` wrote, or its model.pt alone"}};
}

} // namespace tessera::cli
