// A folder of images: ROOT/{train,validation,test}/CLASS/**/*.{jpg,jpeg,png} or ROOT/CLASS/**.
//
// All images of a data set are kept decoded, in one size, as N x C x H x W bytes: scaled so that they just
// cover H x W (data.resize) and cut to their centre. Batches are cut out of that on the fly: the centre for
// evaluation, a random part for training. One size keeps rows addressable without a table, the cache a plain
// array and memory known beforehand; the price is that the margins of a long image are lost, which
// evaluation never sees either.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "training/datasets/decoded_cache.h"
#include "training/datasets/image_listing.h"
#include "training/datasets/raw.h"

namespace tessera::training {

struct ImageFolderOptions {
    std::filesystem::path root;
    std::int64_t channels = 3, height = 0, width = 0; ///< of the images as they are kept
    std::int64_t classes = 0;                         ///< that the folder must have
    double max_damaged = 0.01;                        ///< share of the images that may be left out as damaged
    std::int64_t max_pixels = default_max_pixels;     ///< of an image as it lies in its file
    std::filesystem::path cache;                      ///< folder; empty: none
    std::int64_t cache_limit_mb = 0;                  ///< of all files in it; 0: no limit
};

/// The image in a file, scaled and cropped to height x width, into `planes` (channels x height x width).
/// Returns what is wrong, without the file's name, where it cannot be read; empty where it can.
std::string decode_file(const std::filesystem::path& path, const ImageFolderOptions& options,
                        std::uint8_t* planes);

/// Decodes every image, scaled and cropped to height x width, in parallel. What cannot be read or decoded is
/// skipped, with the reason.
DecodedImages decode_images(const FolderListing& listing, const ImageFolderOptions& options);

/// The splits (training/datasets/folder_splits.h), each taken from the cache where it holds what the files
/// still are, else decoded and stored there. `test` is empty where the folder has no such split. Throws
/// UsageError for a layout that makes no sense or another number of classes; RunError for more damaged images
/// than tolerated, for a class without a usable training image or a split without any, and for class folders
/// that differ between splits.
RawDatasets load_image_folder(const ImageFolderOptions& options);

} // namespace tessera::training
