#include "training/datasets/scene.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace tessera::training {
namespace {

/// Between a shape's colours and its background's: the RGB cube's diagonal is 1.73.
constexpr double contrast = 0.5;

double between(support::Rng& rng, double low, double high) { return low + (high - low) * rng.uniform(); }

Colour random_colour(support::Rng& rng) { return {rng.uniform(), rng.uniform(), rng.uniform()}; }

double distance(const Colour& a, const Colour& b) {
    double sum = 0;
    for (std::size_t c = 0; c < 3; ++c) {
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    }
    return std::sqrt(sum);
}

/// A colour with enough contrast to all the given ones, or the last of some tries.
Colour distinct_colour(support::Rng& rng, std::initializer_list<Colour> others) {
    Colour colour{};
    for (int tries = 0; tries < 32; ++tries) {
        colour = random_colour(rng);
        if (std::all_of(others.begin(), others.end(),
                        [&](const Colour& o) { return distance(o, colour) >= contrast; })) {
            break;
        }
    }
    return colour;
}

/// A random direction without trigonometric functions, whose last bit differs between C libraries.
std::pair<double, double> random_direction(support::Rng& rng) {
    for (;;) {
        const double x = between(rng, -1, 1), y = between(rng, -1, 1), length = std::sqrt(x * x + y * y);
        if (length > 0.1 && length <= 1) {
            return {x / length, y / length};
        }
    }
}

Shape distractor(support::Rng& rng) {
    Shape shape;
    shape.kind = static_cast<ShapeKind>(rng.below(2)); // disk or square
    shape.x = rng.uniform();
    shape.y = rng.uniform();
    shape.radius = between(rng, 0.05, 0.09);
    shape.first = shape.second = random_colour(rng);
    return shape;
}

} // namespace

Scene compose_scene(std::int64_t label, support::Rng& rng) {
    Scene scene;
    scene.from = random_colour(rng);
    for (auto& value : scene.to = scene.from) {
        value = std::clamp(value + between(rng, -0.3, 0.3), 0.0, 1.0);
    }
    std::tie(scene.along_x, scene.along_y) = random_direction(rng);

    Shape main;
    main.kind = static_cast<ShapeKind>(label % shape_kinds);
    main.fill = static_cast<FillKind>(label / shape_kinds);
    main.radius = between(rng, 0.28, 0.40);
    main.x = between(rng, 0.9 * main.radius, 1 - 0.9 * main.radius);
    main.y = between(rng, 0.9 * main.radius, 1 - 0.9 * main.radius);
    const double half_tangent = between(rng, -0.19, 0.19); // 21.5 degrees either way
    main.turn_cos = (1 - half_tangent * half_tangent) / (1 + half_tangent * half_tangent);
    main.turn_sin = 2 * half_tangent / (1 + half_tangent * half_tangent);
    main.period = between(rng, 0.22, 0.30);
    main.phase = rng.uniform();
    main.first = distinct_colour(rng, {scene.from, scene.to});
    main.second =
        main.fill == FillKind::solid ? main.first : distinct_colour(rng, {scene.from, scene.to, main.first});
    scene.shapes.push_back(distractor(rng));
    scene.shapes.push_back(main);
    scene.shapes.push_back(distractor(rng));
    scene.noise = between(rng, 0.01, 0.05);
    return scene;
}

} // namespace tessera::training
