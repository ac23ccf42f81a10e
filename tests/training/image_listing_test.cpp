#include "training/datasets/image_listing.h"

#include <chrono>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.h"
#include "tests/support/captured_stderr.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;
using support::RunError;
using support::testing::message_of;
using support::testing::put;
using support::testing::stderr_in_file;
using support::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::ThrowsMessage;

struct ImageListing : ::testing::Test {
    TemporaryFolder folder;
    void add(const std::string& file) {
        fs::create_directories((folder / file).parent_path());
        put(folder / file, "x");
    }
    FolderListing list() { return list_images(folder.path()); }
    std::vector<std::string> files() {
        std::vector<std::string> names;
        for (const auto& [file, label] : list().files) {
            names.push_back(file);
        }
        return names;
    }
    std::string refusal() {
        return message_of<RunError>([&] { list(); });
    }
};

TEST_F(ImageListing, IsInTheOrderOfNames) {
    for (const char* file : {"dog/2.png", "dog/10.png", "cat/b.jpg", "cat/a.jpg", "Zebra/a.jpg"}) {
        add(file);
    }
    const auto listing = list();
    EXPECT_THAT(listing.classes, ElementsAre("Zebra", "cat", "dog"));
    EXPECT_THAT(listing.files, ElementsAre(Pair("Zebra/a.jpg", 0), Pair("cat/a.jpg", 1), Pair("cat/b.jpg", 1),
                                           Pair("dog/10.png", 2), Pair("dog/2.png", 2)));
}

TEST_F(ImageListing, TakesExtensionsInAnyCase) {
    for (const char* file : {"a/1.JPG", "a/2.Jpeg", "a/3.PNG", "a/4.jpeg"}) {
        add(file);
    }
    EXPECT_EQ(files().size(), 4U);
}

TEST_F(ImageListing, FindsImagesInFoldersBelowAClass) {
    for (const char* file : {"cat/2021/may/1.jpg", "cat/2020/1.jpg", "cat/1.jpg", "dog/x/y/z/1.jpg"}) {
        add(file);
    }
    EXPECT_THAT(list().classes, ElementsAre("cat", "dog"));
    EXPECT_THAT(files(), ElementsAre("cat/1.jpg", "cat/2020/1.jpg", "cat/2021/may/1.jpg", "dog/x/y/z/1.jpg"));
}

TEST_F(ImageListing, RefusesAClassThatNoFileCouldName) {
    add("cat/1.jpg");
    add("croix\xE9/1.jpg");
    EXPECT_THAT([&] { list(); }, ThrowsMessage<support::RunError>(HasSubstr(
                                     "croix\xE9: the name of this class folder is not UTF-8; rename it")));
}

TEST_F(ImageListing, TakesAnyName) {
    for (const char* file :
         {"big cat/an image.jpg", "\"quoted\"/it's.png", "größe/猫.jpg", "new\nline/{}.jpg"}) {
        add(file);
    }
    EXPECT_THAT(list().classes, ElementsAre("\"quoted\"", "big cat", "größe", "new\nline"));
    EXPECT_EQ(files().size(), 4U);
}

TEST_F(ImageListing, LeavesHiddenThingsOutSilently) {
    for (const char* file : {"cat/1.jpg", "cat/.2.jpg", "cat/.cache/3.jpg", ".git/4.jpg", "__MACOSX/5.jpg"}) {
        add(file);
    }
    const auto shown = stderr_in_file([&] { EXPECT_THAT(files(), ElementsAre("cat/1.jpg")); });
    EXPECT_EQ(shown, "");
}

TEST_F(ImageListing, ACacheOfDecodedImagesIsNoClass) {
    for (const char* file : {"cat/1.jpg", "cache/cat-12.images", "cache/.begun", "cat/cache/cat-12.images"}) {
        add(file);
    }
    const auto shown = stderr_in_file([&] { EXPECT_THAT(files(), ElementsAre("cat/1.jpg")); });
    EXPECT_EQ(shown, "");
    add("cache/notes.txt");
    EXPECT_THAT(refusal(), HasSubstr("/cache: a class folder without")) << "it holds something else, too";
}

TEST_F(ImageListing, LeavesOutWhatIsNoImageWithOneWarning) {
    for (const char* file : {"README", "cat/1.jpg", "cat/a.txt", "cat/b/c.TXT", "cat/d.webp"}) {
        add(file);
    }
    ASSERT_EQ(::mkfifo((folder / "cat/pipe.jpg").c_str(), 0600), 0);
    const auto shown = stderr_in_file([&] { EXPECT_THAT(files(), ElementsAre("cat/1.jpg")); });
    EXPECT_THAT(shown, HasSubstr("left out 5 entries that are no image of a class, the first is"));
    EXPECT_THAT(shown, HasSubstr("README (2 .txt, 1 .jpg, 1 .webp)"));
}

TEST_F(ImageListing, RefusesAClassWithoutImagesAndNamesWhatItHolds) {
    add("cat/1.jpg");
    fs::create_directories(folder / "emu");
    EXPECT_THAT(refusal(), HasSubstr("/emu: a class folder without .jpg, .jpeg or .png files"));
    for (const char* file : {"emu/1.webp", "emu/2.WebP", "emu/3.gif"}) {
        add(file);
    }
    EXPECT_THAT(refusal(),
                HasSubstr("/emu: a class folder without .jpg, .jpeg or .png files; it holds 2 .webp, "
                          "1 .gif: convert them"));
}

TEST_F(ImageListing, WarnsEachTimeUnlessItIsToKeepSilent) {
    add("cat/1.jpg");
    add("cat/notes.txt");
    const auto first = stderr_in_file([&] { list(); }), second = stderr_in_file([&] { list(); });
    EXPECT_THAT(first, HasSubstr("left out 1 entry that is no image of a class"));
    EXPECT_EQ(first, second);
    EXPECT_EQ(stderr_in_file([&] { list_images(folder.path(), Remarks::kept_back); }), "");
}

TEST_F(ImageListing, RefusesAFolderWithoutFolders) {
    EXPECT_THAT(refusal(), HasSubstr("expected one sub-folder of images for each class, found none"));
    add("1.jpg");
    EXPECT_THAT(refusal(), HasSubstr("found none"));
    EXPECT_THAT(message_of<RunError>([&] { list_images(folder / "none"); }), HasSubstr("none: No such file"));
}

TEST_F(ImageListing, FollowsLinks) {
    const TemporaryFolder elsewhere;
    put(elsewhere / "1.jpg", "x");
    add("cat/1.jpg");
    fs::create_directory_symlink(elsewhere.path(), folder / "cat/more");
    fs::create_directory_symlink(elsewhere.path(), folder / "dog");
    fs::create_symlink(elsewhere / "1.jpg", folder / "cat/2.jpg");
    // One folder under two classes: the first one has it.
    const auto shown = stderr_in_file(
        [&] { EXPECT_THAT(files(), ElementsAre("cat/1.jpg", "cat/2.jpg", "cat/more/1.jpg")); });
    EXPECT_THAT(shown, HasSubstr("left out 1 link to a folder that was visited before, the first is"));
    EXPECT_THAT(shown, HasSubstr("/dog"));
}

TEST_F(ImageListing, ACycleEndsWithAWarning) {
    add("data/train/cat/1.jpg");
    add("data/train/dog/1.jpg");
    add("data/test/cat/9.jpg");
    fs::create_directory_symlink("..", folder / "data/train/cat/up");
    fs::create_directory_symlink("../..", folder / "data/train/cat/far-up");
    fs::create_directory_symlink(".", folder / "data/train/dog/self");
    fs::create_directory_symlink("../dog", folder / "data/train/cat/cousin");
    const auto shown = stderr_in_file([&] {
        const auto listing = list_images(folder / "data/train");
        EXPECT_THAT(listing.files, ElementsAre(Pair("cat/1.jpg", 0), Pair("cat/cousin/1.jpg", 0)));
    });
    EXPECT_THAT(shown, HasSubstr("visited before"));
}

TEST_F(ImageListing, ListsALinkToNowhereSoThatItCountsAsDamaged) {
    add("cat/1.jpg");
    fs::create_symlink("nowhere.jpg", folder / "cat/2.jpg");
    fs::create_symlink("3.jpg", folder / "cat/3.jpg"); // to itself
    EXPECT_THAT(files(), ElementsAre("cat/1.jpg", "cat/2.jpg", "cat/3.jpg"));
}

TEST_F(ImageListing, TheKeyFollowsTheFiles) {
    add("cat/1.jpg");
    add("cat/2.jpg");
    const auto key = list().key("a");
    EXPECT_EQ(key, list().key("a"));
    EXPECT_NE(key, list().key("b"));
    const auto time = fs::last_write_time(folder / "cat/1.jpg");
    fs::last_write_time(folder / "cat/1.jpg", time + std::chrono::nanoseconds(1));
    EXPECT_NE(key, list().key("a"));
    fs::last_write_time(folder / "cat/1.jpg", time);
    EXPECT_EQ(key, list().key("a"));
    put(folder / "cat/1.jpg", "xy");
    fs::last_write_time(folder / "cat/1.jpg", time);
    EXPECT_NE(key, list().key("a"));
    fs::remove(folder / "cat/1.jpg");
    fs::create_symlink("nowhere.jpg", folder / "cat/1.jpg");
    EXPECT_NE(key, list().key("a"));
}

TEST_F(ImageListing, TheKeyFollowsPermissions) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root reads everything";
    }
    add("cat/1.jpg");
    const auto key = list().key("a");
    fs::permissions(folder / "cat/1.jpg", fs::perms::none);
    EXPECT_NE(key, list().key("a"));
}

} // namespace
} // namespace tessera::training
