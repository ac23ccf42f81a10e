#include "training/datasets/image_listing.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.h"
#include "support/hash.h"
#include "support/log.h"
#include "support/utf8.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;

bool has_image_extension(const fs::path& file) {
    const auto extension = lower_case(file.extension().string());
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

/// Sorted by their names' bytes.
std::vector<fs::directory_entry> sorted_entries(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (is_visible(at->path())) {
            entries.push_back(*at);
        }
    }
    if (error) {
        throw support::RunError(fmt::format("{}: {}", folder.string(), error.message()));
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.path().filename().native() < b.path().filename().native();
    });
    return entries;
}

/// What was passed over: how much, the first of it, and files by their extensions.
struct LeftOut {
    std::int64_t count = 0;
    fs::path first;
    std::map<std::string, std::int64_t> extensions;

    void add(const fs::path& path) {
        if (count++ == 0) {
            first = path;
        }
        if (const auto extension = path.extension().string(); !extension.empty()) {
            ++extensions[lower_case(extension)];
        }
    }
    /// "12 .webp, 3 .gif", the most frequent first, five at most.
    std::string extension_text() const {
        std::vector<std::pair<std::int64_t, std::string>> found;
        for (const auto& [extension, times] : extensions) {
            found.emplace_back(-times, extension);
        }
        std::sort(found.begin(), found.end());
        std::vector<std::string> texts;
        for (const auto& [times, extension] : found) {
            texts.push_back(fmt::format("{} {}", -times, extension));
            if (texts.size() == 5) {
                break;
            }
        }
        return fmt::format("{}", fmt::join(texts, ", "));
    }
};

class Walk {
public:
    explicit Walk(const fs::path& folder);
    FolderListing run();
    /// Warns of what was passed over.
    void tell() const;

private:
    bool first_visit(const fs::path& folder);
    void list_class(const fs::path& name);
    void list_below(const fs::path& relative, LeftOut& left_out);

    fs::path folder_;
    FolderListing listing_;
    LeftOut no_images_, visited_again_;
    std::set<std::pair<dev_t, ino_t>> visited_;
};

Walk::Walk(const fs::path& folder) : folder_(folder) {
    listing_.folder = folder;
    // A link upwards would take the whole data set, or the whole file system, for one class.
    std::error_code error;
    auto above = fs::canonical(folder, error);
    for (; !error && above.has_relative_path(); above = above.parent_path()) {
        first_visit(above);
    }
    first_visit("/");
}

/// A folder that cannot be asked counts as new: listing it tells what is wrong.
bool Walk::first_visit(const fs::path& folder) {
    struct stat status {};
    return ::stat(folder.c_str(), &status) != 0 || visited_.emplace(status.st_dev, status.st_ino).second;
}

void Walk::list_below(const fs::path& relative, LeftOut& left_out) {
    for (const auto& entry : sorted_entries(listing_.folder / relative)) {
        const auto name = relative / entry.path().filename();
        std::error_code unreadable;
        const auto type = entry.status(unreadable).type();
        if (type == fs::file_type::directory) {
            if (is_image_cache(entry.path())) {
                continue;
            }
            if (first_visit(entry.path())) {
                list_below(name, left_out);
            } else {
                visited_again_.add(entry.path());
            }
            continue;
        }
        const bool file =
            type == fs::file_type::regular || type == fs::file_type::not_found || type == fs::file_type::none;
        if (file && has_image_extension(name)) {
            listing_.files.emplace_back(name.string(), static_cast<std::int64_t>(listing_.classes.size()));
        } else {
            left_out.add(entry.path());
        }
    }
}

void Walk::list_class(const fs::path& name) {
    const auto before = listing_.files.size();
    LeftOut others;
    list_below(name, others);
    if (listing_.files.size() == before) {
        const auto found = others.extension_text();
        throw support::RunError(fmt::format(
            "{}: a class folder without .jpg, .jpeg or .png files{}", (listing_.folder / name).string(),
            found.empty() ? "" : fmt::format("; it holds {}: convert them", found)));
    }
    if (others.count > 0 && no_images_.count == 0) {
        no_images_.first = others.first;
    }
    no_images_.count += others.count;
    for (const auto& [extension, times] : others.extensions) {
        no_images_.extensions[extension] += times;
    }
    if (!support::is_utf8(name.string())) {
        throw support::RunError(fmt::format("{}: the name of this class folder is not UTF-8; rename it",
                                            (listing_.folder / name).string()));
    }
    listing_.classes.push_back(name.string());
}

FolderListing Walk::run() {
    for (const auto& entry : sorted_entries(listing_.folder)) {
        std::error_code unreadable;
        if (!entry.is_directory(unreadable)) {
            no_images_.add(entry.path());
        } else if (is_image_cache(entry.path())) {
            continue;
        } else if (first_visit(entry.path())) {
            list_class(entry.path().filename());
        } else {
            visited_again_.add(entry.path());
        }
    }
    if (listing_.classes.empty()) {
        throw support::RunError(fmt::format(
            "{}: expected one sub-folder of images for each class, found none", folder_.string()));
    }
    return std::move(listing_);
}

void Walk::tell() const {
    if (const auto count = no_images_.count; count > 0) {
        const auto extensions = no_images_.extension_text();
        support::warn("{}: left out {} that {} no image of a class, the first is {}{}", folder_.string(),
                      count == 1 ? "1 entry" : fmt::format("{} entries", count), count == 1 ? "is" : "are",
                      no_images_.first.string(), extensions.empty() ? "" : fmt::format(" ({})", extensions));
    }
    if (const auto count = visited_again_.count; count > 0) {
        support::warn("{}: left out {} to a folder that was visited before, the first is {}",
                      folder_.string(), count == 1 ? "1 link" : fmt::format("{} links", count),
                      visited_again_.first.string());
    }
}

} // namespace

std::string lower_case(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name;
}

bool is_visible(const fs::path& file) {
    const auto name = file.filename().string();
    return !name.starts_with('.') && name != "__MACOSX";
}

bool is_image_cache(const fs::path& folder) {
    std::error_code error;
    bool found = false;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        std::error_code unreadable;
        if (!is_visible(at->path())) {
            continue; // what was begun and not finished
        }
        if (at->path().extension() != ".images" || !at->is_regular_file(unreadable)) {
            return false;
        }
        found = true;
    }
    return found;
}

FolderListing list_images(const fs::path& folder, Remarks remarks) {
    Walk walk(folder);
    FolderListing listing = walk.run();
    if (remarks == Remarks::made) {
        walk.tell();
    }
    return listing;
}

std::string FolderListing::key(std::string_view purpose) const {
    support::Hasher hasher;
    hasher.add(purpose);
    for (const auto& [file, label] : files) {
        const auto path = folder / file;
        struct stat status {};
        const bool there = ::stat(path.c_str(), &status) == 0;
        hasher.add(file).add(fmt::format("{} {} {}.{} {}", label, status.st_size, status.st_mtim.tv_sec,
                                         status.st_mtim.tv_nsec, there && ::access(path.c_str(), R_OK) == 0));
    }
    return hasher.hex();
}

} // namespace tessera::training
