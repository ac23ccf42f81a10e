#include "training/batches.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include <gmock/gmock.h>

#include "tests/training/data_helpers.h"

namespace tessera::training {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// `count` images of `channels` x 4 x 5 with all pixels different.
Dataset numbered(std::int64_t count, std::int64_t channels = 3) {
    return {torch::arange(count * channels * 20)
                .remainder(251)
                .to(torch::kUInt8)
                .reshape({count, channels, 4, 5}),
            torch::arange(count) * 10};
}

const Normalisation plain{{0, 0, 0}, {1, 1, 1}};

AugmentOptions none() { return {false, 0, 0}; }

TEST(EpochOrder, IsAPermutationOfItsOwnForEachEpoch) {
    auto order = epoch_order(100, 7, 3);
    EXPECT_EQ(order, epoch_order(100, 7, 3));
    EXPECT_NE(order, epoch_order(100, 7, 4));
    EXPECT_NE(order, epoch_order(100, 8, 3));
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order.front(), 0);
    EXPECT_EQ(order.back(), 99);
    EXPECT_EQ(std::adjacent_find(order.begin(), order.end()), order.end());
    EXPECT_THAT(epoch_order(8, 1, 1), ElementsAre(7, 0, 1, 5, 3, 4, 2, 6)); // on every machine
    EXPECT_TRUE(epoch_order(0, 1, 1).empty());
}

TEST(MakeBatch, NormalisesInTheOrderAskedFor) {
    const auto data = numbered(3);
    const Normalisation normalisation{{0.1, 0.2, 0.3}, {0.5, 0.25, 2}};
    const std::vector<std::int64_t> rows{2, 0};
    const auto batch = make_batch(data, rows, normalisation);
    EXPECT_THAT(values(batch.labels), ElementsAre(20, 0));
    EXPECT_TRUE(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
    const auto mean = torch::tensor({0.1, 0.2, 0.3}, torch::kFloat64).view({1, 3, 1, 1});
    const auto deviation = torch::tensor({0.5, 0.25, 2.0}, torch::kFloat64).view({1, 3, 1, 1});
    const auto picked = data.images.index_select(0, torch::tensor(rows, torch::kInt64));
    const auto expected = (picked.to(torch::kFloat64) / 255 - mean) / deviation;
    EXPECT_TRUE(torch::allclose(batch.images.to(torch::kFloat64), expected, 0, 1e-6));
}

TEST(MakeBatch, OneChannelIsChannelsLastToo) {
    const std::vector<std::int64_t> rows{0, 1};
    const auto batch = make_batch(numbered(2, 1), rows, {{0}, {1}});
    EXPECT_THAT(batch.images.strides(), ElementsAre(20, 1, 5, 1));
    EXPECT_TRUE(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(MakeBatch, AugmentationDependsOnRowAndSeedAlone) {
    const auto data = numbered(50);
    const AugmentOptions options{true, 2, 2};
    std::vector<std::int64_t> rows(50);
    std::iota(rows.begin(), rows.end(), 0);
    const auto all = make_batch(data, rows, plain, &options, 11).images;
    const std::vector<std::int64_t> some{31, 4, 31};
    const auto few = make_batch(data, some, plain, &options, 11).images;
    EXPECT_TRUE(torch::equal(few[0], all[31]));
    EXPECT_TRUE(torch::equal(few[1], all[4]));
    EXPECT_TRUE(torch::equal(few[2], all[31]));
    EXPECT_FALSE(torch::equal(all, make_batch(data, rows, plain, &options, 12).images));
}

TEST(MakeBatch, LeavesTheGlobalGeneratorAlone) {
    const AugmentOptions options{true, 2, 2};
    const std::vector<std::int64_t> rows{0, 1, 2};
    torch::manual_seed(3);
    const auto expected = torch::rand({4});
    torch::manual_seed(3);
    make_batch(numbered(3), rows, plain, &options, 1);
    EXPECT_TRUE(torch::equal(torch::rand({4}), expected));
}

TEST(MakeBatch, FlipsAboutHalfOfTheImages) {
    const auto data = numbered(200);
    auto options = none();
    options.flip = true;
    std::vector<std::int64_t> rows(200);
    std::iota(rows.begin(), rows.end(), 0);
    const auto before = make_batch(data, rows, plain).images,
               after = make_batch(data, rows, plain, &options, 1).images;
    int flipped = 0;
    for (std::int64_t i = 0; i < 200; ++i) {
        const bool same = torch::equal(after[i], before[i]),
                   mirrored = torch::equal(after[i], before[i].flip({2}));
        EXPECT_NE(same, mirrored) << i;
        flipped += mirrored ? 1 : 0;
    }
    EXPECT_NEAR(flipped, 100, 30);
}

TEST(MakeBatch, CropsFromThePaddedImage) {
    const auto data = numbered(100);
    auto options = none();
    options.pad = 1;
    std::vector<std::int64_t> rows(100);
    std::iota(rows.begin(), rows.end(), 0);
    const auto padded = torch::constant_pad_nd(make_batch(data, rows, plain).images, {1, 1, 1, 1});
    const auto after = make_batch(data, rows, plain, &options, 1).images;
    std::vector<int> places(9);
    for (std::int64_t i = 0; i < 100; ++i) {
        int found = 0;
        for (std::int64_t place = 0; place < 9; ++place) {
            const auto crop = padded[i].slice(1, place / 3, place / 3 + 4).slice(2, place % 3, place % 3 + 5);
            if (torch::equal(crop, after[i])) {
                ++found;
                ++places[static_cast<std::size_t>(place)];
            }
        }
        EXPECT_EQ(found, 1) << i;
    }
    EXPECT_THAT(places, ::testing::Each(::testing::Ge(3)));
}

TEST(MakeBatch, PaddingWiderThanTheImageIsTheMeanAllOver) {
    auto options = none();
    options.pad = 60;
    const std::vector<std::int64_t> rows{0, 1, 2, 3};
    const auto images = make_batch(numbered(4), rows, {{0.5, 0.5, 0.5}, {1, 1, 1}}, &options, 1).images;
    EXPECT_LE((images != 0).sum().item<std::int64_t>(), 4 * 60);
}

TEST(MakeBatch, CutsASquareOut) {
    const Dataset data{torch::full({100, 3, 8, 8}, 200, torch::kUInt8), torch::zeros({100}, torch::kInt64)};
    auto options = none();
    options.cutout = 3;
    std::vector<std::int64_t> rows(100);
    std::iota(rows.begin(), rows.end(), 0);
    const auto images = make_batch(data, rows, plain, &options, 1).images;
    const auto cut = (images == 0).to(torch::kInt64);
    EXPECT_TRUE(torch::equal(cut.select(1, 0), cut.select(1, 2)));
    const auto areas = cut.select(1, 0).sum({1, 2});
    EXPECT_EQ(areas.max().item<std::int64_t>(), 9);
    EXPECT_GE(areas.min().item<std::int64_t>(), 4); // in a corner
    const auto rows_cut = std::get<0>(cut.select(1, 0).max(2)).sum(1),
               columns_cut = std::get<0>(cut.select(1, 0).max(1)).sum(1);
    EXPECT_TRUE(torch::equal(areas, rows_cut * columns_cut)); // a rectangle
}

/// As numbered(), of which 2 x 3 are wanted.
Dataset with_margin(std::int64_t count) {
    auto data = numbered(count);
    data.crop_height = 2;
    data.crop_width = 3;
    return data;
}

TEST(MakeBatch, EvaluationCutsOutTheCentre) {
    const std::vector<std::int64_t> rows{1};
    const auto images = make_batch(with_margin(2), rows, plain).images;
    EXPECT_THAT(images.sizes(), ElementsAre(1, 3, 2, 3));
    EXPECT_TRUE(images.is_contiguous(at::MemoryFormat::ChannelsLast));
    const auto whole = make_batch(numbered(2), rows, plain).images;
    EXPECT_TRUE(torch::equal(images, whole.slice(2, 1, 3).slice(3, 1, 4)));
}

TEST(MakeBatch, TrainingCutsOutAnyPlaceOfTheMargin) {
    std::vector<std::int64_t> rows(100);
    std::iota(rows.begin(), rows.end(), 0);
    const auto options = none();
    const auto whole = make_batch(numbered(100), rows, plain).images;
    const auto after = make_batch(with_margin(100), rows, plain, &options, 1).images;
    std::vector<int> places(9);
    for (std::int64_t i = 0; i < 100; ++i) {
        int found = 0;
        for (std::int64_t place = 0; place < 9; ++place) {
            const auto crop = whole[i].slice(1, place / 3, place / 3 + 2).slice(2, place % 3, place % 3 + 3);
            if (torch::equal(crop, after[i])) {
                ++found;
                ++places[static_cast<std::size_t>(place)];
            }
        }
        EXPECT_EQ(found, 1) << i;
    }
    EXPECT_THAT(places, ::testing::Each(::testing::Ge(3)));
}

AugmentOptions resized_crop() {
    auto options = none();
    options.random_resized_crop = true;
    return options;
}

TEST(MakeBatch, RandomResizedCropsDependOnRowAndSeedAlone) {
    const auto data = with_margin(20);
    const auto options = resized_crop();
    std::vector<std::int64_t> rows(20);
    std::iota(rows.begin(), rows.end(), 0);
    const auto all = make_batch(data, rows, plain, &options, 11).images;
    EXPECT_THAT(all.sizes(), ElementsAre(20, 3, 2, 3));
    const std::vector<std::int64_t> some{13, 4};
    const auto few = make_batch(data, some, plain, &options, 11).images;
    EXPECT_TRUE(torch::equal(few[0], all[13]));
    EXPECT_TRUE(torch::equal(few[1], all[4]));
    EXPECT_FALSE(torch::equal(all, make_batch(data, rows, plain, &options, 12).images));
}

TEST(MakeBatch, ARandomResizedCropOfAllIsTheImage) {
    auto options = resized_crop();
    options.crop = {1, 1, 1.25, 1.25};
    std::vector<std::int64_t> rows{0, 2};
    const Normalisation normalisation{{0.1, 0.2, 0.3}, {0.5, 0.25, 2}};
    EXPECT_TRUE(torch::allclose(make_batch(numbered(3), rows, normalisation, &options, 1).images,
                                make_batch(numbered(3), rows, normalisation).images, 0, 1e-5));
    options.cutout = 100;
    EXPECT_TRUE((make_batch(numbered(3), rows, normalisation, &options, 1).images == 0).any().item<bool>());
}

TEST(MakeBatch, RandomResizedCropsOfOneColourStayThatColour) {
    const Dataset data{torch::full({10, 1, 9, 7}, 200, torch::kUInt8), torch::zeros({10}, torch::kInt64), 5,
                       6};
    const auto options = resized_crop();
    const std::vector<std::int64_t> rows{0, 1, 2, 3, 4, 5};
    const auto images = make_batch(data, rows, {{0.5}, {0.25}}, &options, 3).images;
    EXPECT_TRUE(torch::allclose(images, torch::full_like(images, (200 / 255.0 - 0.5) / 0.25), 0, 1e-5));
}

TEST(MakeBatch, RefusesACropLargerThanTheImages) {
    auto data = numbered(1);
    data.crop_width = 6;
    const std::vector<std::int64_t> rows{0};
    EXPECT_THROW(make_batch(data, rows, plain), std::invalid_argument);
}

TEST(MakeBatch, RefusesWhatIsNotThere) {
    const std::vector<std::int64_t> rows{0, 3}, negative{-1};
    EXPECT_THROW(make_batch(numbered(3), rows, plain), std::out_of_range);
    EXPECT_THROW(make_batch(numbered(3), negative, plain), std::out_of_range);
    EXPECT_THROW(make_batch(numbered(4), rows, {{0}, {1}}), std::invalid_argument);
    EXPECT_EQ(make_batch(numbered(3), std::span<const std::int64_t>{}, plain).images.size(0), 0);
}

AugmentOptions read(const std::string& text) {
    AugmentOptions options;
    const auto document = support::Document::parse("augment: " + text);
    options.read(document.root().section("augment", "x"));
    return options;
}

TEST(AugmentOptions, ReadsItsKeys) {
    const auto options = read("{flip: false, pad: 2, cutout: 8}");
    EXPECT_FALSE(options.flip);
    EXPECT_EQ(options.pad, 2);
    EXPECT_EQ(options.cutout, 8);
    EXPECT_FALSE(options.random_resized_crop);
    EXPECT_EQ(options.essence(), "{flip: false, pad: 2, cutout: 8}");
    const auto resized = read("{random_resized_crop: true, crop_scale: [0.3, 1], crop_ratio: [0.5, 2]}");
    EXPECT_TRUE(resized.random_resized_crop);
    EXPECT_EQ(resized.crop.lowest_scale, 0.3);
    EXPECT_EQ(resized.crop.highest_ratio, 2);
    EXPECT_EQ(resized.essence(),
              "{flip: true, pad: 4, cutout: 0, random_resized_crop: true, crop_scale: [0.3, 1], "
              "crop_ratio: [0.5, 2]}");
}

TEST(AugmentOptions, RefusesWhatMakesNoSense) {
    const auto refusal = [](const std::string& text) {
        return message_of<support::UsageError>([&] { read(text); });
    };
    EXPECT_THAT(refusal("{flips: false}"), HasSubstr("flip"));
    EXPECT_THAT(refusal("{crop_scale: [0.5]}"),
                HasSubstr("crop_scale: expected two numbers, the smaller one first"));
    EXPECT_THAT(refusal("{crop_ratio: [2, 1]}"), HasSubstr("crop_ratio: expected two numbers"));
    EXPECT_THAT(refusal("{crop_scale: [0, 1]}"), HasSubstr("crop_scale"));
    EXPECT_THAT(refusal("{crop_scale: [0.5, 1.5]}"), HasSubstr("crop_scale"));
}

} // namespace
} // namespace tessera::training
