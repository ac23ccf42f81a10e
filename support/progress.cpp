#include "support/progress.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <fmt/format.h>

#include "support/log.h"
#include "support/table.h"
#include "support/terminal.h"

namespace tessera::support {
namespace {

using Clock = std::chrono::steady_clock;
using Lock = std::lock_guard<std::mutex>; // one mutex for all: it also orders what is written

/// "12.3 batches/s", or "4.20 epochs/min" where a unit takes longer than a second.
std::string rate_text(double per_second, const std::string& unit) {
    if (per_second >= 1.0) {
        return fmt::format("{} {}/s", si(per_second), unit);
    }
    return fmt::format("{} {}/min", si(per_second * 60.0), unit);
}

} // namespace

Progress::Progress(std::string what, std::int64_t total, std::string unit, std::int64_t done)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total), done_(done), start_(done),
      begin_(Clock::now()), printed_(begin_), stored_(begin_), terminal_(terminal::is_terminal()) {}

Progress::~Progress() {
    const Lock lock(terminal::mutex());
    print(true);
    log_to_file(line(true));
}

void Progress::advance(std::int64_t count) {
    const Lock lock(terminal::mutex());
    done_ += count;
    const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000);
    if (Clock::now() - printed_ >= pause) {
        print(false);
    }
    if (Clock::now() - stored_ >= std::chrono::seconds(30)) {
        stored_ = Clock::now();
        log_to_file(line(false));
    }
}

void Progress::note(std::string text) {
    const Lock lock(terminal::mutex());
    note_ = std::move(text);
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

std::string Progress::line(bool last) const {
    std::string line = what_ + ":";
    if (total_ > 0) {
        // Rounded down: 100 % means done.
        const double share = std::floor(100.0 * static_cast<double>(done_) / static_cast<double>(total_));
        line += fmt::format(" {:3.0f} % {}/{} {}", std::clamp(share, 0.0, 100.0), done_, total_, unit_);
    } else {
        line += fmt::format(" {} {}", done_, unit_);
    }
    const double spent = seconds();
    const auto now_done = static_cast<double>(done_ - start_);
    if (now_done > 0 && spent > 0) {
        line += ", " + rate_text(now_done / spent, unit_);
        if (!last && total_ > done_) {
            line +=
                fmt::format(", {} left", duration(static_cast<double>(total_ - done_) * spent / now_done));
        }
    }
    if (last) {
        line += ", " + duration(spent);
    }
    if (!note_.empty()) {
        line += ", " + note_;
    }
    return line;
}

void Progress::print(bool last) {
    printed_ = Clock::now();
    if (verbosity() == Verbosity::quiet) {
        return;
    }
    if (terminal_) {
        terminal::show_status(line(last));
        if (last) {
            terminal::end_status();
        }
    } else {
        terminal::write_line(line(last));
    }
}

} // namespace tessera::support
