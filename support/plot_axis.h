// Axes of a plot: which values to mark, how to write them, where they stand. Internal to the plots.
#pragma once

#include <string>
#include <vector>

namespace tessera::support::plot {

struct Axis {
    double low = 0, high = 1; ///< of the data with its margin; log10 of them on a logarithmic axis
    bool logarithmic = false;

    struct Tick {
        double value; ///< in the data's units
        std::string label;
        bool operator==(const Tick&) const = default;
    };

    /// An axis that shows all the values, with a little room at both ends. No values: 0..1; a single one: in
    /// the middle.
    static Axis around(const std::vector<double>& values, bool logarithmic);
    /// About `wanted` ticks at 1, 2 or 5 times a power of ten.
    std::vector<Tick> ticks(int wanted) const;
    /// 0 at the low end, 1 at the high one.
    double share(double value) const;
};

} // namespace tessera::support::plot
