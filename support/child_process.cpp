#include "support/child_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include "support/error.h"

extern char** environ;

namespace tessera::support {
namespace {

/// Closed in whatever else is started. Both ends lie above the standard streams, so that moving one there in
/// the child overwrites none.
struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw RunError(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
        }
        read = raised(ends[0]);
        write = raised(ends[1]);
    }
    static std::unique_ptr<Descriptor> raised(int end) {
        auto given = std::make_unique<Descriptor>(end);
        return end > STDERR_FILENO
                   ? std::move(given)
                   : std::make_unique<Descriptor>(::fcntl(end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    }
    std::unique_ptr<Descriptor> read, write;
};

std::unique_ptr<Descriptor> ours(std::unique_ptr<Descriptor>& end) {
    ::fcntl(end->get(), F_SETFL, ::fcntl(end->get(), F_GETFL) | O_NONBLOCK);
    return std::move(end);
}

/// Returns the system's reason, 0 where the program runs.
int spawn(pid_t& id, const std::vector<std::string>& command, int in, int out, int error) {
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str())); // the interface is older than const
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
        sigaddset(&usual, signal);
    }
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int reason = ::posix_spawnp(&id, arguments[0], &files, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return reason;
}

} // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command) {
    if (command.empty()) {
        throw std::invalid_argument("a program needs a name");
    }
    Pipe to, from, complaints;
    pid_t id = -1;
    const int reason = spawn(id, command, to.read->get(), from.write->get(), complaints.write->get());
    if (reason != 0) {
        throw RunError(fmt::format("cannot start '{}': {}", command[0], std::strerror(reason)));
    }
    id_ = id;
    in = ours(to.write);
    out = ours(from.read);
    error = ours(complaints.read);
}

bool ChildProcess::has_ended() const {
    if (id_ < 0) {
        return true;
    }
    siginfo_t info{}; // not reaped, so that its number, which is the group's too, is nobody else's
    return ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == id_;
}

const std::string& ChildProcess::kill() noexcept {
    if (id_ >= 0) {
        ::kill(-id_, SIGKILL);
        int status = 0;
        while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {}
        id_ = -1;
        fate_ = WIFSIGNALED(status) ? fmt::format("was killed by signal {}", WTERMSIG(status))
                                    : fmt::format("ended with status {}", WEXITSTATUS(status));
    }
    return fate_;
}

} // namespace tessera::support
