#include "training/image_counts.h"

#include <algorithm>
#include <cmath>

#include "support/hash.h"
#include "training/datasets/folder_layout.h"

namespace tessera::training {
namespace {

ImageCounts of_folder(const std::filesystem::path& root, Remarks remarks) {
    const auto count = [&](const std::filesystem::path& folder) {
        return folder.empty() ? 0 : static_cast<std::int64_t>(list_images(folder, remarks).files.size());
    };
    const auto layout = find_layout(root);
    return {count(layout.train), count(layout.validation), count(layout.test)};
}

/// Takes a share of the training images for another split.
std::int64_t hold_out(std::int64_t& train, double share) {
    const auto taken = static_cast<std::int64_t>(std::llround(static_cast<double>(train) * share));
    train -= taken;
    return taken;
}

} // namespace

ImageCounts count_images(const DataOptions& options, Remarks remarks) {
    ImageCounts counts;
    switch (options.kind) {
    case DatasetKind::synthetic:
        counts = {options.synthetic_train, 0, options.synthetic_test};
        break;
    case DatasetKind::cifar10:
    case DatasetKind::cifar100:
        counts = {50'000, 0, 10'000};
        break;
    case DatasetKind::mnist:
        counts = {60'000, 0, 10'000};
        break;
    case DatasetKind::image_folder:
        counts = of_folder(options.path, remarks);
        break;
    }
    if (counts.test == 0) {
        counts.test = hold_out(counts.train, options.test);
    }
    if (options.train_limit > 0) {
        counts.train = std::min(counts.train, options.train_limit);
    }
    if (counts.validation == 0) {
        counts.validation = hold_out(counts.train, options.validation);
    }
    return counts;
}

std::string image_names_hash(const DataOptions& options) {
    if (options.kind != DatasetKind::image_folder || !std::filesystem::is_directory(options.path)) {
        return {};
    }
    const FolderLayout layout = find_layout(options.path);
    support::Hasher hasher;
    for (const auto& split : {layout.train, layout.validation, layout.test}) {
        if (split.empty()) {
            hasher.add("none");
            continue;
        }
        const FolderListing listing = list_images(split, Remarks::kept_back);
        for (const auto& name : listing.classes) {
            hasher.add(name);
        }
        for (const auto& [file, label] : listing.files) {
            hasher.add(file);
        }
    }
    return hasher.hex();
}

} // namespace tessera::training
