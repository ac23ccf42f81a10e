#include "tests/cli/program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/cli/run_files.h"

namespace tessera::tests {

namespace fs = std::filesystem;

namespace {

constexpr int kNotStarted = 127;

/// The new process, before it becomes the program. Nothing here may allocate.
[[noreturn]] void become(char* const* arguments, const Surroundings& surroundings, const char* out,
                         const char* err) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (surroundings.largest_file > 0) {
        const rlimit limit{surroundings.largest_file, surroundings.largest_file};
        std::signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (surroundings.bound_by_permissions && geteuid() == 0 &&
        prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) != 0) {
        _exit(kNotStarted);
    }
    const int none = open("/dev/null", O_RDONLY), o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600),
              e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (chdir(surroundings.folder.c_str()) != 0 || dup2(none, 0) < 0 || dup2(o, 1) < 0 || dup2(e, 2) < 0) {
        _exit(kNotStarted);
    }
    execv(TESSERA_PROGRAM, arguments);
    _exit(kNotStarted);
}

} // namespace

bool can_be_bound_by_permissions() {
    if (geteuid() != 0) {
        return true;
    }
    const pid_t child = fork();
    if (child == 0) {
        _exit(prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) == 0 ? 0 : 1);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

Program::Program(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
    static int count = 0;
    const std::string prefix = ".output-" + std::to_string(getpid()) + "-" + std::to_string(count++);
    out_ = surroundings.folder / (prefix + ".out");
    err_ = surroundings.folder / (prefix + ".err");
    // Several tests at once would otherwise burn the cores with waiting.
    setenv("OMP_WAIT_POLICY", "passive", 0);
    std::vector<std::string> all = {TESSERA_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    for (std::string& argument : all) {
        raw.push_back(argument.data());
    }
    raw.push_back(nullptr);
    id_ = fork();
    if (id_ < 0) {
        throw std::runtime_error("cannot start a process");
    }
    if (id_ == 0) {
        become(raw.data(), surroundings, out_.c_str(), err_.c_str());
    }
}

Program::~Program() {
    if (!ended()) {
        send(SIGKILL);
        wait();
    }
}

bool Program::ended() {
    if (!ended_) {
        ended_ = waitpid(id_, &raw_status_, WNOHANG) == id_;
    }
    return ended_;
}

bool Program::wait_until(const std::function<bool()>& condition) {
    while (!condition()) {
        if (ended()) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return !ended();
}

bool Program::wait_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    return wait_until([&] { return std::chrono::steady_clock::now() >= end; });
}

void Program::send(int signal) const {
    if (!ended_) {
        kill(id_, signal);
    }
}

Ending Program::wait() {
    while (!ended_) {
        ended_ = waitpid(id_, &raw_status_, 0) == id_;
        if (!ended_ && errno != EINTR) {
            throw std::runtime_error("cannot wait for the program");
        }
    }
    Ending ending;
    if (WIFEXITED(raw_status_)) {
        ending.status = WEXITSTATUS(raw_status_);
    }
    if (WIFSIGNALED(raw_status_)) {
        ending.signal = WTERMSIG(raw_status_);
    }
    ending.out = content_of(out_);
    ending.err = content_of(err_);
    return ending;
}

Ending run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
    return Program(arguments, surroundings).wait();
}

Scratch::Scratch() {
    std::string name = (fs::temp_directory_path() / "tessera-cli-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    path_ = name;
}

Scratch::~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

} // namespace tessera::tests
