#include "training/datasets/image_folder.h"

#include <gmock/gmock.h>

#include "tests/support/captured_stderr.h"
#include "tests/training/data_helpers.h"
#include "training/datasets/decoded_cache.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;
using namespace testing;
using support::RunError;
using support::UsageError;
using support::testing::stderr_in_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ImageFolder : ::testing::Test {
    TemporaryFolder folder, cache;
    void SetUp() override { put_folder(folder.path()); }
    RawDatasets load(const fs::path& cached = {}, std::int64_t classes = 2) {
        return load_image_folder(folder.path(), 3, 2, 2, classes, cached);
    }
    template <class Thrown = RunError>
    std::string refusal() {
        return message_of<Thrown>([&] { load(); });
    }
    fs::path cached_file() const {
        for (const auto& entry : fs::directory_iterator(cache.path())) {
            if (entry.path().filename().string().starts_with("train")) {
                return entry.path();
            }
        }
        return {};
    }
};

TEST_F(ImageFolder, ReadsSplitsInTheOrderOfTheirNames) {
    const auto raw = load();
    EXPECT_THAT(raw.classes, ElementsAre("cat", "dog"));
    EXPECT_THAT(values(raw.train.labels), ElementsAre(0, 0, 1, 1));
    EXPECT_THAT(values(raw.train.images[3]), ElementsAre(255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30));
    EXPECT_EQ(raw.test.size(), 4);
    EXPECT_EQ(raw.validation.size(), 0);
}

TEST_F(ImageFolder, TakesEitherSpellingOfValidation) {
    fs::copy(folder / "test", folder / "val", fs::copy_options::recursive);
    EXPECT_EQ(load().validation.size(), 4);
    fs::rename(folder / "val", folder / "validation");
    EXPECT_EQ(load().validation.size(), 4);
}

TEST_F(ImageFolder, GoesByContentAndNotByExtension) {
    put(folder / "train/cat/0.png", jpeg(4, 4, {90, 90, 90}));
    EXPECT_NEAR(load().train.images[0][0][0][0].item<int>(), 90, 1);
}

TEST_F(ImageFolder, LeavesOutWhatIsNoImageWithOneWarning) {
    put(folder / "train/README", "x");
    put(folder / "train/cat/notes.txt", "x");
    put(folder / "train/cat/.hidden.png", "x");
    const auto shown = stderr_in_file([&] { EXPECT_EQ(load().train.size(), 4); });
    EXPECT_THAT(shown, HasSubstr("left out 2 entries that are no image of a class, the first is"));
}

TEST_F(ImageFolder, NamesADamagedFile) {
    put(folder / "train/dog/1.jpg", jpeg(32, 32, {1, 2, 3}).substr(0, 300));
    EXPECT_THAT(refusal(), HasSubstr("train/dog/1.jpg: damaged JPEG"));
}

TEST_F(ImageFolder, NamesTheFirstOfSeveralTextFilesCalledImages) {
    put(folder / "train/cat/0.jpg", "once upon a time");
    put(folder / "train/dog/0.jpg", "there was a file");
    const auto message = refusal();
    EXPECT_THAT(message, HasSubstr("train/cat/0.jpg: neither a JPEG nor a PNG image (and 1 more files of"));
}

TEST_F(ImageFolder, RefusesClassesThatDifferBetweenSplits) {
    fs::rename(folder / "test/dog", folder / "test/wolf");
    const auto message = refusal();
    EXPECT_THAT(message, HasSubstr("/train: dog;"));
    EXPECT_THAT(message, HasSubstr("/test: wolf"));
}

TEST_F(ImageFolder, RefusesAClassWithoutImages) {
    fs::create_directories(folder / "train/emu");
    EXPECT_THAT(refusal(), HasSubstr("train/emu: a class folder without"));
}

TEST_F(ImageFolder, RefusesAMissingTestFolderAndSaysWhatIsExpected) {
    fs::remove_all(folder / "test");
    EXPECT_THAT(refusal<UsageError>(),
                HasSubstr("no folder 'test'; expected train/CLASS/*.jpg and test/CLASS/*.jpg"));
}

TEST_F(ImageFolder, RefusesAnotherNumberOfClasses) {
    EXPECT_THAT(message_of<UsageError>([&] { load({}, 10); }),
                HasSubstr("has 2 class folders, but the space has 10 classes"));
}

TEST_F(ImageFolder, RefusesAMissingFolder) {
    EXPECT_THAT(message_of<RunError>([&] { load_image_folder(folder / "none", 3, 2, 2, 2, {}); }),
                HasSubstr("none: no such folder"));
}

TEST_F(ImageFolder, TheCacheIsUsedWhileTheFilesAreTheSame) {
    const auto first = load(cache.path());
    EXPECT_EQ(cache.entries(), 2U);
    // The same name, size and time, other pixels: only the cache can give the old ones back.
    const auto file = folder / "train/cat/0.png";
    const auto time = fs::last_write_time(file);
    auto broken = png_2x2();
    broken[45] = 'x';
    put(file, broken);
    fs::last_write_time(file, time);
    const auto again = load(cache.path());
    EXPECT_TRUE(torch::equal(first.train.images, again.train.images));
    EXPECT_TRUE(torch::equal(first.train.labels, again.train.labels));
    // A later time: decoded again, and now found damaged.
    fs::last_write_time(file, time + std::chrono::seconds(1));
    EXPECT_THAT(message_of<RunError>([&] { load(cache.path()); }), HasSubstr("damaged PNG"));
}

TEST_F(ImageFolder, ADamagedCacheIsMadeAgain) {
    const auto first = load(cache.path());
    const auto file = cached_file();
    const auto whole = get(file);
    ASSERT_EQ(whole.size(), 64U + 4 * 8 + 4 * 12);
    const auto try_with = [&](const std::string& content) {
        put(file, content);
        const auto shown = stderr_in_file(
            [&] { EXPECT_TRUE(torch::equal(load(cache.path()).train.images, first.train.images)); });
        EXPECT_EQ(get(file), whole);
        return shown;
    };
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        EXPECT_THAT(try_with(flipped), HasSubstr("decoding the images again")) << "byte " << at;
    }
    EXPECT_THAT(try_with(whole.substr(0, 63)), HasSubstr("too short"));
    EXPECT_THAT(try_with(whole + "x"), HasSubstr("its size is not its header's"));
}

TEST_F(ImageFolder, ACacheThatCannotBeWrittenIsAWarning) {
    put(cache / "file", "x");
    const auto shown = stderr_in_file([&] { EXPECT_EQ(load(cache / "file").train.size(), 4); });
    EXPECT_THAT(shown, HasSubstr("decoded images are not kept"));
}

TEST(DecodedCache, RefusesALabelOutOfRange) {
    const TemporaryFolder folder;
    const Dataset data{torch::zeros({2, 1, 2, 2}, torch::kUInt8), torch::tensor({0, 5}, torch::kInt64)};
    write_decoded(folder / "a", "0123456789abcdef", data);
    EXPECT_TRUE(read_decoded(folder / "a", "0123456789abcdef", {2, 1, 2, 2}, 6).has_value());
    EXPECT_FALSE(read_decoded(folder / "a", "0123456789abcdef", {2, 1, 2, 2}, 5).has_value());
    EXPECT_FALSE(read_decoded(folder / "b", "0123456789abcdef", {2, 1, 2, 2}, 6).has_value());
}

} // namespace
} // namespace tessera::training
