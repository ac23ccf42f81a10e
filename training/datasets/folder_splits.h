// What a folder of images holds, split by split, before any of them is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "training/datasets/folder_layout.h"
#include "training/datasets/image_listing.h"

namespace tessera::training {

struct FolderSplits {
    FolderListing train;
    std::optional<FolderListing> validation, test; ///< nothing where the folder has no such split
};

/// Lists every split (folder_layout.h, image_listing.h) and compares them. Throws as these do, UsageError for
/// another number of classes than `classes` (0: any), and RunError for class folders that differ between
/// splits. Warns, unless it is to keep silent, of folders that are left out because there is a folder `train`
/// beside them.
FolderSplits list_splits(const std::filesystem::path& root, std::int64_t classes,
                         Remarks remarks = Remarks::made);

} // namespace tessera::training
