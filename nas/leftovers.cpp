#include "nas/leftovers.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "support/log.h"

namespace tessera::nas {
namespace {

namespace fs = std::filesystem;

constexpr const char* aside = "earlier";

bool is_id(const std::string& name) {
    return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Names of folders; none where there is no such folder. A link is somebody's own arrangement.
std::set<std::string> folders_in(const fs::path& folder) {
    std::set<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        std::error_code unknown;
        if (fs::is_directory(at->symlink_status(unknown))) {
            names.insert(at->path().filename().string());
        }
    }
    return names;
}

/// False, with a warning, where it is impossible.
bool move_folder(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::create_directories(to.parent_path(), error);
    fs::rename(from, to, error);
    if (error) {
        support::warn("{} cannot be moved to {}: {}", from.string(), to.string(), error.message());
    }
    return !error;
}

} // namespace

std::set<std::string> leftovers(const fs::path& folder, const std::set<std::string>& kept) {
    std::set<std::string> names = folders_in(folder);
    std::erase_if(names, [&](const std::string& name) { return !is_id(name) || kept.contains(name); });
    return names;
}

fs::path set_aside_folder(const fs::path& folder) { return folder / aside; }

void set_aside(const fs::path& folder, const std::set<std::string>& kept) {
    std::size_t moved = 0;
    for (const std::string& name : leftovers(folder, kept)) {
        moved += move_folder(folder / name, folder / aside / name) ? 1 : 0;
    }
    if (moved > 0) {
        support::info("{}: {} no longer wanted, moved to {}", folder.filename().string(),
                      moved == 1 ? "1 network is" : fmt::format("{} networks are", moved),
                      (folder / aside).string());
    }
}

void take_back(const fs::path& folder, const std::set<std::string>& wanted) {
    for (const std::string& name : folders_in(folder / aside)) {
        if (wanted.contains(name) && !fs::exists(folder / name)) {
            move_folder(folder / aside / name, folder / name);
        }
    }
    std::error_code not_empty;
    fs::remove(folder / aside, not_empty);
}

void remove_leftovers(const fs::path& folder, const std::set<std::string>& kept,
                      const std::set<std::string>& own) {
    for (const std::string& name : leftovers(folder, kept)) {
        std::error_code ignored;
        for (const std::string& file : own) {
            fs::remove(folder / name / file, ignored);
        }
        fs::remove(folder / name, ignored);
        const fs::directory_iterator left(folder / name, ignored);
        if (left != fs::directory_iterator()) {
            support::warn(
                "{}: left there, since this program did not make it; the network is no longer picked",
                left->path().string());
        }
    }
}

} // namespace tessera::nas
