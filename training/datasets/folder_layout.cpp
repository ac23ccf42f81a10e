#include "training/datasets/folder_layout.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "support/error.h"
#include "training/datasets/image_listing.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;

fs::directory_iterator entries_of(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    if (error) {
        throw support::RunError(fmt::format("{}: {}", folder.string(), error.message()));
    }
    return entries;
}

bool is_folder(const fs::directory_entry& entry) {
    std::error_code unreadable;
    return entry.is_directory(unreadable) && is_visible(entry.path()) && !is_image_cache(entry.path());
}

/// The folder of one of these names; empty where there is none.
fs::path split_folder(const fs::path& root, std::initializer_list<std::string_view> names) {
    fs::path found;
    for (const auto& entry : entries_of(root)) {
        const auto name = lower_case(entry.path().filename().string());
        if (!is_folder(entry) || std::find(names.begin(), names.end(), name) == names.end()) {
            continue;
        }
        if (!found.empty()) {
            const auto [first, second] =
                std::minmax({found.filename().string(), entry.path().filename().string()});
            throw support::UsageError(fmt::format("{}: folders '{}' and '{}' are one split; keep one of them",
                                                  root.string(), first, second));
        }
        found = entry.path();
    }
    return found;
}

bool holds_folders(const fs::path& folder) {
    const auto entries = entries_of(folder);
    return std::any_of(begin(entries), end(entries), is_folder);
}

/// Names of the folders that are no split, sorted.
std::vector<std::string> others_in(const fs::path& root, const FolderLayout& layout) {
    std::vector<std::string> names;
    for (const auto& entry : entries_of(root)) {
        const auto& path = entry.path();
        if (is_folder(entry) && path != layout.train && path != layout.validation && path != layout.test) {
            names.push_back(path.filename().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace

std::string folder_problem(const fs::path& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        return "";
    }
    return path.string() + (fs::exists(path, ignored) ? ": not a folder" : ": no such folder");
}

FolderLayout find_layout(const fs::path& root) {
    if (const auto problem = folder_problem(root); !problem.empty()) {
        throw support::RunError(problem);
    }
    FolderLayout layout{split_folder(root, {"train", "training"}),
                        split_folder(root, {"validation", "val", "valid"}),
                        split_folder(root, {"test", "testing"}),
                        {}};
    const auto& other = layout.test.empty() ? layout.validation : layout.test;
    if (layout.train.empty() && !other.empty()) {
        throw support::UsageError(fmt::format(
            "{}: a folder '{}' and no folder 'train'; expected train/CLASS/*.jpg (or .png), and optionally "
            "test/ and validation/ beside train/; or CLASS/*.jpg alone, which is then split",
            root.string(), other.filename().string()));
    }
    if (layout.train.empty() || (other.empty() && !holds_folders(layout.train))) {
        layout.train = root;
    } else {
        layout.beside = others_in(root, layout);
    }
    return layout;
}

} // namespace tessera::training
