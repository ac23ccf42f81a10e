#include "training/datasets/cache_space.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "support/log.h"
#include "training/datasets/decoded_header.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;

struct CacheFile {
    fs::file_time_type used;
    fs::path path;
    std::uint64_t size = 0;
    bool operator<(const CacheFile& other) const {
        return used != other.used ? used < other.used : path < other.path;
    }
};

/// The file where it is ours.
std::optional<CacheFile> decoded_file(const fs::directory_entry& entry) {
    std::error_code error;
    const auto name = entry.path().filename().string();
    if (entry.symlink_status(error).type() != fs::file_type::regular || name.starts_with('.') ||
        entry.path().extension() != ".images") {
        return std::nullopt;
    }
    DecodedHeader header;
    std::ifstream stream(entry.path(), std::ios::binary);
    const auto size = entry.file_size(error);
    if (error || !stream.read(reinterpret_cast<char*>(&header), sizeof header) || !header.known() ||
        header.file_size() != size) {
        return std::nullopt;
    }
    const auto used = entry.last_write_time(error);
    return error ? std::nullopt : std::optional(CacheFile{used, entry.path(), size});
}

} // namespace

bool make_room(const fs::path& folder, std::uint64_t needed, std::uint64_t limit,
               const std::set<fs::path>& in_use) {
    std::vector<CacheFile> removable;
    std::uint64_t total = needed, kept = needed;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (const auto file = decoded_file(*at)) {
            total += file->size;
            if (in_use.contains(file->path)) {
                kept += file->size;
            } else {
                removable.push_back(*file);
            }
        }
    }
    if (kept > limit) {
        return false;
    }
    std::sort(removable.begin(), removable.end());
    for (const auto& file : removable) {
        if (total <= limit) {
            break;
        }
        if (fs::remove(file.path, error)) {
            support::log_debug(fmt::format("{}: removed to keep the cache below {} MB", file.path.string(),
                                           limit / 1'000'000));
            total -= file.size;
        }
    }
    return total <= limit;
}

void mark_used(const fs::path& file) {
    std::error_code ignored; // a cache of somebody else's is read all the same
    fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
}

} // namespace tessera::training
