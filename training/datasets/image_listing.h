// Which files of a folder are images, and of which class.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::training {

/// Image files below FOLDER/CLASS/, however deep; classes are the sub-folders' names, sorted. Both are in the
/// order of their names' bytes, whatever order the file system lists them in.
struct FolderListing {
    std::filesystem::path folder;
    std::vector<std::string> classes;
    std::vector<std::pair<std::string, std::int64_t>> files; ///< relative to `folder`, and label

    /// Changes when a file is added, removed, renamed, resized, written anew or made (un)readable, or
    /// `purpose` is another text.
    std::string key(std::string_view purpose) const;
};

/// Whether a listing warns of what it leaves out: of everything where images are read, of whole folders that
/// are no part of a split data set where it is planned, of nothing where images are only counted.
enum class Remarks { made, of_layout, kept_back };

/// Takes *.jpg, *.jpeg and *.png in any case. Links are followed, but a folder that was visited before (a
/// cycle, or two links to one folder) is left out, with a warning. Hidden files and folders are left out;
/// so is what is no image, with one warning. A file that cannot be read, such as a link to nowhere, is listed
/// all the same: decoding it says what is wrong. A cache of decoded images (data.cache) is no class and keeps
/// nothing else from being one. Throws RunError for a folder that cannot be read or holds no
/// folders, and for a class without images (naming what else it holds).
FolderListing list_images(const std::filesystem::path& folder, Remarks remarks = Remarks::made);

/// Name in lower case (ASCII).
std::string lower_case(std::string name);
/// Not hidden, by name: neither ".x" nor what macOS puts into archives.
bool is_visible(const std::filesystem::path& file);
/// Whether a folder holds decoded images and nothing else: a cache that somebody put among the classes.
bool is_image_cache(const std::filesystem::path& folder);

} // namespace tessera::training
