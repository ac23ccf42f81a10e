// Colours, markers and text of a plot. Internal to the plots.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace tessera::support::plot {

/// Okabe and Ito's colours, which people who do not see all colours can tell apart.
inline constexpr std::array<std::string_view, 7> colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                            "#000000", "#e69f00", "#56b4e9"};

/// XML text: markup escaped, control characters that XML forbids left out.
std::string escape(std::string_view text);
/// In code points.
std::size_t length(std::string_view text);
/// SVG of the marker of shape `index` around (x, y); `title` is its tooltip's element.
std::string marker(std::size_t index, double x, double y, std::string_view colour, std::string_view title);

} // namespace tessera::support::plot
