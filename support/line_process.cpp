#include "support/line_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <poll.h>

#include "support/error.h"
#include "support/interrupt.h"

namespace tessera::support {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds slice{50};      ///< so often a signal, and an end without a word, are looked for
constexpr milliseconds farewell{1000}; ///< for a program that is about to end to do so by itself
constexpr std::size_t complaints_kept = 8192;

/// Writing to a program that has ended raises SIGPIPE in the writing thread: held back meanwhile, and taken
/// away before it can be delivered.
class PipeSignalBlocked {
public:
    PipeSignalBlocked() {
        sigset_t pending;
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~PipeSignalBlocked() {
        const int error = errno;
        const timespec at_once{};
        while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) {}
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }
    PipeSignalBlocked(const PipeSignalBlocked&) = delete;
    PipeSignalBlocked& operator=(const PipeSignalBlocked&) = delete;

private:
    sigset_t pipe_{}, before_{};
    bool was_pending_ = false;
};

enum class Read { something, nothing, end };

/// Appends what is there.
Read drain(const Descriptor& from, std::string& to) {
    std::array<char, 16384> piece{};
    const ssize_t got = ::read(from.get(), piece.data(), piece.size());
    if (got > 0) {
        to.append(piece.data(), static_cast<std::size_t>(got));
        return Read::something;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? Read::nothing : Read::end;
}

/// The last line that is not blank, without what would move a terminal's cursor.
std::string last_line(std::string_view text) {
    const std::size_t end = text.find_last_not_of(" \t\r\n");
    if (end == std::string_view::npos) {
        return "";
    }
    text = text.substr(0, end + 1);
    const std::size_t before = text.find_last_of("\r\n"); // npos + 1 is 0
    std::string line(text.substr(before + 1, 500));
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return line;
}

} // namespace

LineProcess::LineProcess(LineProcessOptions options)
    : options_(std::move(options)), program_(options_.command) {
    if (!(options_.seconds > 0)) {
        throw std::invalid_argument("a program needs time to answer");
    }
}

LineProcess::~LineProcess() {
    program_.in.reset();
    linger();
}

/// Reads on while the program ends, lest it waits for a reader.
void LineProcess::linger() {
    for (const Time end = Clock::now() + farewell; !program_.has_ended() && Clock::now() < end;) {
        std::string unread;
        drain(*program_.out, unread);
        hear_complaints();
        std::this_thread::sleep_for(milliseconds(2));
    }
}

/// True while there may be more at once.
bool LineProcess::hear_complaints() {
    const Read read = program_.error ? drain(*program_.error, complaints_) : Read::nothing;
    if (read == Read::end) {
        program_.error.reset();
    }
    if (complaints_.size() > 2 * complaints_kept) {
        complaints_.erase(0, complaints_.size() - complaints_kept);
    }
    return read == Read::something;
}

void LineProcess::give_up(const std::string& what) {
    for (int pieces = 0; pieces < 64 && hear_complaints(); ++pieces) {}
    program_.kill();
    const std::string complaint = last_line(complaints_);
    failure_ = fmt::format("{} {}{}", options_.command[0], what,
                           complaint.empty() ? "" : fmt::format("; it last said: {}", complaint));
    throw RunError(failure_);
}

void LineProcess::report_end() {
    linger(); // who closes its output is mostly about to end, and how it ends says more
    const bool ended = program_.has_ended();
    const std::string& fate = program_.kill();
    give_up(ended ? fate + " before it answered" : "closed its output before it answered");
}

bool LineProcess::exchange(std::string& unsent, Time deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    std::array<pollfd, 3> ends{{{program_.out->get(), POLLIN, 0},
                                {program_.error ? program_.error->get() : -1, POLLIN, 0},
                                {unsent.empty() ? -1 : program_.in->get(), POLLOUT, 0}}};
    if (::poll(ends.data(), ends.size(),
               static_cast<int>(std::clamp(left, milliseconds(0), slice).count())) <= 0) {
        return true;
    }
    if (ends[1].revents != 0) {
        hear_complaints();
    }
    if (ends[2].revents != 0) {
        const PipeSignalBlocked blocked;
        const ssize_t written = ::write(program_.in->get(), unsent.data(), unsent.size());
        if (written > 0) {
            unsent.erase(0, static_cast<std::size_t>(written));
        } else if (written < 0 && errno == EPIPE) {
            unsent.clear(); // nobody reads: what will be missing is the answer
        }
    }
    return ends[0].revents == 0 || drain(*program_.out, answers_) != Read::end;
}

std::string LineProcess::ask(std::string_view question) {
    if (!failure_.empty()) {
        check_interrupt(); // that is why, for whoever asks from another thread too
        throw RunError(failure_);
    }
    const auto patience = std::chrono::duration<double>(std::min(options_.seconds, 1e8));
    const Time deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
    std::string unsent = fmt::format("{}\n", question);
    for (bool open = true;;) {
        const std::size_t end = answers_.find('\n');
        if (std::min(end, answers_.size()) > options_.longest_answer) {
            give_up(fmt::format("answered with a line of more than {} bytes", options_.longest_answer));
        }
        if (end != std::string::npos && unsent.empty()) {
            std::string line = answers_.substr(0, end);
            answers_.erase(0, end + 1);
            return line;
        }
        if (!open) {
            report_end();
        }
        if (Clock::now() >= deadline) {
            give_up(fmt::format("gave no answer within {:g} s", options_.seconds));
        }
        if (interrupt_pending()) {
            failure_ = options_.command[0] + " was stopped by an interrupt";
            program_.kill();
            check_interrupt();
        }
        // Whoever has ended may have left its output to a program that it started: nothing more is coming.
        const bool ended = program_.has_ended();
        const std::size_t before = answers_.size();
        open = exchange(unsent, deadline) && (!ended || answers_.size() > before);
    }
}

} // namespace tessera::support
