#include "training/dataset.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/error.h"
#include "training/class_balance.h"
#include "training/datasets/cifar.h"
#include "training/datasets/image_folder.h"
#include "training/datasets/mnist.h"
#include "training/datasets/split.h"
#include "training/datasets/synthetic.h"

namespace tessera::training {
namespace {

using support::UsageError;

RawDatasets read_raw(const DataOptions& options, std::int64_t channels, std::int64_t height,
                     std::int64_t width, std::int64_t classes) {
    switch (options.kind) {
    case DatasetKind::synthetic:
        return synthesize({options.synthetic_train, options.synthetic_test, options.synthetic_classes,
                           options.synthetic_size, channels, static_cast<std::uint64_t>(options.split_seed)});
    case DatasetKind::cifar10:
        return load_cifar(options.path, cifar10_layout());
    case DatasetKind::cifar100:
        return load_cifar(options.path, cifar100_layout());
    case DatasetKind::mnist:
        return load_mnist(options.path);
    case DatasetKind::image_folder:
        break;
    }
    return load_image_folder(options.path, channels, height, width, classes, options.cache);
}

std::string kind_name(const DataOptions& options) {
    switch (options.kind) {
    case DatasetKind::synthetic:
        return "synthetic shapes (generated, not photographs)";
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
    const auto sizes = raw.train.images.sizes();
    if (sizes[1] != channels || sizes[2] != height || sizes[3] != width) {
        throw UsageError(
            fmt::format("images of {} are {}x{}x{} (channels, height, width), but space.input is {}x{}x{}",
                        name, sizes[1], sizes[2], sizes[3], channels, height, width));
    }
    if (static_cast<std::int64_t>(raw.classes.size()) != classes) {
        throw UsageError(
            fmt::format("{} has {} classes, but the space has {}", name, raw.classes.size(), classes));
    }
}

} // namespace

Dataset Dataset::subset(const std::vector<std::int64_t>& indices) const {
    const auto rows = torch::tensor(indices, torch::kInt64);
    return {images.index_select(0, rows), labels.index_select(0, rows), crop_height, crop_width};
}

Preprocessing Datasets::preprocessing() const {
    Preprocessing result;
    result.channels = train.images.size(1);
    result.height = train.height();
    result.width = train.width();
    result.resize = std::min(train.images.size(2), train.images.size(3));
    result.channel_order = result.channels == 1 ? "grey" : "RGB";
    result.mean = normalisation.mean;
    result.deviation = normalisation.deviation;
    result.classes = classes;
    return result;
}

Datasets load_datasets(const DataOptions& options, std::int64_t channels, std::int64_t height,
                       std::int64_t width, std::int64_t classes) {
    check_options(options, channels, height, width);
    auto raw = read_raw(options, channels, height, width, classes);
    const auto name = kind_name(options);
    check_fit(raw, name, channels, height, width, classes);

    const auto seed = static_cast<std::uint64_t>(options.split_seed);
    if (options.train_limit > 0) {
        raw.train = raw.train.subset(balanced_rows(raw.train.labels, options.train_limit, seed));
    }
    Datasets data;
    if (raw.validation.size() > 0) {
        data.train = std::move(raw.train);
        data.validation = std::move(raw.validation);
    } else {
        const auto [kept, held_out] = stratified_split(raw.train.labels, options.validation, seed);
        if (held_out.empty()) {
            throw UsageError(fmt::format(
                "data.validation {} of {} training images leaves none for validation in any class",
                options.validation, raw.train.size()));
        }
        data.train = raw.train.subset(kept);
        data.validation = raw.train.subset(held_out);
    }
    data.test = std::move(raw.test);
    data.classes = std::move(raw.classes);
    data.normalisation = measure_normalisation(data.train.images);
    if (!options.mean.empty()) {
        data.normalisation.mean = options.mean;
    }
    if (!options.deviation.empty()) {
        data.normalisation.deviation = options.deviation;
    }
    data.description =
        fmt::format("{}: {} classes, {} training, {} validation and {} test images of {}x{}x{}", name,
                    data.classes.size(), data.train.size(), data.validation.size(), data.test.size(),
                    channels, height, width) +
        describe_balance(class_sizes(data.train, classes), data.classes);
    return data;
}

} // namespace tessera::training
