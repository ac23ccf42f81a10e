// Small painted scenes: shapes on a graded background. What an image shows, apart from how it is turned into
// pixels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "support/seed.h"

namespace tessera::training {

enum class ShapeKind : std::uint8_t { disk, square, triangle, cross, ring };
enum class FillKind : std::uint8_t { solid, rows, columns, checks };
inline constexpr std::int64_t shape_kinds = 5, fill_kinds = 4;

using Colour = std::array<double, 3>; ///< red, green, blue, 0..1

/// Lengths and positions are in units of the image's side; y points down.
struct Shape {
    ShapeKind kind = ShapeKind::disk;
    FillKind fill = FillKind::solid;
    double x = 0.5, y = 0.5, radius = 0.3;
    double turn_cos = 1, turn_sin = 0; ///< of the outline; the fill's rows stay level
    double period = 0.2, phase = 0;    ///< of the fill's two colours
    Colour first{}, second{};
};

struct Scene {
    Colour from{}, to{}; ///< background, graded along (along_x, along_y)
    double along_x = 1, along_y = 0;
    std::vector<Shape> shapes; ///< from the farthest to the nearest
    double noise = 0;          ///< standard deviation of each pixel's brightness
};

/// Draws a scene whose main shape has the class's outline and fill; place, size, turn, colours, background
/// and distractors tell nothing of the class.
Scene compose_scene(std::int64_t label, support::Rng& rng);

/// Paints size x size pixels as channels x size x size bytes; noise comes from `rng`.
void paint_scene(const Scene& scene, std::int64_t channels, std::int64_t size, support::Rng& rng,
                 std::uint8_t* planes);

/// Signed distance of (u, v) from the outline of a shape of radius 1, negative inside; exact enough for soft
/// edges.
double outline_distance(ShapeKind kind, double u, double v);

} // namespace tessera::training
