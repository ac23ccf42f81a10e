// Who writes to stderr: messages and the one line of progress below them take turns here.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace tessera::support::terminal {

/// Held by everyone who writes to stderr or changes a progress that may be shown.
std::mutex& mutex();

bool is_terminal();
/// A terminal whose user has not set NO_COLOR.
bool has_colours();

// With mutex() held:

/// A message on a line of its own, above the status line where one shows.
void write_line(std::string_view text);
/// Rewrites the status line, cut to the terminal's width.
void show_status(std::string_view text);
/// Leaves the status line where it stands as an ordinary line.
void end_status();

} // namespace tessera::support::terminal
