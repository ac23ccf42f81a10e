#include "training/image_counts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/hash.h"
#include "training/datasets/folder_splits.h"
#include "training/datasets/split.h"

namespace tessera::training {
namespace {

using ClassSizes = std::vector<std::int64_t>; ///< images of each class

std::int64_t total_of(const ClassSizes& sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}

/// Takes what load_datasets() holds out of each class, and returns how many that are.
std::int64_t hold_out_of_classes(ClassSizes& sizes, const char* purpose, double share, std::int64_t enough) {
    std::int64_t taken = 0;
    const auto before = total_of(sizes);
    for (auto& size : sizes) {
        const auto of_class = held_out_of(size, share, enough);
        size -= of_class;
        taken += of_class;
    }
    if (taken == 0) {
        refuse_empty_split(purpose, share, before);
    }
    return taken;
}

/// As balanced_rows() takes them: one of each class in turn.
void limit_classes(ClassSizes& sizes, std::int64_t most) {
    ClassSizes taken(sizes.size());
    for (std::int64_t left = std::min(most, total_of(sizes)); left > 0;) {
        for (std::size_t c = 0; c < sizes.size() && left > 0; ++c) {
            if (taken[c] < sizes[c]) {
                ++taken[c];
                --left;
            }
        }
    }
    sizes = std::move(taken);
}

ImageCounts of_folder(const DataOptions& options, std::int64_t classes, Remarks remarks) {
    const FolderSplits splits = list_splits(options.path, classes, remarks);
    const auto count = [](const std::optional<FolderListing>& listing) {
        return listing ? std::ssize(listing->files) : 0;
    };
    ImageCounts counts{0, count(splits.validation), count(splits.test)};
    ClassSizes sizes(splits.train.classes.size());
    for (const auto& [file, label] : splits.train.files) {
        ++sizes[static_cast<std::size_t>(label)];
    }
    if (!splits.test) {
        counts.test = hold_out_of_classes(sizes, "test", options.test, enough_for_test);
    }
    if (options.train_limit > 0) {
        limit_classes(sizes, options.train_limit);
    }
    if (!splits.validation) {
        counts.validation = hold_out_of_classes(sizes, "validation", options.validation,
                                                splits.test ? never_enough : enough_for_validation);
    }
    counts.train = total_of(sizes);
    return counts;
}

/// Of a data set whose classes are of one size, nearly.
ImageCounts of_format(const DataOptions& options, ImageCounts counts) {
    if (options.train_limit > 0) {
        counts.train = std::min(counts.train, options.train_limit);
    }
    counts.validation =
        static_cast<std::int64_t>(std::llround(static_cast<double>(counts.train) * options.validation));
    counts.train -= counts.validation;
    return counts;
}

} // namespace

ImageCounts count_images(const DataOptions& options, std::int64_t classes, Remarks remarks) {
    switch (options.kind) {
    case DatasetKind::synthetic:
    case DatasetKind::synthetic_depth:
        return of_format(options, {options.synthetic_train, 0, options.synthetic_test});
    case DatasetKind::cifar10:
    case DatasetKind::cifar100:
        return of_format(options, {50'000, 0, 10'000});
    case DatasetKind::mnist:
        return of_format(options, {60'000, 0, 10'000});
    case DatasetKind::image_folder:
        break;
    }
    return of_folder(options, classes, remarks);
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
