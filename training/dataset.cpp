#include "training/dataset.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"
#include "support/hash.h"
#include "support/log.h"
#include "training/class_balance.h"
#include "training/datasets/cifar.h"
#include "training/datasets/image_folder.h"
#include "training/datasets/mnist.h"
#include "training/datasets/split.h"
#include "training/datasets/synthetic.h"
#include "training/datasets/synthetic_depth.h"

namespace tessera::training {
namespace {

using support::UsageError;

/// To which images of a folder are scaled.
std::int64_t shorter_side(const DataOptions& options, std::int64_t height, std::int64_t width) {
    return options.resize > 0 ? options.resize : std::min(height, width);
}

RawDatasets read_raw(const DataOptions& options, std::int64_t channels, std::int64_t height,
                     std::int64_t width, std::int64_t classes) {
    switch (options.kind) {
    case DatasetKind::synthetic:
        return synthesize({options.synthetic_train, options.synthetic_test, options.synthetic_classes,
                           options.synthetic_size, channels, static_cast<std::uint64_t>(options.split_seed)});
    case DatasetKind::synthetic_depth:
        return synthesize_depth({options.synthetic_train, options.synthetic_test, options.synthetic_size,
                                 channels, static_cast<std::uint64_t>(options.split_seed)});
    case DatasetKind::cifar10:
        return load_cifar(options.path, cifar10_layout());
    case DatasetKind::cifar100:
        return load_cifar(options.path, cifar100_layout());
    case DatasetKind::mnist:
        return load_mnist(options.path);
    case DatasetKind::image_folder:
        break;
    }
    const double scale = static_cast<double>(shorter_side(options, height, width)) /
                         static_cast<double>(std::min(height, width));
    ImageFolderOptions folder;
    folder.root = options.path;
    folder.channels = channels;
    folder.height = std::llround(scale * static_cast<double>(height));
    folder.width = std::llround(scale * static_cast<double>(width));
    folder.classes = classes;
    folder.max_damaged = options.max_damaged;
    folder.max_pixels = options.max_pixels;
    folder.cache = options.cache;
    folder.cache_limit_mb = options.cache_limit_mb;
    auto raw = load_image_folder(folder);
    for (Dataset* data : {&raw.train, &raw.validation, &raw.test}) {
        data->crop_height = height;
        data->crop_width = width;
    }
    return raw;
}

std::string long_name(const DataOptions& options) {
    switch (options.kind) {
    case DatasetKind::synthetic:
        return "synthetic shapes (generated, not photographs)";
    case DatasetKind::synthetic_depth:
        return "synthetic scenes with depths (generated, not photographs)";
    case DatasetKind::cifar10:
        return "CIFAR-10";
    case DatasetKind::cifar100:
        return "CIFAR-100";
    case DatasetKind::mnist:
        return "MNIST format";
    case DatasetKind::image_folder:
        break;
    }
    auto folder = options.path.filename();
    return fmt::format("image folder {}",
                       (folder.empty() ? options.path.parent_path().filename() : folder).string());
}

/// Before anything is read, where the options alone tell.
void check_options(const DataOptions& options, std::int64_t channels, std::int64_t height,
                   std::int64_t width) {
    if (channels != 1 && channels != 3) {
        throw UsageError(
            fmt::format("space.input has {} channels; data sets have 1 (grey) or 3 (RGB)", channels));
    }
    if (options.kind == DatasetKind::image_folder && options.image_size != 0 &&
        (options.image_size != height || options.image_size != width)) {
        throw UsageError(fmt::format(
            "data.image_size is {}, but space.input is {}x{}; leave image_size out to follow the space",
            options.image_size, height, width));
    }
    if (options.kind == DatasetKind::image_folder &&
        shorter_side(options, height, width) < std::min(height, width)) {
        throw UsageError(
            fmt::format("data.resize is {}, smaller than space.input of {}x{} that is cut out of it",
                        options.resize, height, width));
    }
    for (const auto& [key, values] : {std::pair{"mean", options.mean}, std::pair{"std", options.deviation}}) {
        if (!values.empty() && static_cast<std::int64_t>(values.size()) != channels) {
            throw UsageError(fmt::format("data.{} has {} values; space.input has {} channels", key,
                                         values.size(), channels));
        }
    }
}

std::vector<std::int64_t> class_sizes(const Dataset& data, std::int64_t classes) {
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(classes));
    const auto* labels = data.labels.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < data.size(); ++i) {
        ++sizes[static_cast<std::size_t>(labels[i])];
    }
    return sizes;
}

void check_fit(const RawDatasets& raw, const std::string& name, std::int64_t channels, std::int64_t height,
               std::int64_t width, std::int64_t classes) {
    const auto found = raw.train.images.size(1);
    if (found != channels || raw.train.height() != height || raw.train.width() != width) {
        throw UsageError(
            fmt::format("images of {} are {}x{}x{} (channels, height, width), but space.input is {}x{}x{}",
                        name, found, raw.train.height(), raw.train.width(), channels, height, width));
    }
    if (static_cast<std::int64_t>(raw.classes.size()) != classes) {
        throw UsageError(
            fmt::format("{} has {} classes, but the space has {}", name, raw.classes.size(), classes));
    }
}

/// Of these rows; none where rows are no files.
ImageFiles files_of(const ImageFiles& files, const std::vector<std::int64_t>& rows) {
    ImageFiles result{files.folder, {}};
    if (!files.names.empty()) {
        for (const auto row : rows) {
            result.names.push_back(files.names[static_cast<std::size_t>(row)]);
        }
    }
    return result;
}

std::vector<std::uint64_t> hashes_of(const std::vector<std::string>& names) {
    std::vector<std::uint64_t> hashes;
    for (const auto& name : names) {
        hashes.push_back(support::Hasher().add(name).value());
    }
    return hashes;
}

/// Leaves the rows `kept` in the training split.
void keep(RawDatasets& raw, const std::vector<std::int64_t>& kept) {
    raw.train = raw.train.subset(kept);
    raw.train_files = files_of(raw.train_files, kept);
}

struct HeldOut {
    Dataset images;
    ImageFiles files;
};

/// Takes a share of the training images away, of every class of `enough` images at least one where they have
/// names. `purpose` is the key that says how many, without "data.".
HeldOut hold_out(RawDatasets& raw, const char* purpose, double share, std::uint64_t seed,
                 std::int64_t enough) {
    const auto& names = raw.train_files.names;
    const auto [kept, held_out] =
        names.empty() ? stratified_split(raw.train.labels, share, seed)
                      : split_by_name(raw.train.labels, hashes_of(names), share, seed, enough);
    if (held_out.empty()) {
        refuse_empty_split(purpose, share, raw.train.size());
    }
    HeldOut taken{raw.train.subset(held_out), files_of(raw.train_files, held_out)};
    keep(raw, kept);
    return taken;
}

/// Classes too small to be split go on: training on them is still meaningful.
void warn_of_absent_classes(const Dataset& data, const char* split, const std::vector<std::string>& classes,
                            const std::string& name) {
    const auto sizes = class_sizes(data, static_cast<std::int64_t>(classes.size()));
    std::vector<std::string> absent;
    for (std::size_t c = 0; c < sizes.size(); ++c) {
        if (sizes[c] == 0) {
            absent.push_back(classes[c]);
        }
    }
    if (!absent.empty()) {
        const auto count = absent.size();
        absent.resize(std::min<std::size_t>(count, 5));
        support::warn("{}: no {} images of {} of {} classes (too few of them): {}{}", name, split, count,
                      classes.size(), fmt::join(absent, ", "), count > absent.size() ? ", ..." : "");
    }
}

} // namespace

Dataset Dataset::subset(const std::vector<std::int64_t>& indices) const {
    const auto rows = torch::tensor(indices, torch::kInt64);
    return {images.index_select(0, rows), labels.index_select(0, rows), crop_height, crop_width,
            targets.defined() ? targets.index_select(0, rows) : targets};
}

Dataset Dataset::first(std::int64_t count) const {
    const auto head = [&](const torch::Tensor& rows) {
        return rows.defined() ? rows.slice(0, 0, count) : rows;
    };
    return {head(images), head(labels), crop_height, crop_width, head(targets)};
}

Preprocessing Datasets::preprocessing() const {
    Preprocessing result;
    result.channels = train.images.size(1);
    result.height = train.height();
    result.width = train.width();
    result.resize = std::min(train.images.size(2), train.images.size(3));
    result.channel_order = result.channels == 1 ? "grey" : "RGB";
    result.max_pixels = max_pixels;
    result.mean = normalisation.mean;
    result.deviation = normalisation.deviation;
    result.classes = classes;
    result.depths = train.targets.defined();
    return result;
}

Datasets load_datasets(const DataOptions& options, std::int64_t channels, std::int64_t height,
                       std::int64_t width, std::int64_t classes) {
    check_options(options, channels, height, width);
    auto raw = read_raw(options, channels, height, width, classes);
    const auto name = long_name(options);
    check_fit(raw, name, channels, height, width, classes);

    const auto seed = static_cast<std::uint64_t>(options.split_seed);
    const bool test_held_out = raw.test.size() == 0;
    if (test_held_out) {
        auto taken = hold_out(raw, "test", options.test, seed, enough_for_test);
        raw.test = std::move(taken.images);
        raw.test_files = std::move(taken.files);
    }
    if (options.train_limit > 0) {
        keep(raw, balanced_rows(raw.train.labels, options.train_limit, seed));
    }
    if (raw.validation.size() == 0) {
        raw.validation = hold_out(raw, "validation", options.validation, seed, enough_for_validation).images;
    }
    Datasets data;
    data.train = std::move(raw.train);
    data.validation = std::move(raw.validation);
    data.test = std::move(raw.test);
    data.test_files = std::move(raw.test_files);
    data.max_pixels = options.max_pixels;
    data.classes = std::move(raw.classes);
    data.normalisation = measure_normalisation(data.train.images);
    if (!options.mean.empty()) {
        data.normalisation.mean = options.mean;
    }
    if (!options.deviation.empty()) {
        data.normalisation.deviation = options.deviation;
    }
    if (options.kind == DatasetKind::image_folder) {
        warn_of_absent_classes(data.validation, "validation", data.classes, name);
        warn_of_absent_classes(data.test, "test", data.classes, name);
    }
    data.description =
        fmt::format("{}: {}{} training, {} validation and {} test images of {}x{}x{}", name,
                    options.has_depths() ? "" : fmt::format("{} classes, ", data.classes.size()),
                    data.train.size(), data.validation.size(), data.test.size(), channels, height, width) +
        (test_held_out ? "; the folder has no test split, its images were held out of the training images"
                       : "") +
        (raw.damaged > 0 ? fmt::format("; {} damaged files left out", raw.damaged) : "") +
        describe_balance(class_sizes(data.train, classes), data.classes);
    return data;
}

} // namespace tessera::training
