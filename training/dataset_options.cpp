#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "training/dataset.h"

namespace tessera::training {
namespace {

const support::EnumNames<DatasetKind> kinds = {
    {"synthetic", DatasetKind::synthetic}, {"synthetic_depth", DatasetKind::synthetic_depth},
    {"cifar10", DatasetKind::cifar10},     {"cifar100", DatasetKind::cifar100},
    {"mnist", DatasetKind::mnist},         {"image_folder", DatasetKind::image_folder}};

} // namespace

std::string_view DataOptions::kind_name() const {
    return std::ranges::find(kinds, kind, &std::pair<std::string_view, DatasetKind>::second)->first;
}

DataOptions DataOptions::read(support::Section section) {
    DataOptions options;
    section.read(
        "kind", options.kind, kinds,
        "What to train on: generated shapes, generated scenes with the depth of every pixel, one of the "
        "published binary formats, or folders of JPEG and PNG images.");
    section.read("path", options.path, "Folder of the data set's files; not used by what is generated.");
    section.read("image_size", options.image_size, {0, 1024},
                 "image_folder: side in pixels after resize and centre crop; 0: as space.input says.");
    section.read(
        "resize", options.resize, {0, 4096},
        "image_folder: side in pixels to which an image's shorter side is scaled before the crop: the "
        "centre for evaluation, a random part for training. 0: the input's own; with "
        "augment.random_resized_crop 1.15 times it is a good choice.");
    section.read("train_limit", options.train_limit, {0},
                 "At most this many training images, drawn evenly over the classes before validation images "
                 "are held out; 0: all.");
    section.read("validation", options.validation, {0.0, 0.9, true},
                 "Share of the training images held out for validation; not used where the folder has a "
                 "validation split.");
    section.read(
        "test", options.test, {0.0, 0.9, true},
        "image_folder: share of the training images held out for testing, before validation's; only used "
        "where the folder has no test split.");
    section.read(
        "max_damaged", options.max_damaged, {0.0, 1.0},
        "image_folder: share of the images that may be left out because they cannot be read; 0: none.");
    section.read(
        "max_pixels", options.max_pixels, {1, 4'000'000'000},
        "image_folder: an image whose header tells of more pixels counts as damaged and is not decoded.");
    section.read(
        "mean", options.mean, {0.0, 1.0},
        "Mean of each channel of pixel values scaled to 0..1; empty: measured on the training images.");
    section.read("std", options.deviation, {0.0, 10.0, true},
                 "Standard deviation of each channel of pixel values scaled to 0..1; empty: measured.");
    section.read("cache", options.cache,
                 "image_folder: folder that keeps decoded images for the next run; empty: none.");
    section.read(
        "cache_limit_mb", options.cache_limit_mb, {0, 1'000'000'000},
        "image_folder: megabytes of decoded images kept in the cache folder, those least recently used "
        "go first; 0: no limit.");
    section.read(
        "split_seed", options.split_seed, {0},
        "Seed of the validation and test split and of synthetic images; apart from the run's seed, so that "
        "runs compare.");
    auto synthetic = section.section("synthetic", "The generated data set.");
    synthetic.read("train", options.synthetic_train, {1, 1'000'000},
                   "Training images, validation's share included.");
    synthetic.read("test", options.synthetic_test, {1, 1'000'000}, "Test images.");
    synthetic.read("classes", options.synthetic_classes, {2, 20}, "Classes; scenes with depths have none.");
    synthetic.read("size", options.synthetic_size, {8, 1024}, "Side in pixels; of shapes at most 64.");
    if (options.kind == DatasetKind::synthetic && options.synthetic_size > 64) {
        synthetic.fail("size", fmt::format("{} is more than 64, the largest of data.kind: synthetic",
                                           options.synthetic_size));
    }
    synthetic.finish();
    section.finish();
    if (!options.generated() && options.path.empty()) {
        section.fail("path", "this kind of data set needs the folder of its files");
    }
    return options;
}

std::string DataOptions::essence() const {
    return fmt::format(
        "kind: {}\npath: {}\nimage_size: {}\nresize: {}\ntrain_limit: {}\nvalidation: {}\ntest: {}\n"
        "max_damaged: {}\nmax_pixels: {}\nmean: [{}]\nstd: [{}]\nsplit_seed: {}\n"
        "synthetic: {{train: {}, test: {}, classes: {}, size: {}}}\n",
        kind_name(), nlohmann::json(path.string()).dump(), image_size, resize, train_limit, validation, test,
        max_damaged, max_pixels, fmt::join(mean, ", "), fmt::join(deviation, ", "), split_seed,
        synthetic_train, synthetic_test, synthetic_classes, synthetic_size);
}

} // namespace tessera::training
