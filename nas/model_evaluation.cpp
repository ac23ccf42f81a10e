#include "nas/model_evaluation.h"

#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "latency/deployed.h"
#include "latency/steady_memory.h"
#include "latency/stopwatch.h"
#include "support/error.h"
#include "support/files.h"
#include "support/interrupt.h"
#include "support/progress.h"
#include "training/datasets/image_decoding.h"
#include "training/datasets/image_folder.h"
#include "training/device.h"

namespace tessera::nas {
namespace {

namespace fs = std::filesystem;

/// True where every folder in `root` is a class.
bool holds_classes(const fs::path& root, const std::set<std::string>& classes) {
    bool any = false;
    for (const auto& entry : fs::directory_iterator(root)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_directory() && !name.starts_with('.')) {
            if (!classes.contains(name)) {
                return false;
            }
            any = true;
        }
    }
    return any;
}

fs::path class_folders(const fs::path& root, const std::string& split, const std::set<std::string>& classes) {
    if (!fs::is_directory(root)) {
        throw support::RunError(fmt::format("{}: no such folder", root.string()));
    }
    if (!split.empty()) {
        if (!fs::is_directory(root / split)) {
            throw support::UsageError(fmt::format("--split {}: {} has no such folder", split, root.string()));
        }
        return root / split;
    }
    return !holds_classes(root, classes) && fs::is_directory(root / "test") ? root / "test" : root;
}

} // namespace

LabelledImages find_images(const fs::path& root, const std::string& split,
                           const std::vector<std::string>& classes) {
    const std::set<std::string> known(classes.begin(), classes.end());
    const training::FolderListing listing = training::list_images(class_folders(root, split, known));
    LabelledImages images;
    images.folder = listing.folder;

    std::vector<std::string> unknown;
    std::vector<std::int64_t> labels; // of the listing's classes
    for (const std::string& name : listing.classes) {
        const auto found = std::find(classes.begin(), classes.end(), name);
        labels.push_back(found - classes.begin());
        if (found == classes.end()) {
            unknown.push_back(name);
        }
    }
    if (!unknown.empty()) {
        const std::size_t shown = std::min<std::size_t>(unknown.size(), 5);
        throw support::RunError(fmt::format(
            "{}: {} folders are no class of the network: {}{}; it knows {}{}", listing.folder.string(),
            unknown.size(),
            fmt::join(unknown.begin(), unknown.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
            unknown.size() > shown ? ", ..." : "",
            fmt::join(classes.begin(), classes.begin() + std::min<std::ptrdiff_t>(std::ssize(classes), 5),
                      ", "),
            classes.size() > 5 ? ", ..." : ""));
    }
    const std::set<std::string> present(listing.classes.begin(), listing.classes.end());
    std::copy_if(classes.begin(), classes.end(), std::back_inserter(images.missing),
                 [&](const std::string& name) { return !present.contains(name); });
    for (const auto& [file, label] : listing.files) {
        images.files.emplace_back(file, labels[static_cast<std::size_t>(label)]);
    }
    return images;
}

namespace {

/// Rows 0..valid-1 of `pixels` from the files beginning at `begin`. Of several that are damaged the first is
/// named.
void read_batch(const LabelledImages& images, std::int64_t begin, std::int64_t valid,
                const training::Preprocessing& p, const torch::Tensor& pixels) {
    std::vector<std::string> errors(static_cast<std::size_t>(valid));
    tbb::parallel_for(std::int64_t{0}, valid, [&](std::int64_t i) {
        const fs::path file = images.folder / images.files[static_cast<std::size_t>(begin + i)].first;
        try {
            const training::Image image =
                training::decode_image(support::read_file(file, 256ULL << 20), p.channels,
                                       std::max(p.height, p.width), file.string());
            training::resize_and_crop(image, p.height, p.width, pixels[i].data_ptr<std::uint8_t>());
        } catch (const support::RunError& error) { errors[static_cast<std::size_t>(i)] = error.what(); }
    });
    for (const std::string& error : errors) {
        if (!error.empty()) {
            throw support::RunError(error);
        }
    }
}

} // namespace

ModelEvaluation evaluate_model(ExportedModel& model, const LabelledImages& images, int threads) {
    constexpr std::int64_t batch = ModelSpeed::batch;
    const auto& p = model.preprocessing();
    const auto count = std::ssize(images.files);
    ModelEvaluation result;
    result.confusion = training::ConfusionMatrix(std::ssize(p.classes));
    support::Progress progress("classifying", count, "images");
    tbb::task_arena arena(threads);
    const torch::Tensor pixels = torch::zeros({batch, p.channels, p.height, p.width}, torch::kUInt8);
    for (std::int64_t begin = 0; begin < count; begin += batch) {
        support::check_interrupt();
        const std::int64_t valid = std::min(batch, count - begin);
        arena.execute([&] { read_batch(images, begin, valid, p, pixels); });
        training::use_threads(threads);
        const torch::Tensor probabilities = torch::softmax(model.classify(pixels), 1);
        const auto [most, which] = probabilities.max(1);
        for (std::int64_t i = 0; i < valid; ++i) {
            const Prediction prediction{images.files[static_cast<std::size_t>(begin + i)].second,
                                        which[i].item<std::int64_t>(), most[i].item<double>()};
            result.confusion.add(prediction.truth, prediction.predicted);
            result.predictions.push_back(prediction);
        }
        progress.advance(valid);
    }
    return result;
}

namespace {

/// Settled first; then `most` calls, or as many as take two seconds, but at least ten.
latency::Timing time_calls(ExportedModel& model, std::int64_t batch, std::size_t most) {
    const auto& p = model.preprocessing();
    const torch::Tensor input = latency::noise({p.channels, p.height, p.width}, batch, model.device(), 0);
    for (int i = 0; i < latency::settling_calls; ++i) {
        model.forward(input);
    }
    latency::Samples samples;
    latency::Stopwatch watch(model.device());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (samples.count() < 10 || (samples.count() < most && std::chrono::steady_clock::now() < end)) {
        support::check_interrupt();
        watch.start();
        const torch::Tensor output = model.forward(input);
        watch.stop(samples);
    }
    return samples.timing();
}

} // namespace

ModelSpeed time_model(ExportedModel& model, int threads) {
    const torch::NoGradGuard no_grad;
    const latency::SteadyMemory steady;
    training::use_threads(threads);
    return {time_calls(model, 1, 200), time_calls(model, ModelSpeed::batch, 50)};
}

} // namespace tessera::nas
