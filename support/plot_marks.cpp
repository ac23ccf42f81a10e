#include "support/plot_marks.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::support::plot {
namespace {

constexpr std::size_t shapes = 6;

} // namespace

std::string escape(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
        case '&':
            safe += "&amp;";
            break;
        case '<':
            safe += "&lt;";
            break;
        case '>':
            safe += "&gt;";
            break;
        case '"':
            safe += "&quot;";
            break;
        default:
            if (static_cast<unsigned char>(c) >= 0x20 || c == '\n') {
                safe += c;
            }
        }
    }
    return safe;
}

std::size_t length(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string marker(std::size_t index, double x, double y, std::string_view colour, std::string_view title) {
    const auto path = [&](std::string_view form) {
        return fmt::format("<path transform=\"translate({:.2f} {:.2f})\" d=\"{}\" fill=\"{}\">{}</path>\n", x,
                           y, form, colour, title);
    };
    switch (index % shapes) {
    case 1:
        return path("M-4-4H4V4H-4Z"); // square
    case 2:
        return path("M0-5.2L5 3.8H-5Z"); // triangle
    case 3:
        return path("M0-5.6L5.6 0L0 5.6L-5.6 0Z"); // diamond
    case 4:
        return path("M-1.5-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5V-1.5H-1.5Z"); // plus
    case 5:
        return path("M0 5.2L5-3.8H-5Z"); // triangle pointing down
    default:
        break;
    }
    return fmt::format("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"4.2\" fill=\"{}\">{}</circle>\n", x, y,
                       colour, title);
}

} // namespace tessera::support::plot
