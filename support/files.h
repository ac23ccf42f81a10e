// Files that are either whole or absent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tessera::support {

/// Writes beside the target, syncs, renames; creates missing parent folders. Throws RunError naming the file
/// and the system's reason (read-only, disk full, ...), leaving neither a new nor a temporary file.
void write_atomically(const std::filesystem::path& file, std::string_view content);

/// As write_atomically for content that comes piece by piece, through append(), or that another library
/// writes itself (for instance TorchScript), to path(); then commit(). Destroyed without commit(), the
/// temporary file is removed.
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path target);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    const std::filesystem::path& path() const { return temporary_; }
    void append(std::string_view content);
    void commit();

private:
    std::filesystem::path target_, temporary_;
    int descriptor_ = -1; ///< of append()
    bool committed_ = false;
};

/// Removes what writers that were killed left under `folder`. Only for who holds the folder's lock: it cannot
/// be told from what another process is writing.
void remove_unfinished(const std::filesystem::path& folder);

/// Whole content; throws RunError when it is missing, not a regular file, or larger than `limit` bytes.
std::string read_file(const std::filesystem::path& file, std::uint64_t limit = 64ULL << 20);

/// Adds one line to a file and flushes it (for JSONL logs; the only files that grow in place).
void append_line(const std::filesystem::path& file, std::string_view line);

/// An advisory lock on `folder`/lock, held while the object lives. Throws RunError when another process holds
/// it, naming that process. The system releases it when the process dies.
class FolderLock {
public:
    explicit FolderLock(const std::filesystem::path& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

    /// Process that holds the folder's lock ("another process" where it does not say); empty where none does.
    static std::string holder(const std::filesystem::path& folder);

private:
    int descriptor_ = -1;
};

} // namespace tessera::support
