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
#include "nas/preprocessing_file.h"
#include "nas/stage_plan.h"
#include "support/error.h"
#include "support/interrupt.h"
#include "support/progress.h"
#include "support/table.h"
#include "training/datasets/folder_layout.h"
#include "training/datasets/image_folder.h"
#include "training/datasets/image_listing.h"
#include "training/device.h"

namespace tessera::nas {
namespace {

namespace fs = std::filesystem;

/// Names of the folders in `root`, hidden ones left out, and whether they are all classes.
struct Folders {
    std::vector<std::string> names;
    bool classes = false;
};

Folders folders_in(const fs::path& root, const std::set<std::string>& classes) {
    Folders folders;
    for (const auto& entry : fs::directory_iterator(root)) {
        if (entry.is_directory() && training::is_visible(entry.path())) {
            folders.names.push_back(entry.path().filename().string());
        }
    }
    std::sort(folders.names.begin(), folders.names.end());
    folders.classes = !folders.names.empty() &&
                      std::all_of(folders.names.begin(), folders.names.end(),
                                  [&](const std::string& name) { return classes.contains(name); });
    return folders;
}

fs::path class_folders(const fs::path& root, const std::string& split, const std::set<std::string>& classes) {
    if (const auto problem = training::folder_problem(root); !problem.empty()) {
        throw support::UsageError(problem);
    }
    if (!split.empty()) {
        if (!fs::is_directory(root / split)) {
            throw support::UsageError(fmt::format("--split {}: {} has no such folder", split, root.string()));
        }
        return root / split;
    }
    const Folders folders = folders_in(root, classes);
    const auto test = std::find_if(folders.names.begin(), folders.names.end(), [](const std::string& name) {
        return training::lower_case(name) == "test" || training::lower_case(name) == "testing";
    });
    return folders.classes || test == folders.names.end() ? root
                                                          : root / *test; // a class may be called "test"
}

/// Place of each of `found` among the network's classes. Throws RunError, which begins with `source`, naming
/// those that are none.
std::vector<std::int64_t> places_of(const std::vector<std::string>& found,
                                    const std::vector<std::string>& classes, const std::string& source,
                                    const std::string& noun) {
    static constexpr std::ptrdiff_t shown = 5;
    const auto first_of = [](const std::vector<std::string>& names) {
        return fmt::format("{}{}",
                           fmt::join(names.begin(), names.begin() + std::min(std::ssize(names), shown), ", "),
                           std::ssize(names) > shown ? ", ..." : "");
    };
    std::vector<std::string> unknown;
    std::vector<std::int64_t> places;
    for (const std::string& name : found) {
        const auto place = std::find(classes.begin(), classes.end(), name);
        places.push_back(place - classes.begin());
        if (place == classes.end()) {
            unknown.push_back(name);
        }
    }
    if (!unknown.empty()) {
        throw support::RunError(fmt::format("{}: {} {} no class of the network: {}; it knows {}", source,
                                            support::counted(std::ssize(unknown), noun),
                                            unknown.size() == 1 ? "is" : "are", first_of(unknown),
                                            first_of(classes)));
    }
    return places;
}

/// Those of `classes` that are not among `present`.
std::vector<std::string> absent_classes(const std::vector<std::string>& classes,
                                        const std::set<std::string>& present) {
    std::vector<std::string> absent;
    std::copy_if(classes.begin(), classes.end(), std::back_inserter(absent),
                 [&](const std::string& name) { return !present.contains(name); });
    return absent;
}

/// Which images were held out follows from the files and from the options that split them.
void refuse_other_images(const StageContext& run) {
    for (const support::KeyChange& change : changes_of(stage("teach"), run)) {
        const bool moved = change.path == "data.path";
        if (change.path.starts_with("files of ") || (change.path.starts_with("data.") && !moved)) {
            throw support::RunError(fmt::format(
                "{}: {} since the network was trained: which images were held out can no longer be told",
                run.run.path().string(),
                change.path.starts_with("files of ")
                    ? fmt::format("files in {} were added, removed or renamed", run.config.data.path.string())
                    : change.text()));
        }
    }
}

} // namespace

LabelledImages find_images(const fs::path& root, const std::string& split,
                           const std::vector<std::string>& classes) {
    const std::set<std::string> known(classes.begin(), classes.end());
    const training::FolderListing listing = training::list_images(class_folders(root, split, known));
    const auto labels = places_of(listing.classes, classes, listing.folder.string(), "folder");
    LabelledImages images;
    images.folder = listing.folder;
    images.missing = absent_classes(classes, {listing.classes.begin(), listing.classes.end()});
    for (const auto& [file, label] : listing.files) {
        images.files.emplace_back(file, labels[static_cast<std::size_t>(label)]);
    }
    return images;
}

LabelledImages test_images_of(StageContext& run, const training::Preprocessing& p) {
    refuse_other_images(run);
    const training::Datasets& data = run.data();
    const training::Dataset& test = data.test;
    const auto labels = places_of(data.classes, p.classes, run.run.path().string(), "name");
    LabelledImages images;
    const bool files = !data.test_files.names.empty();
    if (files) {
        images.folder = data.test_files.folder;
    } else if (test.images.sizes().slice(1) != at::IntArrayRef({p.channels, p.height, p.width})) {
        throw support::RunError(
            fmt::format("{}: its images are {}, those of the network {}x{}x{}", run.run.path().string(),
                        fmt::join(test.images.sizes().slice(1), "x"), p.channels, p.height, p.width));
    } else {
        images.pixels = test.images;
    }
    images.targets = test.targets;
    if (p.depths && !images.targets.defined()) {
        throw support::RunError(
            fmt::format("{}: its images have no depths, which the network gives", run.run.path().string()));
    }
    std::set<std::string> present;
    const auto* label = test.labels.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < test.size(); ++i) {
        const auto place = static_cast<std::size_t>(label[i]);
        images.files.emplace_back(files ? data.test_files.names[static_cast<std::size_t>(i)]
                                        : fmt::format("test image {}", i),
                                  labels[place]);
        present.insert(data.classes[place]);
    }
    images.missing = absent_classes(p.classes, present);
    return images;
}

namespace {

/// Rows 0..valid-1 of `pixels` from the files beginning at `begin`; the reasons of those that cannot be read,
/// else empty.
std::vector<std::string> read_batch(const LabelledImages& images, std::int64_t begin, std::int64_t valid,
                                    const training::Preprocessing& p, const torch::Tensor& pixels) {
    const ScaledSize scaled = scaled_size(p);
    const std::int64_t top = (scaled.height - p.height) / 2, left = (scaled.width - p.width) / 2;
    std::vector<std::string> reasons(static_cast<std::size_t>(valid));
    if (images.pixels.defined()) {
        pixels.narrow(0, 0, valid).copy_(images.pixels.narrow(0, begin, valid));
        return reasons;
    }
    training::ImageFolderOptions options;
    options.channels = p.channels;
    options.height = scaled.height;
    options.width = scaled.width;
    options.max_pixels = p.max_pixels;
    tbb::parallel_for(std::int64_t{0}, valid, [&](std::int64_t i) {
        training::use_threads(1); // of this thread
        const fs::path file = images.folder / images.files[static_cast<std::size_t>(begin + i)].first;
        const torch::Tensor whole = torch::empty({p.channels, scaled.height, scaled.width}, torch::kUInt8);
        auto& reason = reasons[static_cast<std::size_t>(i)];
        reason = training::decode_file(file, options, whole.data_ptr<std::uint8_t>());
        if (reason.empty()) {
            pixels[i].copy_(whole.narrow(1, top, p.height).narrow(2, left, p.width));
        }
    });
    return reasons;
}

} // namespace

namespace {

ModelEvaluation evaluate_depths(ExportedModel& model, const LabelledImages& images, int threads) {
    constexpr std::int64_t batch = ModelSpeed::batch;
    const auto count = images.pixels.size(0);
    const auto tally = training::depth_task().tally(training::Confusions::left_out);
    training::use_threads(threads);
    support::Progress progress("estimating depths", count, "images");
    for (std::int64_t begin = 0; begin < count; begin += batch) {
        support::check_interrupt();
        const std::int64_t valid = std::min(batch, count - begin);
        // Filled up: kernels pick other sums for other batch sizes.
        const torch::Tensor rows = torch::arange(begin, begin + batch).remainder(count);
        tally->add(model.outputs(images.pixels.index_select(0, rows)).slice(0, 0, valid).to(torch::kFloat64),
                   images.targets.slice(0, begin, begin + valid));
        progress.advance(valid);
    }
    ModelEvaluation result;
    result.depths = tally->result();
    return result;
}

} // namespace

ModelEvaluation evaluate_model(ExportedModel& model, const LabelledImages& images, int threads) {
    if (model.preprocessing().depths) {
        return evaluate_depths(model, images, threads);
    }
    constexpr std::int64_t batch = ModelSpeed::batch;
    const auto& p = model.preprocessing();
    const auto count = std::ssize(images.files);
    ModelEvaluation result;
    result.confusion = training::ConfusionMatrix(std::ssize(p.classes));
    tbb::task_arena arena(threads);
    const torch::Tensor pixels = torch::zeros({batch, p.channels, p.height, p.width}, torch::kUInt8);
    {
        support::Progress progress("classifying", count, "images");
        for (std::int64_t begin = 0; begin < count; begin += batch) {
            support::check_interrupt();
            const std::int64_t valid = std::min(batch, count - begin);
            std::vector<std::string> reasons;
            arena.execute([&] { reasons = read_batch(images, begin, valid, p, pixels); });
            training::use_threads(threads);
            const torch::Tensor probabilities = torch::softmax(model.outputs(pixels), 1);
            const auto [most, which] = probabilities.max(1);
            for (std::int64_t i = 0; i < valid; ++i) {
                const auto& [file, truth] = images.files[static_cast<std::size_t>(begin + i)];
                if (const std::string& reason = reasons[static_cast<std::size_t>(i)]; !reason.empty()) {
                    result.damaged.push_back({file, reason});
                    continue;
                }
                const auto predicted = which[i].item<std::int64_t>();
                result.confusion.add(truth, predicted);
                result.predictions.push_back({file, truth, predicted, most[i].item<double>()});
            }
            progress.advance(valid);
        }
    }
    if (result.predictions.empty()) {
        const auto& [file, reason] = result.damaged.at(0);
        throw support::RunError(
            fmt::format("no image can be read; the first: {}: {}", (images.folder / file).string(), reason));
    }
    training::report_damage(result.damaged, count, 1, images.folder.string());
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
