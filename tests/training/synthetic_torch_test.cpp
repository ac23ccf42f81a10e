#include "training/datasets/synthetic.h"

#include <gmock/gmock.h>
#include <tbb/global_control.h>

#include "support/hash.h"
#include "tests/training/data_helpers.h"
#include "training/datasets/scene.h"

namespace tessera::training {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SyntheticOptions small() {
    SyntheticOptions options;
    options.train = 40;
    options.test = 20;
    return options;
}

TEST(Synthetic, ShapesAndLabels) {
    const auto raw = synthesize(small());
    EXPECT_EQ(raw.train.images.sizes(), (std::vector<std::int64_t>{40, 3, 16, 16}));
    EXPECT_EQ(raw.train.labels[13].item<std::int64_t>(), 3);
    EXPECT_EQ(raw.test.size(), 20);
    EXPECT_THAT(raw.classes,
                ElementsAre("plain disk", "plain square", "plain triangle", "plain cross", "plain ring",
                            "rows disk", "rows square", "rows triangle", "rows cross", "rows ring"));
}

TEST(Synthetic, AreTheSameEverywhere) {
    const auto raw = synthesize(small());
    const std::string bytes(static_cast<const char*>(raw.train.images.data_ptr()), raw.train.images.nbytes());
    EXPECT_EQ(support::content_hash(bytes), "97bb63a42f9c92ea");
}

TEST(Synthetic, DependNeitherOnThreadsNorOnTheirNumber) {
    auto options = small();
    const auto many = synthesize(options);
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    options.train = 7;
    const auto few = synthesize(options);
    EXPECT_TRUE(torch::equal(many.train.images.slice(0, 0, 7), few.train.images));
}

TEST(Synthetic, SeedsAndSplitsDiffer) {
    auto options = small();
    const auto first = synthesize(options);
    EXPECT_FALSE(torch::equal(first.train.images.slice(0, 0, 20), first.test.images));
    options.seed = 2;
    EXPECT_FALSE(torch::equal(first.train.images, synthesize(options).train.images));
}

TEST(Synthetic, EverySizeChannelAndClass) {
    auto options = small();
    options.size = 64;
    options.channels = 1;
    options.classes = 20;
    const auto raw = synthesize(options);
    EXPECT_EQ(raw.train.images.sizes(), (std::vector<std::int64_t>{40, 1, 64, 64}));
    EXPECT_EQ(raw.classes.back(), "checks ring");
    EXPECT_EQ(raw.train.labels.max().item<std::int64_t>(), 19);
    options.classes = 21;
    EXPECT_THAT(message_of<support::UsageError>([&] { synthesize(options); }), HasSubstr("2..20 classes"));
}

TEST(Scene, DistancesFromOutlines) {
    EXPECT_DOUBLE_EQ(outline_distance(ShapeKind::disk, 0, 0), -0.95);
    EXPECT_DOUBLE_EQ(outline_distance(ShapeKind::square, 0.85, -0.3), 0);
    EXPECT_LT(outline_distance(ShapeKind::triangle, 0, -1.1), 0); // one corner points up
    EXPECT_GT(outline_distance(ShapeKind::triangle, 0, 0.6), 0);
    EXPECT_LT(outline_distance(ShapeKind::cross, 0, 0.9), 0);
    EXPECT_GT(outline_distance(ShapeKind::cross, 0.5, 0.5), 0);
    EXPECT_GT(outline_distance(ShapeKind::ring, 0, 0), 0);
    EXPECT_LT(outline_distance(ShapeKind::ring, 0, 0.72), 0);
}

TEST(Scene, PaintsNearerShapesOverFartherOnes) {
    Scene scene;
    Shape far, near;
    far.radius = near.radius = 0.4;
    far.kind = near.kind = ShapeKind::square;
    far.first = {1, 0, 0};
    near.first = {0, 0, 1};
    near.x = 1;
    scene.shapes = {far, near};
    support::Rng rng(1);
    std::vector<std::uint8_t> planes(3 * 8 * 8);
    paint_scene(scene, 3, 8, rng, planes.data());
    const auto pixel = [&](std::size_t y, std::size_t x) {
        return std::vector<int>{planes[y * 8 + x], planes[64 + y * 8 + x], planes[128 + y * 8 + x]};
    };
    EXPECT_THAT(pixel(4, 2), ElementsAre(255, 0, 0));
    EXPECT_THAT(pixel(4, 6), ElementsAre(0, 0, 255));
    EXPECT_THAT(pixel(0, 0), ElementsAre(0, 0, 0));
}

TEST(Scene, RowsLieLevelWhateverTheTurn) {
    Scene scene;
    Shape shape;
    shape.kind = ShapeKind::square;
    shape.radius = 1;
    shape.fill = FillKind::rows;
    shape.period = 0.5;
    shape.turn_cos = 0.6;
    shape.turn_sin = 0.8;
    shape.second = {1, 1, 1};
    scene.shapes = {shape};
    support::Rng rng(1);
    std::vector<std::uint8_t> planes(8 * 8);
    paint_scene(scene, 1, 8, rng, planes.data());
    for (std::size_t y = 2; y < 6; ++y) {
        for (std::size_t x = 3; x < 6; ++x) {
            EXPECT_EQ(planes[y * 8 + x], planes[y * 8 + 2]);
        }
    }
    EXPECT_NE(planes[4 * 8 + 4], planes[2 * 8 + 4]);
}

} // namespace
} // namespace tessera::training
