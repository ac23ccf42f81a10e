// How many images a data set has, without reading them.
#pragma once

#include <cstdint>
#include <string>

#include "training/dataset.h"
#include "training/datasets/image_listing.h"

namespace tessera::training {

struct ImageCounts {
    std::int64_t train = 0, validation = 0, test = 0;
    std::int64_t all() const { return train + validation + test; }
};

/// From the options, the published sizes of the binary formats (both nearly: shares are not rounded class by
/// class), or the listing of a folder (damaged files count). Throws as loading a folder would as far as names
/// of files tell: another number of classes than `classes` (0: any), class folders that differ between
/// splits, too few images to hold any out.
ImageCounts count_images(const DataOptions& options, std::int64_t classes, Remarks remarks);

/// Hash of the names of an image folder's classes and files, by split; not of where it lies. Empty for other
/// kinds of data and where there is no such folder.
std::string image_names_hash(const DataOptions& options);

} // namespace tessera::training
