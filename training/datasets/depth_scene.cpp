// Sums, products, quotients and square roots alone: they give the same bits on every machine.
#include "training/datasets/depth_scene.h"

#include <algorithm>
#include <cmath>

namespace tessera::training {
namespace {

using Colour3 = std::array<double, 3>;

constexpr double noise_of_pixels = 0.02, ambient = 0.45;
constexpr double half_hazy = 12; ///< depth at which haze and a thing's own colour have equal parts
constexpr Colour3 haze{0.78, 0.82, 0.88};
constexpr Point3 towards_light{-0.48, -0.8, -0.36}; // of length 1

/// Where a ray meets something, and how that faces.
struct Meeting {
    double depth;
    Point3 normal;
};

double dot(const Point3& a, const Point3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// Rays begin at the camera and go one ahead: a point's parameter is its depth. 0: missed.
Meeting meet_ball(const Solid& ball, const Point3& ray) {
    const double along = dot(ray, ball.centre), length = dot(ray, ray);
    const double outside = dot(ball.centre, ball.centre) - ball.half[0] * ball.half[0];
    const double root = along * along - length * outside;
    if (root <= 0) {
        return {0, {}};
    }
    const double depth = (along - std::sqrt(root)) / length;
    Point3 normal{};
    for (std::size_t k = 0; k < 3; ++k) {
        normal[k] = (depth * ray[k] - ball.centre[k]) / ball.half[0];
    }
    return {depth, normal};
}

Meeting meet_box(const Solid& box, const Point3& ray) {
    double enters = 0, leaves = farthest_wall;
    Point3 normal{};
    for (std::size_t k = 0; k < 3; ++k) {
        const double low = box.centre[k] - box.half[k], high = box.centre[k] + box.half[k];
        if (ray[k] == 0) {
            if (low > 0 || high < 0) {
                return {0, {}};
            }
            continue;
        }
        const double first = (ray[k] > 0 ? low : high) / ray[k], last = (ray[k] > 0 ? high : low) / ray[k];
        if (first > enters) {
            enters = first;
            normal = {};
            normal[k] = ray[k] > 0 ? -1 : 1;
        }
        leaves = std::min(leaves, last);
    }
    return {enters <= leaves ? enters : 0, normal};
}

bool odd_cell(double at, double period) {
    const double cells = at / period;
    return cells - 2 * std::floor(cells / 2) >= 1;
}

const Colour3& colour_at(const Chequers& paint, double u, double v) {
    return odd_cell(u, paint.period) != odd_cell(v, paint.period) ? paint.second : paint.first;
}

/// Where a solid is painted: around its axis for what faces sideways, on top by its place.
const Colour3& paint_of(const Solid& solid, const Point3& point, const Point3& normal) {
    const double right = point[0] - solid.centre[0], down = point[1] - solid.centre[1],
                 ahead = point[2] - solid.centre[2];
    if (std::abs(normal[1]) > 0.7) {
        return colour_at(solid.paint, right, ahead);
    }
    return colour_at(solid.paint, std::abs(normal[0]) > 0.7 ? ahead : right, down);
}

Sighting shaded(const Colour3& paint, double depth, const Point3& normal) {
    const double light = ambient + (1 - ambient) * std::max(0.0, dot(normal, towards_light));
    const double hazy = depth / (depth + half_hazy);
    Sighting seen{depth, {}};
    for (std::size_t c = 0; c < 3; ++c) {
        seen.colour[c] = light * paint[c] + hazy * (haze[c] - light * paint[c]);
    }
    return seen;
}

Colour3 draw_colour(support::Rng& rng) {
    return {0.1 + 0.9 * rng.uniform(), 0.1 + 0.9 * rng.uniform(), 0.1 + 0.9 * rng.uniform()};
}

double draw_between(support::Rng& rng, double low, double high) { return low + (high - low) * rng.uniform(); }

Chequers draw_chequers(support::Rng& rng, double period) {
    Chequers paint{draw_colour(rng), {}, period};
    const double share = draw_between(rng, 0.4, 0.8); // of brightness that the other colour keeps
    for (std::size_t c = 0; c < 3; ++c) {
        paint.second[c] = share * paint.first[c];
    }
    return paint;
}

Solid draw_solid(support::Rng& rng, const DepthScene& scene) {
    Solid solid;
    solid.kind = static_cast<SolidKind>(rng.below(3));
    const double size = draw_between(rng, 0.25, 0.6);
    solid.half = {size, size, size};
    if (solid.kind != SolidKind::ball) {
        solid.half[1] = size * draw_between(rng, 0.6, 1.6);
        solid.half[2] = solid.kind == SolidKind::board ? 0 : size;
    }
    const double ahead = 1 / draw_between(rng, 1 / farthest_solid, 1 / nearest_solid);
    const double aside = ahead / focal * draw_between(rng, -0.5, 0.5); // its middle is in the picture
    solid.centre = {aside, scene.camera_height - solid.half[1], ahead + solid.half[2]};
    solid.paint = draw_chequers(rng, draw_between(rng, 0.15, 0.4));
    return solid;
}

} // namespace

DepthScene compose_depth_scene(support::Rng& rng) {
    DepthScene scene;
    scene.camera_height = draw_between(rng, 0.8, 1.3);
    scene.horizon = draw_between(rng, -0.2, 0.1);
    scene.wall = draw_between(rng, nearest_wall, farthest_wall);
    scene.floor = draw_chequers(rng, 1);
    scene.backdrop = draw_chequers(rng, 2);
    const auto count = 2 + rng.below(5);
    for (std::uint64_t i = 0; i < count; ++i) {
        scene.solids.push_back(draw_solid(rng, scene));
    }
    return scene;
}

Sighting look(const DepthScene& scene, double x, double y) {
    const Point3 ray{x / focal, (y - scene.horizon) / focal, 1};
    const auto at = [&](double depth) { return Point3{depth * ray[0], depth * ray[1], depth}; };
    const bool down = ray[1] * scene.wall > scene.camera_height;
    double depth = down ? scene.camera_height / ray[1] : scene.wall;
    Point3 normal = down ? Point3{0, -1, 0} : Point3{0, 0, -1};
    const Solid* nearest = nullptr;
    for (const Solid& solid : scene.solids) {
        const Meeting met = solid.kind == SolidKind::ball ? meet_ball(solid, ray) : meet_box(solid, ray);
        if (met.depth > 0 && met.depth < depth) {
            depth = met.depth;
            normal = met.normal;
            nearest = &solid;
        }
    }
    const Point3 point = at(depth);
    if (nearest != nullptr) {
        return shaded(paint_of(*nearest, point, normal), depth, normal);
    }
    return shaded(down ? colour_at(scene.floor, point[0], point[2])
                       : colour_at(scene.backdrop, point[0], point[1]),
                  depth, normal);
}

void render_depth_scene(const DepthScene& scene, std::int64_t channels, std::int64_t size, support::Rng& rng,
                        std::uint8_t* planes, float* depths) {
    const auto pixels = static_cast<double>(size);
    for (std::int64_t row = 0; row < size; ++row) {
        for (std::int64_t column = 0; column < size; ++column, ++planes) {
            const double x = (static_cast<double>(column) + 0.5) / pixels - 0.5,
                         y = (static_cast<double>(row) + 0.5) / pixels - 0.5;
            Sighting seen = look(scene, x, y);
            *depths++ = static_cast<float>(seen.depth);
            if (channels == 1) {
                seen.colour[0] = 0.299 * seen.colour[0] + 0.587 * seen.colour[1] + 0.114 * seen.colour[2];
            }
            for (std::int64_t c = 0; c < channels; ++c) {
                // The sum of three uniform values is nearly normal and has a standard deviation of 1/2.
                const double noise =
                    noise_of_pixels * 2 * (rng.uniform() + rng.uniform() + rng.uniform() - 1.5);
                const double value = seen.colour[static_cast<std::size_t>(c)] + noise;
                planes[c * size * size] =
                    static_cast<std::uint8_t>(std::clamp(value * 255 + 0.5, 0.0, 255.0));
            }
        }
    }
}

} // namespace tessera::training
