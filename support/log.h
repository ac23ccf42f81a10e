// Messages to stderr and, once a run is open, to its log.jsonl. Results never go through here: they are
// printed on stdout.
#pragma once

#include <filesystem>
#include <string>

#include <fmt/format.h>

namespace tessera::support {

enum class Verbosity { quiet, normal, verbose };

/// Quiet: warnings and errors only, no progress. Verbose: debug messages as well.
void set_verbosity(Verbosity verbosity);
Verbosity verbosity();
/// From now on every message is also appended to `file`, one JSON object a line: time (UTC, ISO 8601), level,
/// message.
void log_to(const std::filesystem::path& file);
/// Stops writing to the file given to log_to().
void close_log();

void log_debug(const std::string& message);
void log_info(const std::string& message);
void log_warning(const std::string& message);
void log_error(const std::string& message);
/// To the file alone: what the terminal shows in another way.
void log_to_file(const std::string& message);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    log_info(fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    log_warning(fmt::format(format, std::forward<Args>(args)...));
}

} // namespace tessera::support
