#include "training/datasets/image_folder.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

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
    ImageFolderOptions options() const {
        ImageFolderOptions o;
        o.root = folder.path();
        o.height = o.width = o.classes = 2;
        return o;
    }
    RawDatasets load(const fs::path& cached = {}, double max_damaged = 0) {
        auto o = options();
        o.cache = cached;
        o.max_damaged = max_damaged;
        return load_image_folder(o);
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

TEST_F(ImageFolder, ScalesImagesOfAllSizes) {
    put(folder / "train/cat/0.jpg", jpeg(40, 30, {90, 90, 90}));
    put(folder / "train/cat/1.jpg", jpeg(7, 300, {50, 50, 50}));
    put(folder / "train/cat/2.jpg", jpeg(1, 1, {10, 10, 10}));
    const auto images = load().train.images;
    EXPECT_THAT(images.sizes(), ElementsAre(7, 3, 2, 2));
    EXPECT_NEAR(images[0].to(torch::kFloat32).mean().item<float>(), 90, 1); // "0.jpg" before "0.png"
    EXPECT_NEAR(images[2].to(torch::kFloat32).mean().item<float>(), 50, 1);
    EXPECT_NEAR(images[4].to(torch::kFloat32).mean().item<float>(), 10, 1);
}

TEST_F(ImageFolder, NamesDamagedFilesWhereNoneAreTolerated) {
    put(folder / "train/dog/1.jpg", jpeg(32, 32, {1, 2, 3}).substr(0, 300));
    EXPECT_THAT(refusal(),
                HasSubstr(": 1 of 9 images (11.1 %) cannot be read: train/dog/1.jpg: damaged JPEG: "));
    put(folder / "train/cat/0.jpg", "once upon a time");
    EXPECT_THAT(refusal(),
                HasSubstr("train/cat/0.jpg: neither a JPEG nor a PNG image; train/dog/1.jpg: damaged"));
}

TEST_F(ImageFolder, SkipsDamagedFilesWhereTheyAreTolerated) {
    put(folder / "train/cat/00.jpg", "once upon a time");
    put(folder / "train/cat/1.jpg", "");
    put(folder / "train/dog/0.png", png_2x2().substr(0, 50));
    put(folder / "train/dog/9.jpg", jpeg(4, 4, {90, 90, 90}));
    fs::create_symlink("nowhere.jpg", folder / "train/dog/link.jpg");
    RawDatasets raw;
    const auto shown = stderr_in_file([&] { raw = load({}, 0.4); });
    EXPECT_THAT(shown,
                HasSubstr(": 4 of 12 images (33.3 %) cannot be read: train/cat/00.jpg: neither a JPEG nor a "
                          "PNG image; train/cat/1.jpg: an empty file; train/dog/0.png: damaged PNG"));
    EXPECT_THAT(shown, HasSubstr("; and 1 more; they are left out"));
    EXPECT_EQ(raw.damaged, 4);
    EXPECT_THAT(values(raw.train.labels), ElementsAre(0, 0, 1, 1));
    for (const int row : {0, 1, 2}) {
        EXPECT_THAT(values(raw.train.images[row]), ElementsAre(255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30));
    }
    EXPECT_NEAR(raw.train.images[3][0][0][0].item<int>(), 90, 1);
}

TEST_F(ImageFolder, AFileWithoutPermissionIsDamaged) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root reads everything";
    }
    fs::permissions(folder / "train/dog/1.png", fs::perms::none);
    EXPECT_THAT(refusal(), HasSubstr("train/dog/1.png: unreadable: Permission denied"));
}

TEST_F(ImageFolder, ALinkToNowhereIsDamaged) {
    fs::create_symlink("nowhere.jpg", folder / "train/dog/link.jpg");
    EXPECT_THAT(refusal(), HasSubstr("train/dog/link.jpg: unreadable: No such file or directory"));
}

TEST_F(ImageFolder, AnImageOfTooManyPixelsIsDamaged) {
    put(folder / "test/cat/2.jpg", jpeg(20, 10, {90, 90, 90}));
    auto o = options();
    o.max_pixels = 199;
    EXPECT_THAT(message_of<RunError>([&] { load_image_folder(o); }),
                HasSubstr("test/cat/2.jpg: 20x10 pixels; data.max_pixels allows 199 in all"));
}

TEST_F(ImageFolder, AnImageOfTooManyPixelsTakesNoMemory) {
    put(folder / "test/cat/2.png", png_with_header(30'000, 30'000)); // 900 MB and more if it were decoded
    const auto peak_kilobytes = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
    };
    const auto before = peak_kilobytes();
    EXPECT_EQ(load({}, 0.2).damaged, 1);
    EXPECT_LT(peak_kilobytes() - before, 200'000);
}

TEST_F(ImageFolder, RefusesAClassOfWhichNothingCanBeRead) {
    put(folder / "train/cat/0.png", "");
    put(folder / "train/cat/1.png", "");
    EXPECT_THAT(message_of<RunError>([&] { load({}, 0.9); }),
                HasSubstr("train: no image of class 'cat' can be read"));
}

TEST_F(ImageFolder, RefusesASplitOfWhichNothingCanBeRead) {
    for (const char* file : {"cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"}) {
        put(folder / "test" / file, "");
    }
    EXPECT_THAT(message_of<RunError>([&] { load({}, 0.9); }),
                HasSubstr("test: none of its images can be read"));
}

TEST_F(ImageFolder, WithoutATestSplitRowsHaveNames) {
    EXPECT_THAT(load().train_files.names, ::testing::IsEmpty());
    EXPECT_THAT(load().test_files.names, ElementsAre("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"));
    EXPECT_EQ(load().test_files.folder, folder / "test");
    fs::remove_all(folder / "test");
    put(folder / "train/cat/00.jpg", "");
    const auto raw = load({}, 0.5);
    EXPECT_EQ(raw.test.size(), 0);
    EXPECT_THAT(raw.train_files.names, ElementsAre("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"))
        << "those that could be read";
    EXPECT_THAT(raw.test_files.names, ::testing::IsEmpty());
}

TEST_F(ImageFolder, ClassFoldersMayLieUnderTheRoot) {
    fs::remove_all(folder / "test");
    fs::rename(folder / "train/cat", folder / "cat");
    fs::rename(folder / "train/dog", folder / "dog");
    fs::remove(folder / "train");
    put(folder / "dog/7.jpg", "");
    const auto shown = stderr_in_file([&] {
        const auto raw = load({}, 0.5);
        EXPECT_THAT(raw.classes, ElementsAre("cat", "dog"));
        EXPECT_EQ(raw.train.size(), 4);
    });
    EXPECT_THAT(shown, HasSubstr(" cannot be read: dog/7.jpg: an empty file"));
}

TEST_F(ImageFolder, RefusesClassesThatDifferBetweenSplits) {
    fs::rename(folder / "test/dog", folder / "test/wolf");
    const auto message = refusal();
    EXPECT_THAT(message, HasSubstr("/train: dog;"));
    EXPECT_THAT(message, HasSubstr("/test: wolf"));
}

TEST_F(ImageFolder, RefusesAnotherNumberOfClasses) {
    auto o = options();
    o.classes = 10;
    EXPECT_THAT(message_of<UsageError>([&] { load_image_folder(o); }),
                HasSubstr("has 2 class folders (cat, dog), but the space has 10 classes"));
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

TEST_F(ImageFolder, TheCacheRemembersWhatWasLeftOut) {
    put(folder / "train/cat/00.jpg", "once upon a time");
    RawDatasets first, again;
    const auto shown = stderr_in_file([&] { first = load(cache.path(), 0.2); });
    EXPECT_EQ(cache.entries(), 2U);
    const auto time = fs::last_write_time(cached_file());
    fs::last_write_time(cached_file(), time - std::chrono::hours(1));
    const auto shown_again = stderr_in_file([&] { again = load(cache.path(), 0.2); });
    EXPECT_EQ(shown_again, shown.substr(shown.find("warning")));
    EXPECT_GT(fs::last_write_time(cached_file()), time - std::chrono::hours(1)); // used
    EXPECT_EQ(again.damaged, 1);
    EXPECT_TRUE(torch::equal(first.train.images, again.train.images));
    EXPECT_EQ(again.train.size(), 4);
    // Less is tolerated: the cache does not hide it.
    EXPECT_THAT(message_of<RunError>([&] { load(cache.path(), 0.1); }),
                HasSubstr("train/cat/00.jpg: neither"));
}

TEST_F(ImageFolder, TheCacheStaysBelowItsLimit) {
    auto o = options();
    o.height = o.width = 512;
    o.cache = cache.path();
    o.cache_limit_mb = 8; // 4 images of 3 x 512 x 512 bytes are 3.1 MB
    put(cache / "notes.txt", "mine");
    load_image_folder(o);
    EXPECT_EQ(cache.entries(), 3U);
    o.height = 500;
    load_image_folder(o);
    EXPECT_EQ(cache.entries(), 3U);
    EXPECT_TRUE(fs::exists(cache / "notes.txt"));
    o.cache_limit_mb = 4; // one split has no room beside the other, which is in use
    o.height = 490;
    const auto shown = stderr_in_file([&] { load_image_folder(o); });
    EXPECT_THAT(shown, HasSubstr("are more than data.cache_limit_mb"));
    EXPECT_EQ(cache.entries(), 2U);
    o.cache_limit_mb = 0;
    o.height = 480;
    load_image_folder(o);
    EXPECT_EQ(cache.entries(), 4U);
}

TEST_F(ImageFolder, ADamagedCacheIsMadeAgain) {
    const auto first = load(cache.path());
    const auto file = cached_file();
    const auto whole = get(file);
    ASSERT_EQ(whole.size(), 80U + 4 * 8 + 4 * 12);
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
    EXPECT_THAT(try_with(whole.substr(0, 79)), HasSubstr("too short"));
    EXPECT_THAT(try_with(whole + "x"), HasSubstr("its size is not its header's"));
}

TEST_F(ImageFolder, ACacheThatCannotBeWrittenIsAWarning) {
    put(cache / "file", "x");
    const auto shown = stderr_in_file([&] { EXPECT_EQ(load(cache / "file").train.size(), 4); });
    EXPECT_THAT(shown, HasSubstr("decoded images are not kept"));
}

constexpr const char* key = "0123456789abcdef";

DecodedImages two_of_three() {
    return {{torch::zeros({2, 1, 2, 2}, torch::kUInt8), torch::tensor({0, 5}, torch::kInt64)},
            {{1, "an empty file"}}};
}

TEST(DecodedCache, RefusesALabelOutOfRange) {
    const TemporaryFolder folder;
    write_decoded(folder / "a", key, two_of_three());
    EXPECT_EQ(fs::file_size(folder / "a"), decoded_size(two_of_three()));
    const auto found = read_decoded(folder / "a", key, {3, 1, 2, 2, 6});
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->skipped, two_of_three().skipped);
    EXPECT_FALSE(read_decoded(folder / "a", key, {3, 1, 2, 2, 5}).has_value());
    EXPECT_FALSE(read_decoded(folder / "a", key, {4, 1, 2, 2, 6}).has_value());
    EXPECT_FALSE(read_decoded(folder / "b", key, {3, 1, 2, 2, 6}).has_value());
}

TEST(DecodedCache, RefusesASenselessListOfFilesLeftOut) {
    const TemporaryFolder folder;
    for (const std::vector<SkippedFile>& skipped : {std::vector<SkippedFile>{{3, "beyond the end"}},
                                                    {{-1, "before the beginning"}},
                                                    {{0, "two\nlines"}}}) {
        auto images = two_of_three();
        images.skipped = skipped;
        write_decoded(folder / "a", key, images);
        const auto shown = stderr_in_file([&] {
            EXPECT_FALSE(read_decoded(folder / "a", key, {3, 1, 2, 2, 6}).has_value());
        });
        EXPECT_THAT(shown, HasSubstr("its list of files left out makes no sense"));
    }
    auto twice = two_of_three();
    twice.skipped = {{2, "x"}, {2, "x"}};
    write_decoded(folder / "a", key, twice);
    EXPECT_FALSE(read_decoded(folder / "a", key, {4, 1, 2, 2, 6}).has_value());
}

} // namespace
} // namespace tessera::training
