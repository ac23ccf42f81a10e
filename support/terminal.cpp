#include "support/terminal.h"

#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "support/descriptor.h"

namespace tessera::support::terminal {
namespace {

constexpr std::string_view erase_line = "\r\033[K";

std::string& status() {
    static std::string line;
    return line;
}

/// A line that wraps cannot be erased.
std::string cut(std::string_view text) {
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    std::size_t room = known ? size.ws_col - 1U : 79U;
    std::size_t end = 0;
    while (end < text.size()) {
        const bool starts_character = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
        if (starts_character && room-- == 0) {
            break;
        }
        ++end;
    }
    return std::string(text.substr(0, end));
}

// Nothing can be done where stderr itself fails.
void write(const std::string& text) { [[maybe_unused]] const bool done = write_all(STDERR_FILENO, text); }

} // namespace

std::mutex& mutex() {
    static std::mutex instance;
    return instance;
}

bool is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

bool has_colours() {
    const char* refused = std::getenv("NO_COLOR");
    return is_terminal() && (refused == nullptr || *refused == '\0');
}

void write_line(std::string_view text) {
    const std::string line(text);
    if (status().empty()) {
        write(line + "\n");
    } else {
        write(std::string(erase_line) + line + "\n" + status());
    }
}

void show_status(std::string_view text) {
    status() = cut(text);
    write(std::string(erase_line) + status());
}

void end_status() {
    if (!status().empty()) {
        write("\n");
    }
    status().clear();
}

} // namespace tessera::support::terminal
