#include "training/datasets/synthetic_depth.h"

#include <gmock/gmock.h>
#include <tbb/global_control.h>

#include "support/hash.h"
#include "tests/training/data_helpers.h"
#include "training/batches.h"

namespace tessera::training {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SyntheticDepthOptions small_scenes() {
    SyntheticDepthOptions options;
    options.train = 20;
    options.test = 10;
    options.size = 24;
    return options;
}

std::string hash_of(const torch::Tensor& tensor) {
    return support::content_hash(std::string(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()));
}

TEST(SyntheticDepth, ShapesLabelsAndRanges) {
    const auto raw = synthesize_depth(small_scenes());
    EXPECT_EQ(raw.train.images.sizes(), (std::vector<std::int64_t>{20, 3, 24, 24}));
    EXPECT_EQ(raw.train.targets.sizes(), (std::vector<std::int64_t>{20, 1, 24, 24}));
    EXPECT_EQ(raw.test.size(), 10);
    EXPECT_EQ(raw.train.labels.sum().item<std::int64_t>(), 0);
    EXPECT_THAT(raw.classes, ElementsAre("depth"));
    EXPECT_GT(raw.train.targets.min().item<float>(), 0.7F);
    EXPECT_LE(raw.train.targets.max().item<float>(), 14.0F);
    auto grey = small_scenes();
    grey.channels = 1;
    const auto plain = synthesize_depth(grey);
    EXPECT_EQ(plain.train.images.sizes(), (std::vector<std::int64_t>{20, 1, 24, 24}));
    EXPECT_TRUE(torch::equal(plain.train.targets, raw.train.targets));
}

TEST(SyntheticDepth, AreTheSameEverywhere) {
    const auto raw = synthesize_depth(small_scenes());
    EXPECT_EQ(hash_of(raw.train.images), "55e4dbbdca04bc7e");
    EXPECT_EQ(hash_of(raw.train.targets), "fa735f9f548f4525");
}

TEST(SyntheticDepth, DependNeitherOnThreadsNorOnTheirNumber) {
    auto options = small_scenes();
    const auto many = synthesize_depth(options);
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    options.train = 7;
    const auto few = synthesize_depth(options);
    EXPECT_TRUE(torch::equal(many.train.images.slice(0, 0, 7), few.train.images));
    EXPECT_TRUE(torch::equal(many.train.targets.slice(0, 0, 7), few.train.targets));
}

TEST(SyntheticDepth, SeedsAndSplitsDiffer) {
    auto options = small_scenes();
    const auto first = synthesize_depth(options);
    EXPECT_FALSE(torch::equal(first.train.targets.slice(0, 0, 10), first.test.targets));
    options.seed = 2;
    EXPECT_FALSE(torch::equal(first.train.targets, synthesize_depth(options).train.targets));
}

DataOptions scene_options() {
    DataOptions options;
    options.kind = DatasetKind::synthetic_depth;
    options.synthetic_train = 50;
    options.synthetic_test = 10;
    options.synthetic_size = 16;
    options.validation = 0.2;
    return options;
}

TEST(SyntheticDepth, SplitsKeepImagesAndTargetsTogether) {
    const Datasets data = load_datasets(scene_options(), 3, 16, 16, 1);
    EXPECT_EQ(data.train.size(), 40);
    EXPECT_EQ(data.train.targets.size(0), 40);
    EXPECT_EQ(data.validation.targets.sizes(), (std::vector<std::int64_t>{10, 1, 16, 16}));
    EXPECT_THAT(data.description, HasSubstr("synthetic scenes with depths"));
    EXPECT_TRUE(data.preprocessing().depths);
    const auto raw = synthesize_depth({50, 10, 16, 3, 1});
    for (std::int64_t i = 0, found = 0; i < 50 && found < 10; ++i) { // validation keeps the images' order
        if (torch::equal(raw.train.images[i], data.validation.images[found])) {
            EXPECT_TRUE(torch::equal(raw.train.targets[i], data.validation.targets[found]));
            ++found;
        }
        EXPECT_TRUE(i < 49 || found == 10);
    }
    const Dataset first = data.test.first(3);
    EXPECT_EQ(first.size(), 3);
    EXPECT_TRUE(torch::equal(first.targets, data.test.targets.slice(0, 0, 3)));
}

TEST(SyntheticDepth, BatchesMoveTargetsWithTheirImages) {
    Dataset data;
    data.images = torch::randint(0, 256, {40, 1, 9, 11}, torch::kUInt8);
    data.labels = torch::zeros({40}, torch::kInt64);
    data.targets = data.images.to(torch::kFloat32) + 1;
    data.crop_height = 6; // a part of the image, at a random place
    data.crop_width = 7;
    const Normalisation bytes{{0}, {1.0 / 255}};
    AugmentOptions augment;
    augment.pad = 0;
    std::vector<std::int64_t> rows(40);
    std::iota(rows.begin(), rows.end(), 0);
    for (const AugmentOptions* changes : std::vector<const AugmentOptions*>{nullptr, &augment}) {
        const Batch batch = make_batch(data, rows, bytes, changes, 5);
        EXPECT_EQ(batch.targets.sizes(), (std::vector<std::int64_t>{40, 1, 6, 7}));
        EXPECT_TRUE(torch::allclose(batch.images + 1, batch.targets, 1e-5, 1e-3));
    }
    data.crop_height = data.crop_width = 0;
    const Batch flipped = make_batch(data, rows, bytes, &augment, 5);
    EXPECT_TRUE(torch::allclose(flipped.images + 1, flipped.targets, 1e-5, 1e-3));
    std::int64_t mirrored = 0;
    for (std::int64_t i = 0; i < 40; ++i) {
        mirrored += torch::equal(flipped.targets[i], data.targets[i].flip({2})) ? 1 : 0;
    }
    EXPECT_GT(mirrored, 8);
    EXPECT_LT(mirrored, 32);
    augment.cutout = 4;
    const Batch cut = make_batch(data, rows, bytes, &augment, 5);
    EXPECT_TRUE(torch::equal(cut.targets.sum(), cut.targets.nansum())) << "a target is there all the same";
    EXPECT_FALSE(torch::allclose(cut.images + 1, cut.targets, 1e-5, 1e-3));
}

TEST(SyntheticDepth, WhatIsPaddedOrScaledHasNoTarget) {
    Dataset data;
    data.images = torch::randint(0, 256, {20, 1, 8, 8}, torch::kUInt8);
    data.labels = torch::zeros({20}, torch::kInt64);
    data.targets = data.images.to(torch::kFloat32) + 1;
    std::vector<std::int64_t> rows(20);
    std::iota(rows.begin(), rows.end(), 0);
    AugmentOptions augment;
    augment.pad = 3;
    const Batch padded = make_batch(data, rows, {{0}, {1.0 / 255}}, &augment, 1);
    const torch::Tensor known = padded.targets.isfinite();
    EXPECT_TRUE(known.any().item<bool>());
    EXPECT_FALSE(known.all().item<bool>());
    EXPECT_TRUE(torch::allclose((padded.images + 1).masked_select(known), padded.targets.masked_select(known),
                                1e-5, 1e-3));
    augment.random_resized_crop = true;
    EXPECT_FALSE(
        make_batch(data, rows, {{0}, {1.0 / 255}}, &augment, 1).targets.isfinite().any().item<bool>());
}

} // namespace
} // namespace tessera::training
