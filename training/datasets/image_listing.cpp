#include <algorithm>
#include <cctype>
#include <system_error>

#include <fmt/format.h>

#include "support/error.h"
#include "support/hash.h"
#include "support/log.h"
#include "training/datasets/image_folder.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;

bool has_image_extension(const fs::path& file) {
    auto extension = file.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

/// Names in a folder, sorted by their bytes: the order in which a file system lists them differs between
/// machines.
std::vector<fs::directory_entry> sorted_entries(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (!at->path().filename().string().starts_with('.')) {
            entries.push_back(*at);
        }
    }
    if (error) {
        throw support::RunError(fmt::format("{}: {}", folder.string(), error.message()));
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.path().filename().string() < b.path().filename().string();
    });
    return entries;
}

} // namespace

FolderListing list_images(const fs::path& folder) {
    FolderListing listing;
    listing.folder = folder;
    std::size_t ignored = 0;
    fs::path example;
    const auto ignore = [&](const fs::path& path) {
        if (ignored++ == 0) {
            example = path;
        }
    };
    for (const auto& entry : sorted_entries(folder)) {
        if (!entry.is_directory()) {
            ignore(entry.path());
            continue;
        }
        const auto label = static_cast<std::int64_t>(listing.classes.size());
        const auto name = entry.path().filename();
        const auto before = listing.files.size();
        for (const auto& file : sorted_entries(entry.path())) {
            if (file.is_regular_file() && has_image_extension(file.path())) {
                listing.files.emplace_back(name / file.path().filename(), label);
            } else {
                ignore(file.path());
            }
        }
        if (listing.files.size() == before) {
            throw support::RunError(
                fmt::format("{}: a class folder without .jpg, .jpeg or .png files", entry.path().string()));
        }
        listing.classes.push_back(name.string());
    }
    if (listing.classes.empty()) {
        throw support::RunError(
            fmt::format("{}: expected one sub-folder of images for each class, found none", folder.string()));
    }
    if (ignored > 0) {
        support::warn("{}: left out {} entr{} that {} no image of a class, the first is {}", folder.string(),
                      ignored, ignored == 1 ? "y" : "ies", ignored == 1 ? "is" : "are", example.string());
    }
    return listing;
}

std::string FolderListing::key(std::int64_t channels, std::int64_t height, std::int64_t width) const {
    support::Hasher hasher;
    hasher.add(fmt::format("decoded images 1: {}x{}x{}", channels, height, width));
    for (const auto& [file, label] : files) {
        std::error_code error;
        const auto size = fs::file_size(folder / file, error);
        const auto time = error ? fs::file_time_type{} : fs::last_write_time(folder / file, error);
        if (error) {
            throw support::RunError(fmt::format("{}: {}", (folder / file).string(), error.message()));
        }
        hasher.add(file.generic_string()).add(fmt::format("{} {}", size, time.time_since_epoch().count()));
    }
    return hasher.hex();
}

} // namespace tessera::training
