#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "support/descriptor.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::support {

namespace {

/// What the holder has written into the lock.
std::string owner_of(int lock) {
    std::string owner(32, '\0');
    const ssize_t got = ::pread(lock, owner.data(), owner.size(), 0);
    owner.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    owner.erase(owner.find_last_not_of('\n') + 1);
    return owner.empty() ? "another process" : "process " + owner;
}

} // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "lock";
    Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (!lock) {
        throw RunError(fmt::format("cannot lock {}: {}", folder.string(), std::strerror(errno)));
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            throw RunError(fmt::format("cannot lock {}: {}", folder.string(), std::strerror(errno)));
        }
        throw RunError(
            fmt::format("{} is in use by {}: wait for it or stop it", folder.string(), owner_of(lock.get())));
    }
    // The process id is for people; what locks is the descriptor. A full disk must not keep anyone out.
    if (::ftruncate(lock.get(), 0) == 0) {
        write_all(lock.get(), fmt::format("{}\n", ::getpid()));
    }
    descriptor_ = lock.release();
}

std::string FolderLock::holder(const std::filesystem::path& folder) {
    const Descriptor lock(::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC));
    const bool held = lock && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return held ? owner_of(lock.get()) : std::string();
}

FolderLock::~FolderLock() {
    // The file stays: were it removed, a process that has just opened it would lock a file nobody else sees.
    [[maybe_unused]] const int ignored = ::ftruncate(descriptor_, 0);
    ::close(descriptor_);
}

} // namespace tessera::support
