#include "support/log.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include "support/descriptor.h"
#include "support/error.h"
#include "support/files.h"
#include "support/terminal.h"

namespace tessera::support {
namespace {

std::string_view text_of(const spdlog::string_view_t& view) { return {view.data(), view.size()}; }

/// For people. The lock is the terminal's, which progress shares.
class TerminalSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const bool colours = terminal::has_colours();
        std::string line;
        if (message.level == spdlog::level::warn) {
            line = colours ? "\033[33mwarning:\033[0m " : "warning: ";
        }
        // "file:line:column: error: ..." says so itself, in the place where editors look for it.
        const bool has_place = text_of(message.payload).find(": error: ") != std::string_view::npos;
        if (message.level == spdlog::level::err && !has_place) {
            line = colours ? "\033[1;31merror:\033[0m " : "error: ";
        }
        line += text_of(message.payload);
        const std::lock_guard lock(terminal::mutex());
        terminal::write_line(line);
    }
    void flush_() override {}
};

/// "2024-05-01T12:00:00.123Z".
std::string utc(std::chrono::system_clock::time_point time) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    const auto seconds = static_cast<std::time_t>(since / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    return fmt::format("{}.{:03}Z", text.data(), since % 1000);
}

/// For machines: log.jsonl of the open run.
class JsonSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    void open(const std::filesystem::path& file) {
        // Opened here rather than at the first message, which is too late to complain.
        const Descriptor probe(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
        if (!probe) {
            throw RunError(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
        }
        const std::lock_guard lock(mutex_);
        file_ = file;
    }
    void close() {
        const std::lock_guard lock(mutex_);
        file_.clear();
    }

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        if (file_.empty()) {
            return;
        }
        nlohmann::ordered_json line;
        line["time"] = utc(message.time);
        line["level"] =
            message.level == spdlog::level::warn ? "warning" : text_of(to_string_view(message.level));
        line["message"] = text_of(message.payload);
        append_line(file_, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    void flush_() override {}

private:
    std::filesystem::path file_;
};

struct Log {
    std::shared_ptr<TerminalSink> screen = std::make_shared<TerminalSink>();
    std::shared_ptr<JsonSink> file = std::make_shared<JsonSink>();
    spdlog::logger logger{"tessera", {screen, file}};

    Log() {
        logger.set_level(spdlog::level::debug);
        screen->set_level(spdlog::level::info);
        // A full disk must not end a run because of its log, nor fill the screen with complaints.
        logger.set_error_handler([sink = file](const std::string& what) {
            sink->close();
            const std::lock_guard lock(terminal::mutex());
            terminal::write_line("warning: the log is no longer written: " + what);
        });
    }
};

Log& log() {
    static Log instance;
    return instance;
}

} // namespace

void set_verbosity(Verbosity verbosity) {
    const auto level = verbosity == Verbosity::quiet     ? spdlog::level::warn
                       : verbosity == Verbosity::verbose ? spdlog::level::debug
                                                         : spdlog::level::info;
    log().screen->set_level(level);
}

Verbosity verbosity() {
    const auto level = log().screen->level();
    return level == spdlog::level::warn    ? Verbosity::quiet
           : level == spdlog::level::debug ? Verbosity::verbose
                                           : Verbosity::normal;
}

void log_to(const std::filesystem::path& file) { log().file->open(file); }
void close_log() { log().file->close(); }

// The text is passed as an argument: it may contain braces.
void log_debug(const std::string& message) { log().logger.debug("{}", message); }
void log_info(const std::string& message) { log().logger.info("{}", message); }
void log_warning(const std::string& message) { log().logger.warn("{}", message); }
void log_error(const std::string& message) { log().logger.error("{}", message); }
void log_to_file(const std::string& message) {
    try {
        log().file->log({"tessera", spdlog::level::debug, message});
    } catch (const std::exception&) { close_log(); } // as for every message: a full disk must not end a run
}

} // namespace tessera::support
