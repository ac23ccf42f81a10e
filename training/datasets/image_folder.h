// A folder of images: ROOT/{train,validation,test}/CLASS/*.{jpg,jpeg,png}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "training/datasets/raw.h"

namespace tessera::training {

/// Files of one split, sorted by path, with their labels; classes are the sub-folders' names, sorted.
struct FolderListing {
    std::filesystem::path folder;
    std::vector<std::string> classes;
    std::vector<std::pair<std::filesystem::path, std::int64_t>> files; ///< relative to `folder`

    /// Changes when a file is added, removed, renamed, resized or written anew, or other pixels are asked
    /// for.
    std::string key(std::int64_t channels, std::int64_t height, std::int64_t width) const;
};

/// Other files, hidden ones and deeper folders are left out with one warning. Throws RunError for a class
/// without images.
FolderListing list_images(const std::filesystem::path& folder);

/// Decodes every image, scaled and cropped to height x width, in parallel; rows are in the listing's order.
/// Throws RunError naming the first damaged file and the number of others.
Dataset decode_images(const FolderListing& listing, std::int64_t channels, std::int64_t height,
                      std::int64_t width);

/// The splits, each taken from `cache` (a folder; empty: none) where it holds what the files still are, else
/// decoded and stored there. `validation` may also be called `val` or be absent. Throws UsageError when train
/// or test is missing, or the number of classes is not `classes`; RunError for damaged images and class
/// folders that differ between splits.
RawDatasets load_image_folder(const std::filesystem::path& root, std::int64_t channels, std::int64_t height,
                              std::int64_t width, std::int64_t classes, const std::filesystem::path& cache);

} // namespace tessera::training
