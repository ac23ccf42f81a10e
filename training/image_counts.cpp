#include "training/image_counts.h"

#include <algorithm>
#include <cmath>

#include "training/datasets/image_folder.h"

namespace tessera::training {
namespace {

ImageCounts of_folder(const std::filesystem::path& root) {
    const auto size = [&](const char* split) {
        return std::filesystem::is_directory(root / split)
                   ? static_cast<std::int64_t>(list_images(root / split).files.size())
                   : 0;
    };
    return {size("train"), std::max(size("validation"), size("val")), size("test")};
}

} // namespace

ImageCounts count_images(const DataOptions& options) {
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
        counts = of_folder(options.path);
        break;
    }
    if (options.train_limit > 0) {
        counts.train = std::min(counts.train, options.train_limit);
    }
    if (counts.validation == 0) {
        counts.validation = std::llround(static_cast<double>(counts.train) * options.validation);
        counts.train -= counts.validation;
    }
    return counts;
}

} // namespace tessera::training
