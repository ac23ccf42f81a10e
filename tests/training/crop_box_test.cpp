#include "training/crop_box.h"

#include <cmath>

#include <gmock/gmock.h>

namespace tessera::training {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

std::vector<CropBox> draw(int count, std::int64_t height, std::int64_t width, const CropRange& range) {
    support::Rng rng(1);
    std::vector<CropBox> boxes;
    for (int i = 0; i < count; ++i) {
        boxes.push_back(draw_crop_box(rng, height, width, range));
    }
    return boxes;
}

TEST(CropBox, LiesWithinItsRange) {
    double area = 0, log_ratio = 0, top = 0;
    const int count = 4000;
    for (const auto& box : draw(count, 300, 400, {0.2, 0.4, 0.5, 2})) {
        EXPECT_GE(box.top, 0);
        EXPECT_GE(box.left, 0);
        EXPECT_LE(box.top + box.height, 300);
        EXPECT_LE(box.left + box.width, 400);
        const auto h = static_cast<double>(box.height), w = static_cast<double>(box.width);
        EXPECT_GE(h * w, 0.19 * 120000);
        EXPECT_LE(h * w, 0.41 * 120000);
        EXPECT_GE(w / h, 0.49);
        EXPECT_LE(w / h, 2.04);
        area += h * w / 120000 / count;
        log_ratio += std::log(w / h) / count;
        top += static_cast<double>(box.top) / static_cast<double>(300 - box.height + 1) / count;
    }
    EXPECT_NEAR(area, 0.3, 0.01);
    EXPECT_NEAR(log_ratio, 0, 0.05);
    EXPECT_NEAR(top, 0.5, 0.03);
}

TEST(CropBox, OfTheWholeAreaIsTheWholeImage) {
    EXPECT_THAT(draw(20, 30, 30, {1, 1, 1, 1}), Each(CropBox{0, 0, 30, 30}));
}

TEST(CropBox, WhereNothingFitsIsTheCentreInTheNearestProportions) {
    EXPECT_THAT(draw(3, 10, 100, {1, 1, 0.5, 2}), Each(CropBox{0, 40, 10, 20}));
    EXPECT_THAT(draw(3, 100, 10, {1, 1, 0.5, 2}), Each(CropBox{40, 0, 20, 10}));
    EXPECT_THAT(draw(3, 7, 1, {1, 1, 1, 1}), Each(CropBox{3, 0, 1, 1}));
}

TEST(CropBox, IsTheSameOnEveryMachine) {
    EXPECT_THAT(draw(2, 37, 37, {}), ElementsAre(CropBox{4, 5, 31, 32}, CropBox{2, 9, 35, 28}));
}

/// One plane, not normalised.
std::vector<float> resample(const std::vector<std::uint8_t>& plane, std::int64_t height, std::int64_t width,
                            const CropBox& box, std::int64_t out_height, std::int64_t out_width,
                            bool mirrored = false) {
    std::vector<float> out(static_cast<std::size_t>(out_height * out_width));
    const std::vector<float> gain{1}, shift{0};
    BoxResampler().write(plane.data(), height, width, box, out_height, out_width, mirrored, gain, shift,
                         out.data());
    return out;
}

TEST(BoxResampler, OfTheSameSizeCopies) {
    const std::vector<std::uint8_t> plane{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; // 3 x 4
    EXPECT_THAT(resample(plane, 3, 4, {1, 1, 2, 3}, 2, 3), ElementsAre(6, 7, 8, 10, 11, 12));
    EXPECT_THAT(resample(plane, 3, 4, {1, 1, 2, 3}, 2, 3, true), ElementsAre(8, 7, 6, 12, 11, 10));
}

TEST(BoxResampler, InterpolatesWithinTheBoxOnly) {
    const std::vector<std::uint8_t> plane{255, 0, 100, 255};
    EXPECT_THAT(resample(plane, 1, 4, {0, 1, 1, 2}, 1, 4), Pointwise(FloatNear(1e-4F), {0, 25, 75, 100}));
}

TEST(BoxResampler, ShrinkingAverages) {
    // Weights 3, 3, 1 and 1, 3, 3 of 7: what lies outside counts for nothing.
    const std::vector<std::uint8_t> plane{70, 0, 0, 70};
    EXPECT_THAT(resample(plane, 1, 4, {0, 0, 1, 4}, 1, 2), Pointwise(FloatNear(1e-4F), {30, 30}));
}

TEST(BoxResampler, NormalisesEachChannelAndInterleavesThem) {
    const std::vector<std::uint8_t> planes{10, 20, 110, 120}; // two planes of 1 x 2
    const std::vector<float> gain{0.5F, 2}, shift{1, -100};
    std::vector<float> out(4);
    BoxResampler().write(planes.data(), 1, 2, {0, 0, 1, 2}, 1, 2, false, gain, shift, out.data());
    EXPECT_THAT(out, ElementsAre(6, 120, 11, 140));
}

} // namespace
} // namespace tessera::training
