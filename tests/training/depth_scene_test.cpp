#include "training/datasets/depth_scene.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace tessera::training {
namespace {

/// An empty room of one grey.
DepthScene room() {
    DepthScene scene;
    scene.camera_height = 1;
    scene.horizon = 0;
    scene.wall = 10;
    scene.floor = scene.backdrop = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, 1};
    return scene;
}

Solid solid(SolidKind kind, double aside, double ahead, double size) {
    Solid result;
    result.kind = kind;
    result.half = {size, size, kind == SolidKind::board ? 0 : size};
    result.centre = {aside, 1 - size, ahead};
    result.paint = {{1, 0, 0}, {1, 0, 0}, 1};
    return result;
}

/// Of 101 x 101 rays the share that meets a solid, and the lowest row where one does.
struct Seen {
    int rays = 0;
    double lowest = -1;
};

Seen seen(const DepthScene& scene) {
    DepthScene empty = scene;
    empty.solids.clear();
    Seen result;
    for (int row = 0; row <= 100; ++row) {
        for (int column = 0; column <= 100; ++column) {
            const double x = 0.01 * column - 0.5, y = 0.01 * row - 0.5;
            if (look(scene, x, y).depth < look(empty, x, y).depth) {
                ++result.rays;
                result.lowest = y;
            }
        }
    }
    return result;
}

TEST(DepthScene, FloorAndWallByHand) {
    const DepthScene scene = room();
    EXPECT_DOUBLE_EQ(look(scene, 0, 0.5).depth, 1.6);     // 1 * 0.8 / 0.5
    EXPECT_DOUBLE_EQ(look(scene, -0.3, 0.25).depth, 3.2); // wherever it is aside
    EXPECT_DOUBLE_EQ(look(scene, 0, 0.04).depth, 10);     // 20 away, behind the wall
    EXPECT_DOUBLE_EQ(look(scene, 0.4, -0.5).depth, 10);
    DepthScene tilted = room();
    tilted.horizon = 0.1;
    EXPECT_DOUBLE_EQ(look(tilted, 0, 0.5).depth, 2);
}

TEST(DepthScene, SolidsByHand) {
    DepthScene scene = room();
    scene.solids = {solid(SolidKind::ball, 0, 4, 1)}; // its middle is straight ahead
    EXPECT_DOUBLE_EQ(look(scene, 0, 0).depth, 3);
    // A ray of slope 0.25: 1.0625 t^2 - 8 t + 15 = 0.
    EXPECT_NEAR(look(scene, 0.2, 0).depth, (8 - std::sqrt(64 - 63.75)) / 2.125, 1e-12);
    EXPECT_DOUBLE_EQ(look(scene, 0.21, 0).depth, 10); // past it
    scene.solids = {solid(SolidKind::box, 0, 4, 1)};
    EXPECT_DOUBLE_EQ(look(scene, 0, 0).depth, 3);
    EXPECT_DOUBLE_EQ(look(scene, 0.26, 0).depth, 3); // 0.8 / 3 = 0.2667 is its edge
    EXPECT_DOUBLE_EQ(look(scene, 0.27, 0).depth, 10);
    scene.solids = {
        solid(SolidKind::box, 2, 4, 1)}; // its left side is seen from 0.2 on, its front from 0.267
    EXPECT_DOUBLE_EQ(look(scene, 0.25, 0).depth, 1 / 0.3125);
    EXPECT_DOUBLE_EQ(look(scene, 0.3, 0).depth, 3);
    scene.solids = {solid(SolidKind::board, 0, 5, 1)};
    EXPECT_DOUBLE_EQ(look(scene, 0, 0).depth, 5);
    EXPECT_DOUBLE_EQ(look(scene, 0, 0.3).depth, 0.8 / 0.3); // the floor before it
}

TEST(DepthScene, NearerThingsAreLargerLowerAndBeforeOthers) {
    for (const SolidKind kind : {SolidKind::ball, SolidKind::box, SolidKind::board}) {
        DepthScene near = room(), far = room(), both = room();
        near.solids = {solid(kind, 0, 3, 0.5)};
        far.solids = {solid(kind, 0, 6, 0.5)};
        both.solids = {far.solids[0], near.solids[0]};
        const Seen large = seen(near), small = seen(far);
        EXPECT_GT(large.rays, 3 * small.rays);
        EXPECT_GT(small.rays, 20);
        EXPECT_GT(large.lowest, small.lowest + 0.05);
        EXPECT_EQ(look(both, 0, 0.1).depth, look(near, 0, 0.1).depth) << "whatever their order";
    }
}

TEST(DepthScene, HazePalesWithDepth) {
    DepthScene near = room(), far = room();
    near.solids = {solid(SolidKind::board, 0, 2, 0.9)};
    far.solids = {solid(SolidKind::board, 0, 8, 0.9)};
    const auto a = look(near, 0, 0).colour, b = look(far, 0, 0).colour;
    EXPECT_GT(a[0] - a[2], b[0] - b[2]); // less red than it was
    EXPECT_LT(a[2], b[2]);
}

TEST(DepthScene, ComposedScenesKeepTheirRanges) {
    std::size_t least = 100, most = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        support::Rng rng(seed);
        const DepthScene scene = compose_depth_scene(rng);
        least = std::min(least, scene.solids.size());
        most = std::max(most, scene.solids.size());
        for (const Solid& one : scene.solids) {
            EXPECT_NEAR(one.centre[1] + one.half[1], scene.camera_height, 1e-12) << "stands on the floor";
            EXPECT_GE(one.centre[2] - one.half[2], nearest_solid - 1e-9);
            EXPECT_LE(one.centre[2] - one.half[2], farthest_solid + 1e-9);
        }
        std::vector<std::uint8_t> planes(3 * 9 * 9);
        std::vector<float> depths(9 * 9);
        render_depth_scene(scene, 3, 9, rng, planes.data(), depths.data());
        for (const float depth : depths) {
            EXPECT_GT(depth, 0.7F);
            EXPECT_LE(depth, 14.0F);
        }
    }
    EXPECT_EQ(least, 2U);
    EXPECT_EQ(most, 6U);
}

} // namespace
} // namespace tessera::training
