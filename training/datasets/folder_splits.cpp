#include "training/datasets/folder_splits.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"
#include "support/log.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t names_shown = 5;

/// The first names.
std::string some_of(const std::vector<std::string>& names) {
    const auto shown = std::min(names_shown, names.size());
    return fmt::format("{}{}", fmt::join(names.data(), names.data() + shown, ", "),
                       shown < names.size() ? ", ..." : "");
}

void check_same_classes(const FolderListing& train, const FolderListing& other) {
    const auto missing = [](const auto& from, const auto& in) {
        std::vector<std::string> names;
        std::set_difference(from.begin(), from.end(), in.begin(), in.end(), std::back_inserter(names));
        return names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "));
    };
    if (train.classes != other.classes) {
        throw support::RunError(fmt::format("class folders differ: only in {}: {}; only in {}: {}",
                                            train.folder.string(), missing(train.classes, other.classes),
                                            other.folder.string(), missing(other.classes, train.classes)));
    }
}

void check_number_of_classes(const FolderListing& train, std::int64_t expected) {
    const auto& names = train.classes;
    if (expected != 0 && std::ssize(names) != expected) {
        throw support::UsageError(fmt::format("{} has {} class folders ({}), but the space has {} classes",
                                              train.folder.string(), names.size(), some_of(names), expected));
    }
}

void warn_of_layout(const fs::path& root, const FolderLayout& layout) {
    if (!layout.beside.empty()) {
        support::warn("{}: its classes are those in '{}'; left out {} beside it: {}", root.string(),
                      layout.train.filename().string(),
                      layout.beside.size() == 1 ? "1 folder"
                                                : fmt::format("{} folders", layout.beside.size()),
                      some_of(layout.beside));
    }
}

} // namespace

FolderSplits list_splits(const fs::path& root, std::int64_t classes, Remarks remarks) {
    const FolderLayout layout = find_layout(root);
    FolderSplits splits{list_images(layout.train, remarks), {}, {}};
    check_number_of_classes(splits.train, classes);
    const auto list_other = [&](const fs::path& folder, std::optional<FolderListing>& listing) {
        if (!folder.empty()) {
            listing = list_images(folder, remarks);
            check_same_classes(splits.train, *listing);
        }
    };
    list_other(layout.validation, splits.validation);
    list_other(layout.test, splits.test);
    if (remarks != Remarks::kept_back) {
        warn_of_layout(root, layout);
    }
    return splits;
}

} // namespace tessera::training
