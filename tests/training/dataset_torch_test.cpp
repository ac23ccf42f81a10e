#include "training/dataset.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/support/captured_stderr.h"
#include "tests/training/data_helpers.h"
#include "training/batches.h"
#include "training/image_counts.h"

namespace tessera::training {
namespace {

using namespace testing;
using support::UsageError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

DataOptions read(const std::string& text) {
    const auto document = support::Document::parse(text, "x.yaml", "/base");
    return DataOptions::read(document.root().section("data", "Data."));
}

std::string refusal(const std::string& text) {
    return message_of<UsageError>([&] { read(text); });
}

DataOptions small() {
    DataOptions options;
    options.synthetic_train = 200;
    options.synthetic_test = 50;
    return options;
}

TEST(DataOptions, ReadsEveryKey) {
    const auto options = read(
        "data: {kind: image_folder, path: images, image_size: 64, resize: 74, train_limit: 100, validation: "
        "0.2, test: 0.3, max_damaged: 0.5, max_pixels: 1000, cache_limit_mb: 7, mean: [0.5],"
        " std: [0.25], cache: c, split_seed: 9, synthetic: {train: 10, test: 20, classes: 3, size: 8}}");
    EXPECT_EQ(options.kind, DatasetKind::image_folder);
    EXPECT_EQ(options.path, "/base/images");
    EXPECT_EQ(options.cache, "/base/c");
    EXPECT_EQ(options.image_size, 64);
    EXPECT_EQ(options.train_limit, 100);
    EXPECT_EQ(options.resize, 74);
    EXPECT_EQ(options.validation, 0.2);
    EXPECT_EQ(options.test, 0.3);
    EXPECT_EQ(options.max_damaged, 0.5);
    EXPECT_EQ(options.max_pixels, 1000);
    EXPECT_EQ(options.cache_limit_mb, 7);
    EXPECT_THAT(options.mean, ElementsAre(0.5));
    EXPECT_THAT(options.deviation, ElementsAre(0.25));
    EXPECT_EQ(options.split_seed, 9);
    EXPECT_EQ(options.synthetic_train, 10);
    EXPECT_EQ(options.synthetic_test, 20);
    EXPECT_EQ(options.synthetic_classes, 3);
    EXPECT_EQ(options.synthetic_size, 8);
}

TEST(DataOptions, AnEmptySectionIsTheDefaultData) {
    EXPECT_EQ(read("data: {}").kind, DatasetKind::synthetic);
}

TEST(DataOptions, RefusesWhatItDoesNotKnow) {
    EXPECT_THAT(refusal("data: {train_limmit: 3}"), HasSubstr("train_limit"));
    EXPECT_THAT(refusal("data: {synthetic: {sizes: 3}}"), HasSubstr("size"));
    EXPECT_THAT(refusal("data: {kind: imagenet}"), HasSubstr("image_folder"));
    EXPECT_THAT(refusal("data: {validation: 0}"), HasSubstr("validation"));
    EXPECT_THAT(refusal("data: {std: [0]}"), HasSubstr("std"));
    EXPECT_THAT(refusal("data: {test: 1}"), HasSubstr("test"));
    EXPECT_THAT(refusal("data: {max_damaged: 2}"), HasSubstr("max_damaged"));
    EXPECT_THAT(refusal("data: {max_pixels: 0}"), HasSubstr("max_pixels"));
    EXPECT_THAT(refusal("data: {synthetic: {classes: 21}}"), HasSubstr("classes"));
}

TEST(DataOptions, FilesNeedAPath) {
    EXPECT_THAT(refusal("data: {kind: cifar10}"),
                HasSubstr("data.path: this kind of data set needs the folder of its files"));
}

TEST(Datasets, SplitStratifiedAndMeasuresWhatIsTrainedOn) {
    const auto data = load_datasets(small(), 3, 16, 16, 10);
    EXPECT_EQ(data.train.size(), 180);
    EXPECT_EQ(data.validation.size(), 20);
    EXPECT_EQ(data.test.size(), 50);
    EXPECT_THAT(values(torch::bincount(data.validation.labels)), ElementsAre(2, 2, 2, 2, 2, 2, 2, 2, 2, 2));
    const auto pixels = data.train.images.to(torch::kFloat64) / 255;
    EXPECT_NEAR(data.normalisation.mean[1], pixels.select(1, 1).mean().item<double>(), 1e-12);
    EXPECT_NEAR(data.normalisation.deviation[2], pixels.select(1, 2).std(false).item<double>(), 1e-12);
    EXPECT_EQ(
        data.description,
        "synthetic shapes (generated, not photographs): 10 classes, 180 training, 20 validation and 50 test "
        "images of 3x16x16");
}

TEST(Datasets, ALimitIsBalancedAndLeavesTheTestSetAlone) {
    auto options = small();
    options.train_limit = 100;
    const auto data = load_datasets(options, 3, 16, 16, 10);
    EXPECT_EQ(data.train.size(), 90);
    EXPECT_EQ(data.validation.size(), 10);
    EXPECT_EQ(data.test.size(), 50);
    EXPECT_TRUE((torch::bincount(data.train.labels) == 9).all().item<bool>());
}

TEST(Datasets, SayHowUnbalancedTheyAre) {
    const TemporaryFolder folder;
    put_folder(folder.path(), 2);
    for (int i = 2; i < 7; ++i) {
        put(folder / ("train/dog/" + std::to_string(i) + ".png"), png_2x2());
    }
    DataOptions options;
    options.kind = DatasetKind::image_folder;
    options.path = folder.path();
    options.validation = 0.5;
    EXPECT_THAT(load_datasets(options, 3, 2, 2, 2).description,
                HasSubstr("images of 3x2x2; unbalanced: 1 training images of cat (fewest), 3 of dog (most)"));
}

TEST(Datasets, TellHowImagesWereMadeIntoInputs) {
    auto options = small();
    options.mean = {0.1, 0.2, 0.3};
    const auto data = load_datasets(options, 3, 16, 16, 10);
    const Preprocessing found = data.preprocessing();
    EXPECT_EQ(found.channels, 3);
    EXPECT_EQ(found.height, 16);
    EXPECT_EQ(found.width, 16);
    EXPECT_EQ(found.resize, 16);
    EXPECT_EQ(found.channel_order, "RGB");
    EXPECT_EQ(found.lowest, 0);
    EXPECT_EQ(found.highest, 1);
    EXPECT_THAT(found.mean, ElementsAre(0.1, 0.2, 0.3));
    EXPECT_EQ(found.deviation, data.normalisation.deviation);
    EXPECT_EQ(found.classes, data.classes);
    EXPECT_EQ(load_datasets(small(), 1, 16, 16, 10).preprocessing().channel_order, "grey");
}

TEST(Datasets, TheSameSeedGivesTheSameData) {
    auto options = small();
    const auto first = load_datasets(options, 3, 16, 16, 10), second = load_datasets(options, 3, 16, 16, 10);
    EXPECT_TRUE(torch::equal(first.train.images, second.train.images));
    EXPECT_TRUE(torch::equal(first.validation.labels, second.validation.labels));
    EXPECT_EQ(first.normalisation.mean, second.normalisation.mean);
}

TEST(Datasets, GivenNormalisationIsUsed) {
    auto options = small();
    options.mean = {0.1, 0.2, 0.3};
    EXPECT_THAT(load_datasets(options, 3, 16, 16, 10).normalisation.mean, ElementsAre(0.1, 0.2, 0.3));
    options.deviation = {0.5};
    EXPECT_THAT(message_of<UsageError>([&] { load_datasets(options, 3, 16, 16, 10); }),
                HasSubstr("data.std has 1 values; space.input has 3 channels"));
}

TEST(Datasets, RefuseWhatDoesNotFitTheSpace) {
    const auto refuse = [](DataOptions options, std::int64_t channels, std::int64_t height,
                           std::int64_t classes) {
        return message_of<UsageError>([&] { load_datasets(options, channels, height, 16, classes); });
    };
    EXPECT_THAT(refuse(small(), 3, 32, 10),
                HasSubstr("are 3x16x16 (channels, height, width), but space.input is 3x32x16"));
    EXPECT_THAT(refuse(small(), 4, 16, 10), HasSubstr("space.input has 4 channels"));
    EXPECT_THAT(refuse(small(), 3, 16, 9), HasSubstr("has 10 classes, but the space has 9"));
    auto tiny = small();
    tiny.synthetic_train = 20;
    EXPECT_THAT(refuse(tiny, 3, 16, 10), HasSubstr("leaves none for validation"));
    DataOptions folder;
    folder.kind = DatasetKind::image_folder;
    folder.image_size = 32;
    EXPECT_THAT(refuse(folder, 3, 16, 10), HasSubstr("data.image_size is 32, but space.input is 16x16"));
}

TEST(Datasets, RefuseImagesOfAnotherNumberOfChannels) {
    const TemporaryFolder folder;
    for (const char* split : {"train", "t10k"}) {
        put(folder / (std::string(split) + "-images-idx3-ubyte"), from_hex("00000803000000010000000100000001"
                                                                           "05"));
        put(folder / (std::string(split) + "-labels-idx1-ubyte"), from_hex("0000080100000001"
                                                                           "00"));
    }
    DataOptions options;
    options.kind = DatasetKind::mnist;
    options.path = folder.path();
    EXPECT_THAT(
        message_of<UsageError>([&] { load_datasets(options, 3, 1, 1, 10); }),
        HasSubstr("images of MNIST format are 1x1x1 (channels, height, width), but space.input is 3x1x1"));
}

DataOptions folder_options(const TemporaryFolder& folder) {
    DataOptions options;
    options.kind = DatasetKind::image_folder;
    options.path = folder.path();
    return options;
}

TEST(Datasets, AValidationFolderIsUsedInsteadOfSplitting) {
    const TemporaryFolder folder;
    put_folder(folder.path(), 3);
    auto options = folder_options(folder);
    options.validation = 0.34;
    EXPECT_EQ(load_datasets(options, 3, 2, 2, 2).train.size(), 4);
    std::filesystem::copy(folder / "test", folder / "val", std::filesystem::copy_options::recursive);
    const auto data = load_datasets(options, 3, 2, 2, 2);
    EXPECT_EQ(data.train.size(), 6);
    EXPECT_EQ(data.validation.size(), 6);
    EXPECT_THAT(data.classes, ElementsAre("cat", "dog"));
}

TEST(Datasets, ImagesMayBeKeptLargerThanTheInput) {
    const TemporaryFolder folder;
    put_folder(folder.path(), 3);
    auto options = folder_options(folder);
    options.resize = 3;
    options.max_pixels = 5000;
    options.validation = 0.34;
    const auto data = load_datasets(options, 3, 2, 4, 2);
    EXPECT_THAT(data.train.images.sizes(), ElementsAre(4, 3, 3, 6));
    EXPECT_THAT(data.validation.images.sizes(), ElementsAre(2, 3, 3, 6));
    const std::vector<std::int64_t> rows{0};
    for (const auto* split : {&data.train, &data.validation, &data.test}) {
        EXPECT_THAT(make_batch(*split, rows, data.normalisation).images.sizes(), ElementsAre(1, 3, 2, 4));
    }
    const auto preprocessing = data.preprocessing();
    EXPECT_EQ(preprocessing.max_pixels, 5000);
    EXPECT_EQ(preprocessing.height, 2);
    EXPECT_EQ(preprocessing.width, 4);
    EXPECT_EQ(preprocessing.resize, 3);
    EXPECT_THAT(data.description, HasSubstr("images of 3x2x4"));
    options.resize = 1;
    EXPECT_THAT(message_of<UsageError>([&] { load_datasets(options, 3, 2, 4, 2); }),
                HasSubstr("data.resize is 1, smaller than space.input of 2x4"));
}

TEST(Datasets, AFolderWithoutSplitsIsSplit) {
    const TemporaryFolder folder;
    put_classes(folder.path(), 20);
    auto options = folder_options(folder);
    options.test = 0.25;
    options.validation = 0.2;
    const auto data = load_datasets(options, 3, 2, 2, 2);
    EXPECT_THAT(values(torch::bincount(data.test.labels)), ElementsAre(5, 5));
    EXPECT_THAT(values(torch::bincount(data.validation.labels)),
                ElementsAre(3, 3)); // of the 15 that are left
    EXPECT_THAT(values(torch::bincount(data.train.labels)), ElementsAre(12, 12));
    EXPECT_THAT(data.description,
                HasSubstr("; the folder has no test split, its images were held out of the training images"));
}

TEST(Datasets, SplitsOfAFolderDoNotOverlapAndStayTheSame) {
    const TemporaryFolder folder;
    for (int i = 0; i < 30; ++i) { // told apart by their grey
        for (const char* name : {"cat", "dog"}) {
            std::filesystem::create_directories(folder / name);
            put(folder / name / (std::to_string(i) + ".png"),
                png(1, 1, 8, PNG_COLOR_TYPE_GRAY,
                    {static_cast<std::uint8_t>(i + (name[0] == 'c' ? 0 : 100))}));
        }
    }
    const auto options = folder_options(folder);
    const auto first = load_datasets(options, 1, 1, 1, 2), second = load_datasets(options, 1, 1, 1, 2);
    EXPECT_TRUE(torch::equal(first.test.images, second.test.images));
    auto all = values(torch::cat({first.train.images, first.validation.images, first.test.images}));
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all.size(), 60U);
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
    ASSERT_EQ(first.test_files.names.size(), 6U);
    for (std::int64_t i = 0; i < first.test.size(); ++i) {
        const std::string& name = first.test_files.names[static_cast<std::size_t>(i)];
        EXPECT_EQ(
            name.substr(0, 3),
            first.classes[static_cast<std::size_t>(values(first.test.labels)[static_cast<std::size_t>(i)])]);
        EXPECT_EQ(std::stoi(name.substr(4)) + (name[0] == 'c' ? 0 : 100), first.test.images[i].item<int>());
    }
    EXPECT_EQ(first.test_files.folder, folder.path());
    auto other = options;
    other.split_seed = 2;
    EXPECT_FALSE(torch::equal(first.test.images, load_datasets(other, 1, 1, 1, 2).test.images));
}

TEST(Datasets, WithoutATestFolderTheTestIsHeldOut) {
    const TemporaryFolder folder;
    put_classes(folder / "train", 10);
    put_classes(folder / "val", 2);
    const auto data = load_datasets(folder_options(folder), 3, 2, 2, 2);
    EXPECT_EQ(data.train.size(), 18);
    EXPECT_EQ(data.validation.size(), 4);
    EXPECT_EQ(data.test.size(), 2);
    EXPECT_THAT(data.description, HasSubstr("no test split"));
}

TEST(Datasets, AClassOfOneImageIsTrainedOnAndNamed) {
    const TemporaryFolder folder;
    put_classes(folder.path(), 10);
    std::filesystem::create_directories(folder / "emu");
    put(folder / "emu/1.png", png_2x2());
    Datasets data;
    const auto shown =
        support::testing::stderr_in_file([&] { data = load_datasets(folder_options(folder), 3, 2, 2, 3); });
    EXPECT_THAT(shown, HasSubstr(": no validation images of 1 of 3 classes (too few of them): emu\n"));
    EXPECT_THAT(shown, HasSubstr(": no test images of 1 of 3 classes (too few of them): emu\n"));
    EXPECT_THAT(values(torch::bincount(data.train.labels, {}, 3)), ElementsAre(8, 8, 1));
    EXPECT_THAT(data.description,
                HasSubstr("unbalanced: 1 training images of emu (fewest), 8 of cat (most)"));
}

TEST(Datasets, ImagesAreCountedAsTheyAreSplit) {
    const TemporaryFolder folder;
    put_classes(folder.path(), 13);
    std::filesystem::create_directories(folder / "emu");
    put(folder / "emu/1.png", png_2x2());
    auto options = folder_options(folder);
    for (const std::int64_t limit : {0, 9}) {
        options.train_limit = limit;
        const auto data = load_datasets(options, 3, 2, 2, 3);
        const auto counts = count_images(options, 3, Remarks::kept_back);
        EXPECT_EQ(counts.train, data.train.size()) << limit;
        EXPECT_EQ(counts.validation, data.validation.size()) << limit;
        EXPECT_EQ(counts.test, data.test.size()) << limit;
    }
    EXPECT_THAT(message_of<UsageError>([&] { count_images(options, 4, Remarks::kept_back); }),
                HasSubstr("has 3 class folders (cat, dog, emu), but the space has 4 classes"));
}

TEST(Datasets, TooFewImagesForATestAreRefused) {
    const TemporaryFolder folder;
    put_classes(folder.path(), 1);
    EXPECT_THAT(message_of<UsageError>([&] { count_images(folder_options(folder), 2, Remarks::kept_back); }),
                HasSubstr("data.test 0.1 of 2 training images leaves none for test in any class"));
    EXPECT_THAT(message_of<UsageError>([&] { load_datasets(folder_options(folder), 3, 2, 2, 2); }),
                HasSubstr("data.test 0.1 of 2 training images leaves none for test in any class"));
}

TEST(Datasets, SayHowManyFilesAreDamaged) {
    const TemporaryFolder folder;
    put_classes(folder.path(), 10);
    put(folder / "cat/10.png", "");
    auto options = folder_options(folder);
    options.max_damaged = 0.1;
    EXPECT_THAT(load_datasets(options, 3, 2, 2, 2).description, HasSubstr("; 1 damaged files left out"));
    options.max_damaged = 0;
    EXPECT_THAT(message_of<support::RunError>([&] { load_datasets(options, 3, 2, 2, 2); }),
                HasSubstr("cat/10.png: an empty file; data.max_damaged tolerates 0 %"));
}

} // namespace
} // namespace tessera::training
