// What goes to stderr, into a file or a terminal of our own.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include "tests/support/helpers.h"

namespace tessera::support::testing {

/// Runs `body` with stderr replaced by `descriptor`.
inline void with_stderr(int descriptor, const std::function<void()>& body) {
    const int before = ::dup(STDERR_FILENO);
    ::dup2(descriptor, STDERR_FILENO);
    body();
    ::dup2(before, STDERR_FILENO);
    ::close(before);
}

inline std::string stderr_in_file(const std::function<void()>& body) {
    const TemporaryFolder folder;
    const int file = ::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT, 0600);
    with_stderr(file, body);
    ::close(file);
    return get(folder / "stderr");
}

/// On a terminal of `columns`; line ends come back as "\r\n".
inline std::string stderr_on_terminal(unsigned short columns, const std::function<void()>& body) {
    int master = -1, slave = -1;
    winsize size{};
    size.ws_col = columns;
    size.ws_row = 24;
    if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) {
        throw std::runtime_error("no terminal");
    }
    std::string shown;
    std::thread reader([&] {
        std::array<char, 4096> buffer{};
        for (ssize_t got = 0; (got = ::read(master, buffer.data(), buffer.size())) > 0;) {
            shown.append(buffer.data(), static_cast<std::size_t>(got));
        }
    });
    with_stderr(slave, body);
    ::close(slave);
    reader.join(); // reading fails once nobody holds the other end
    ::close(master);
    return shown;
}

} // namespace tessera::support::testing
