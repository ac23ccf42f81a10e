// Images and labels in memory, split into training, validation and test.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <torch/torch.h>

#include "support/config.h"
#include "training/preprocessing.h"

namespace tessera::training {

/// Images N x C x H x W uint8 (contiguous, CPU), labels N int64. Images may be kept larger than batches want
/// them, to be cut out at random for training and from the centre otherwise. Where every pixel has a number
/// to be learnt (a depth), they have targets beside the labels.
struct Dataset {
    torch::Tensor images, labels;
    std::int64_t crop_height = 0, crop_width = 0; ///< of the images of a batch; 0: as they are kept
    torch::Tensor targets{}; ///< N x 1 x H x W float32 > 0 (contiguous, CPU), or undefined
    std::int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
    std::int64_t height() const { return crop_height > 0 ? crop_height : images.size(2); }
    std::int64_t width() const { return crop_width > 0 ? crop_width : images.size(3); }
    /// At most the `count` first rows, not copied.
    Dataset first(std::int64_t count) const;
    /// The rows named by `indices`, copied.
    Dataset subset(const std::vector<std::int64_t>& indices) const;
};

/// Mean and standard deviation per channel of pixel values scaled to 0..1.
struct Normalisation {
    std::vector<double> mean, deviation;
};

/// Image files of the rows of a split, in their order.
struct ImageFiles {
    std::filesystem::path folder;   ///< of class folders
    std::vector<std::string> names; ///< relative to it
};

struct Datasets {
    Dataset train, validation, test;
    ImageFiles test_files; ///< image_folder only: of the test images, wherever they were taken from
    std::vector<std::string> classes;
    Normalisation normalisation;
    std::int64_t max_pixels = default_max_pixels; ///< of an image file that was read
    /// One sentence for reports: what and how many images; synthetic ones are called synthetic.
    std::string description;
    /// What was done to these images, for whoever uses a network trained on them.
    Preprocessing preprocessing() const;
};

enum class DatasetKind { synthetic, synthetic_depth, cifar10, cifar100, mnist, image_folder };

struct DataOptions {
    DatasetKind kind = DatasetKind::synthetic;
    std::filesystem::path path; ///< folder of the files; unused by synthetic
    std::int64_t image_size =
        0;                   ///< image_folder: side after resize and centre crop; 0: taken from space.input
    std::int64_t resize = 0; ///< image_folder: shorter side before the crop; 0: the crop's
    std::int64_t train_limit = 0; ///< at most this many training images, drawn evenly over classes; 0: all
    double validation = 0.1;      ///< share of the training images held out (stratified by class)
    double test = 0.1; ///< image_folder without a test split: share of the training images held out first
    double max_damaged = 0.01; ///< image_folder: share of images that may be left out as damaged
    std::int64_t max_pixels = default_max_pixels; ///< image_folder: an image with more counts as damaged
    std::vector<double> mean, deviation;          ///< empty: measured on the training images
    std::filesystem::path cache;                  ///< image_folder: folder of the decoded cache; empty: none
    std::int64_t cache_limit_mb = 20'000;         ///< image_folder: of the files in it; 0: no limit
    // synthetic and synthetic_depth, which has no classes
    std::int64_t synthetic_train = 4000, synthetic_test = 1000, synthetic_classes = 10, synthetic_size = 16;
    std::int64_t split_seed =
        1; ///< of the split and of the synthetic images; not the run's seed, so that runs compare

    /// Nothing has to be on the disk.
    bool generated() const { return kind == DatasetKind::synthetic || kind == DatasetKind::synthetic_depth; }
    /// Images come with a depth for every pixel.
    bool has_depths() const { return kind == DatasetKind::synthetic_depth; }
    std::string_view kind_name() const;

    /// Reads the `data` section.
    static DataOptions read(support::Section section);
    /// Everything that shapes the images, as YAML: where they are cached does not.
    std::string essence() const;
};

/// Loads, splits, measures the normalisation. `channels`, `height`, `width`, `classes` are the space's: a
/// data set that does not fit them is refused (UsageError), as is one too small for the splits asked for.
/// Throws RunError naming the file for missing, truncated or corrupt data (of image folders: for more than
/// data.max_damaged) and for class folders that differ between splits.
Datasets load_datasets(const DataOptions& options, std::int64_t channels, std::int64_t height,
                       std::int64_t width, std::int64_t classes);

} // namespace tessera::training
