// Line and scatter plots as self-contained SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tessera::support {

struct Series {
    enum class Style { line, points, line_and_points, steps };
    std::string name;
    Style style = Style::points;
    std::vector<std::pair<double, double>> points; ///< non-finite ones are left out
    std::vector<std::string> labels;               ///< tooltip (SVG <title>) per point; may be empty
    std::vector<double> error;                     ///< half-length of a vertical bar per point; may be empty
};

struct Plot {
    std::string title, x_label, y_label;
    std::vector<Series> series;
    bool log_x = false;
    bool y_from_zero = false; ///< for values of which 0 is the least
    int width = 720, height = 480;

    /// Axes with round ticks, a legend, colours that differ also in lightness, markers that differ by shape;
    /// text escaped. Never throws on data: no series or a single point give an empty frame or a point in the
    /// middle.
    std::string svg() const;
};

} // namespace tessera::support
