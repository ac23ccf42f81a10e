#include <algorithm>
#include <cmath>

#include "training/datasets/scene.h"

namespace tessera::training {
namespace {

/// True where the fill shows its second colour at (x, y).
bool second_colour(const Shape& shape, double x, double y) {
    const auto odd = [&](double at) { return at - std::floor(at) >= 0.5; };
    const double across = x / shape.period + shape.phase, down = y / shape.period + shape.phase;
    switch (shape.fill) {
    case FillKind::rows:
        return odd(down);
    case FillKind::columns:
        return odd(across);
    case FillKind::checks:
        return odd(across) != odd(down);
    case FillKind::solid:
        break;
    }
    return false;
}

void paint_shape(const Shape& shape, double x, double y, double pixels, Colour& colour) {
    const double dx = (x - shape.x) / shape.radius, dy = (y - shape.y) / shape.radius;
    const double u = dx * shape.turn_cos + dy * shape.turn_sin, v = dy * shape.turn_cos - dx * shape.turn_sin;
    const double covered =
        std::clamp(0.5 - outline_distance(shape.kind, u, v) * shape.radius * pixels, 0.0, 1.0);
    const auto& fill = second_colour(shape, x - shape.x, y - shape.y) ? shape.second : shape.first;
    for (std::size_t c = 0; c < 3; ++c) {
        colour[c] += covered * (fill[c] - colour[c]);
    }
}

} // namespace

double outline_distance(ShapeKind kind, double u, double v) {
    const double length = std::sqrt(u * u + v * v), across = std::abs(u), along = std::abs(v);
    switch (kind) {
    case ShapeKind::disk:
        return length - 0.95;
    case ShapeKind::square:
        return std::max(across, along) - 0.85;
    case ShapeKind::triangle:
        return std::max(0.8660254 * across - 0.5 * v, v) - 0.58;
    case ShapeKind::cross:
        return std::min(std::max(across - 1, along - 0.33), std::max(across - 0.33, along - 1));
    case ShapeKind::ring:
        return std::abs(length - 0.72) - 0.28;
    }
    return 0;
}

void paint_scene(const Scene& scene, std::int64_t channels, std::int64_t size, support::Rng& rng,
                 std::uint8_t* planes) {
    const auto pixels = static_cast<double>(size);
    for (std::int64_t row = 0; row < size; ++row) {
        for (std::int64_t column = 0; column < size; ++column, ++planes) {
            const double x = (static_cast<double>(column) + 0.5) / pixels,
                         y = (static_cast<double>(row) + 0.5) / pixels;
            const double along =
                std::clamp(0.5 + (x - 0.5) * scene.along_x + (y - 0.5) * scene.along_y, 0.0, 1.0);
            Colour colour{};
            for (std::size_t c = 0; c < 3; ++c) {
                colour[c] = scene.from[c] + along * (scene.to[c] - scene.from[c]);
            }
            for (const auto& shape : scene.shapes) {
                paint_shape(shape, x, y, pixels, colour);
            }
            if (channels == 1) {
                colour[0] = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
            }
            for (std::int64_t c = 0; c < channels; ++c) {
                // The sum of three uniform values is nearly normal and has a standard deviation of 1/2.
                const double noise = scene.noise * 2 * (rng.uniform() + rng.uniform() + rng.uniform() - 1.5);
                const double value = colour[static_cast<std::size_t>(c)] + noise;
                planes[c * size * size] =
                    static_cast<std::uint8_t>(std::clamp(value * 255 + 0.5, 0.0, 255.0));
            }
        }
    }
}

} // namespace tessera::training
