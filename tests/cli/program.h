// The program as users run it: a process with arguments, what it says, how it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace tessera::tests {

struct Ending {
    int status = -1; ///< exit status; -1 where a signal ended it
    int signal = 0;  ///< that ended it; 0 where it exited
    std::string out, err;
};

/// Circumstances of one process.
struct Surroundings {
    std::filesystem::path folder;      ///< where it runs
    std::uint64_t largest_file = 0;    ///< writing beyond it fails, as on a full disk; 0: no bound
    bool bound_by_permissions = false; ///< even as root
};

/// True where the system lets a process give up root's right to write anywhere, or it is not root's to begin
/// with.
bool can_be_bound_by_permissions();

/// A running process. It is killed with the object, and with the process that started it.
class Program {
public:
    Program(const std::vector<std::string>& arguments, const Surroundings& surroundings);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    pid_t id() const { return id_; }
    /// Waits for `condition`; false where the program ended first.
    bool wait_until(const std::function<bool()>& condition);
    /// Waits for a time; false where the program ended first.
    bool wait_for(std::chrono::milliseconds time);
    void send(int signal) const;
    Ending wait();

private:
    bool ended();

    pid_t id_ = -1;
    bool ended_ = false;
    int raw_status_ = 0;
    std::filesystem::path out_, err_;
};

Ending run(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// A folder that disappears with the test.
class Scratch {
public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    Surroundings here() const { return {path_, 0, false}; }

private:
    std::filesystem::path path_;
};

} // namespace tessera::tests
