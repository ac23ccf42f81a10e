#include "support/files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/descriptor.h"
#include "support/error.h"

namespace tessera::support {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(std::string_view what, const fs::path& file, int error) {
    throw RunError(fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(error)));
}

/// Renaming onto a link would cut it, and onto a device such as /dev/null would replace it.
fs::path real_target(const fs::path& file) {
    std::error_code error;
    if (file.filename().empty()) {
        throw RunError(fmt::format("cannot write {}: not a file name", file.string()));
    }
    const fs::path target =
        fs::is_symlink(fs::symlink_status(file, error)) ? fs::weakly_canonical(file, error) : file;
    if (error && error != std::errc::no_such_file_or_directory) {
        fail("write", file, error.value());
    }
    const fs::file_status status = fs::status(target, error);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
        throw RunError(fmt::format("cannot write {}: it exists and is not a regular file", file.string()));
    }
    return target;
}

fs::path folder_of(const fs::path& file) {
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// In the same folder, since renaming works within one file system only; hidden, unique in this process and
/// among others, and short enough for any name that the target may have.
fs::path temporary_beside(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    std::error_code error;
    fs::create_directories(folder_of(target), error);
    if (error) {
        fail("create the folder of", target, error.value());
    }
    const std::string name = target.filename().string();
    const std::string end = name.size() > 200 ? name.substr(name.size() - 200) : name;
    return folder_of(target) / fmt::format(".{}-{}.{}", ::getpid(), counter++, end);
}

void sync(const fs::path& path, int flags) {
    const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) {
        fail("write", path, errno);
    }
}

void sync_folder(const fs::path& folder) {
    try {
        sync(folder, O_RDONLY | O_DIRECTORY);
    } catch (const RunError&) {
        // The file is in place already; some file systems cannot sync a folder.
    }
}

} // namespace

void write_atomically(const fs::path& file, std::string_view content) {
    AtomicFile whole(file);
    whole.append(content);
    whole.commit();
}

AtomicFile::AtomicFile(fs::path target)
    : target_(real_target(target)), temporary_(temporary_beside(target_)) {}

AtomicFile::~AtomicFile() {
    const Descriptor closed(descriptor_);
    if (!committed_) {
        ::unlink(temporary_.c_str());
    }
}

void AtomicFile::append(std::string_view content) {
    if (descriptor_ < 0) {
        descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    if (descriptor_ < 0 || !write_all(descriptor_, content)) {
        fail("write", target_, errno);
    }
}

void AtomicFile::commit() {
    const Descriptor closed(std::exchange(descriptor_, -1));
    sync(temporary_, O_RDONLY);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
        fail("write", target_, errno);
    }
    committed_ = true;
    sync_folder(folder_of(target_));
}

void remove_unfinished(const fs::path& folder) {
    // As named by temporary_beside().
    const auto is_temporary = [](const std::string& name) {
        const auto digits = [&](std::size_t from) {
            return std::min(name.find_first_not_of("0123456789", from), name.size());
        };
        const std::size_t dash = digits(1), dot = dash < name.size() ? digits(dash + 1) : dash;
        return name.starts_with('.') && dash > 1 && name[dash] == '-' && dot > dash + 1 &&
               dot < name.size() && name[dot] == '.';
    };
    std::vector<fs::path> found;
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(folder, ignored), end; !ignored && at != end;
         at.increment(ignored)) {
        std::error_code unknown;
        if (is_temporary(at->path().filename().string()) &&
            fs::is_regular_file(at->symlink_status(unknown))) {
            found.push_back(at->path());
        }
    }
    for (const fs::path& file : found) {
        fs::remove(file, ignored);
    }
}

std::string read_file(const fs::path& file, std::uint64_t limit) {
    // Not blocking: opening a pipe that nobody writes to would wait for ever.
    const Descriptor in(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!in || ::fstat(in.get(), &status) != 0) {
        fail("read", file, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        throw RunError(fmt::format("cannot read {}: {}", file.string(),
                                   S_ISDIR(status.st_mode) ? "it is a folder" : "not a regular file"));
    }
    const auto too_large = [&] {
        throw RunError(fmt::format("cannot read {}: larger than the {} bytes allowed", file.string(), limit));
    };
    if (static_cast<std::uint64_t>(status.st_size) > limit) {
        too_large();
    }
    std::string content;
    content.reserve(static_cast<std::size_t>(status.st_size));
    std::string buffer(1U << 16, '\0');
    while (true) { // the size is not believed: the file may grow, and /proc reports zero
        const ssize_t got = ::read(in.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            fail("read", file, errno);
        }
        if (got == 0) {
            return content;
        }
        content.append(buffer.data(), static_cast<std::size_t>(got));
        if (content.size() > limit) {
            too_large();
        }
    }
}

void append_line(const fs::path& file, std::string_view line) {
    const Descriptor out(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    struct stat status {};
    if (!out || ::fstat(out.get(), &status) != 0) {
        fail("write", file, errno);
    }
    std::string text(line);
    text += '\n';
    char last = '\n';
    if (status.st_size > 0 && ::pread(out.get(), &last, 1, status.st_size - 1) == 1 && last != '\n') {
        text.insert(text.begin(), '\n'); // a line cut short by a crash must not swallow this one
    }
    if (!write_all(out.get(), text)) {
        fail("write", file, errno);
    }
}

} // namespace tessera::support
