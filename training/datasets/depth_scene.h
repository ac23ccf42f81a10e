// Small scenes in space: balls, boxes and boards on a chequered floor before a wall, as a pinhole camera sees
// them. Every pixel's depth is known exactly.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "support/seed.h"

namespace tessera::training {

using Point3 = std::array<double, 3>; ///< right, down, ahead of the camera

/// Two colours in cells of `period`.
struct Chequers {
    std::array<double, 3> first{}, second{}; ///< red, green, blue, 0..1
    double period = 1;
};

enum class SolidKind : std::uint8_t { ball, box, board };

struct Solid {
    SolidKind kind = SolidKind::ball;
    Point3 centre{};
    Point3 half{}; ///< half its extent; a ball's radius three times, a board's depth is 0
    Chequers paint;
};

/// Lengths are in units of which the camera stands about one above the floor.
struct DepthScene {
    double camera_height = 1;
    double horizon = 0; ///< of the floor, in heights of the image below its middle: a camera that looks up
    double wall = 10;   ///< distance of the wall that ends the view
    Chequers floor, backdrop;
    std::vector<Solid> solids; ///< they stand on the floor
};

/// The camera sees 1 / focal as wide as far.
inline constexpr double focal = 0.8;
/// Nearest and farthest place of a solid, and of the wall.
inline constexpr double nearest_solid = 1.6, farthest_solid = 8, nearest_wall = 9, farthest_wall = 14;

/// What a pixel shows.
struct Sighting {
    double depth = 0; ///< along the camera's axis, > 0
    std::array<double, 3> colour{};
};

/// Two to six solids; distances are drawn evenly in their inverse, as far places are seen small.
DepthScene compose_depth_scene(support::Rng& rng);

/// Along the ray through (x, y), in units of the image's side from its middle, x to the right and y down:
/// what is nearest, lit from the upper left and paled by haze with its depth.
Sighting look(const DepthScene& scene, double x, double y);

/// Renders size x size pixels, one ray through the middle of each: channels x size x size bytes with a little
/// noise from `rng`, and size x size depths.
void render_depth_scene(const DepthScene& scene, std::int64_t channels, std::int64_t size, support::Rng& rng,
                        std::uint8_t* planes, float* depths);

} // namespace tessera::training
