// How a folder of images is split.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tessera::training {

/// Folders of class folders.
struct FolderLayout {
    std::filesystem::path train;            ///< the root itself where class folders lie directly under it
    std::filesystem::path validation, test; ///< empty: to be held out of `train`
    std::vector<std::string> beside; ///< names of folders beside a split `train`, which are none, sorted
};

/// "PATH: no such folder", "PATH: not a folder" where it is something else; empty where it is one.
std::string folder_problem(const std::filesystem::path& path);

/// ROOT/{train,test,validation}/CLASS/ (test and validation may be missing; "training", "testing", "val" and
/// "valid" are understood, in any case), or ROOT/CLASS/. A folder `train` that holds no folders and stands
/// beside no other split is a class. Throws RunError where there is no such folder; UsageError for test or
/// validation without train and for two folders of one split.
FolderLayout find_layout(const std::filesystem::path& root);

} // namespace tessera::training
