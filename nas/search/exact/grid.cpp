#include "nas/search/exact/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera::nas::exact {
namespace {

constexpr double infinite_cost = std::numeric_limits<double>::infinity();

} // namespace

Grid::Grid(const std::vector<double>& low, const std::vector<double>& high, std::size_t cells) {
    const std::size_t axes = low.size() - 1;
    std::size_t size = 1;
    for (std::size_t d = 0; d < axes; ++d) {
        // What is left of the cells, shared evenly among the axes that are left.
        const double share = std::pow(static_cast<double>(cells) / static_cast<double>(size),
                                      1.0 / static_cast<double>(axes - d));
        const double width = std::max(2.0, std::floor(share));
        double scale = (width - 1) / (high[d] - low[d]);
        scale = std::isfinite(scale) ? scale : 0;
        axes_.push_back({low[d], scale, width - 2, static_cast<std::int32_t>(size)});
        size *= static_cast<std::size_t>(width);
    }
    least_.assign(size, infinite_cost);
}

void Grid::locate(const Tile& rows, std::size_t n, bool smaller) {
    for (std::size_t d = 0; d < axes_.size(); ++d) {
        const Axis axis = axes_[d];
        const double* values = rows[d].data();
        std::int32_t *at = at_.data(), *below = below_.data();
        for (std::size_t i = 0; i < n; ++i) {
            const double v = values[i];
            const auto inner = static_cast<std::int32_t>(std::min((v - axis.low) * axis.scale, axis.last));
            const std::int32_t cell = inner + (v > axis.low ? 1 : 0);
            at[i] = (d == 0 ? 0 : at[i]) + cell * axis.stride;
            if (smaller) {
                below[i] = (d == 0 ? 0 : below[i]) + inner * axis.stride;
            }
        }
    }
    if (axes_.empty()) {
        at_.fill(0);
        below_.fill(0);
    }
}

void Grid::add(const Tile& rows, std::size_t n) {
    locate(rows, n, false);
    const double* values = rows.back().data();
    for (std::size_t i = 0; i < n; ++i) {
        double& least = least_[static_cast<std::size_t>(at_[i])];
        least = std::min(least, values[i]);
    }
}

void Grid::spread() {
    for (const Axis& axis : axes_) {
        const auto stride = static_cast<std::size_t>(axis.stride);
        const std::size_t width = static_cast<std::size_t>(axis.last) + 2;
        for (std::size_t base = 0; base < least_.size(); base += stride * width) {
            for (std::size_t i = base + stride; i < base + stride * width; ++i) {
                least_[i] = std::min(least_[i], least_[i - stride]);
            }
        }
    }
}

std::size_t Grid::survivors(const Tile& rows, std::size_t n, std::array<std::uint32_t, tile>& kept) {
    locate(rows, n, true);
    const double* values = rows.back().data();
    std::size_t count = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double least = least_[static_cast<std::size_t>(below_[i])];
        kept[count] = static_cast<std::uint32_t>(i);
        // Equal to the least of its own cell: perhaps it is the least. Infinite: out of bounds.
        const bool itself = values[i] == least && below_[i] == at_[i] && least < infinite_cost;
        count += values[i] < least || itself ? 1 : 0;
    }
    return count;
}

} // namespace tessera::nas::exact
