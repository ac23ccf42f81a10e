// A coarse picture of a front, to pass over most of what is dominated without comparing it to anybody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tessera::nas::exact {

/// Cells over all dimensions but the last, each with the least last number of what lies in it or, after
/// spread(), in any cell that is smaller in every dimension. The first cell of a dimension holds its
/// smallest number alone, so that those who share it count as no worse than each other.
class Grid {
public:
    static constexpr std::size_t tile = 256;
    /// Rows, one array a dimension; `cells`: about so many.
    using Tile = std::vector<std::array<double, tile>>;

    Grid(const std::vector<double>& low, const std::vector<double>& high, std::size_t cells);
    void add(const Tile& rows, std::size_t n);
    void spread();
    /// Writes the rows that may be non-dominated to `kept`, returns their number.
    std::size_t survivors(const Tile& rows, std::size_t n, std::array<std::uint32_t, tile>& kept);

private:
    struct Axis {
        double low, scale, last;
        std::int32_t stride;
    };
    void locate(const Tile& rows, std::size_t n, bool smaller);
    std::vector<Axis> axes_;
    std::vector<double> least_;
    std::array<std::int32_t, tile> at_{}, below_{};
};

} // namespace tessera::nas::exact
