#include "training/datasets/cache_space.h"

#include <chrono>

#include <gmock/gmock.h>

#include "tests/support/helpers.h"
#include "training/datasets/decoded_header.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;
using support::testing::put;
using support::testing::TemporaryFolder;
using ::testing::UnorderedElementsAre;

struct CacheSpace : ::testing::Test {
    TemporaryFolder folder;
    /// 200 bytes, last used `age` hours ago.
    void add(const std::string& name, int age, std::string content = std::string(200, '\0')) {
        DecodedHeader header;
        header.shape[0] = 8; // labels of 8 bytes
        header.shape[1] = header.shape[2] = header.shape[3] = 1;
        header.text_bytes = 200 - sizeof header - 8 * 9;
        std::memcpy(content.data(), &header, sizeof header);
        put(folder / name, content);
        fs::last_write_time(folder / name, fs::file_time_type::clock::now() - std::chrono::hours(age));
    }
    std::vector<std::string> files() {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder.path())) {
            names.push_back(entry.path().filename());
        }
        return names;
    }
};

TEST_F(CacheSpace, TheLeastRecentlyUsedGoFirst) {
    add("a.images", 1);
    add("b.images", 3);
    add("c.images", 2);
    EXPECT_TRUE(make_room(folder.path(), 100, 700, {}));
    EXPECT_THAT(files(), UnorderedElementsAre("a.images", "b.images", "c.images"));
    EXPECT_TRUE(make_room(folder.path(), 101, 700, {}));
    EXPECT_THAT(files(), UnorderedElementsAre("a.images", "c.images"));
    mark_used(folder / "c.images");
    EXPECT_TRUE(make_room(folder.path(), 500, 700, {}));
    EXPECT_THAT(files(), UnorderedElementsAre("c.images"));
}

TEST_F(CacheSpace, WhatIsInUseStays) {
    add("a.images", 1);
    add("b.images", 2);
    EXPECT_TRUE(make_room(folder.path(), 100, 300, {folder / "b.images"}));
    EXPECT_THAT(files(), UnorderedElementsAre("b.images"));
}

TEST_F(CacheSpace, RemovesNothingWhereThatWouldNotHelp) {
    add("a.images", 1);
    EXPECT_FALSE(make_room(folder.path(), 301, 300, {}));
    EXPECT_FALSE(make_room(folder.path(), 101, 300, {folder / "a.images"}));
    EXPECT_THAT(files(), UnorderedElementsAre("a.images"));
}

TEST_F(CacheSpace, NeverTouchesWhatIsNotItsOwn) {
    add("a.txt", 9);
    add(".hidden.images", 9);
    add("short.images", 9);
    fs::resize_file(folder / "short.images", 199);
    put(folder / "foreign.images", std::string(500, 'x'));
    put(folder / "tiny.images", "TESIMG02");
    fs::create_directory(folder / "folder.images");
    add("target", 9);
    fs::create_symlink("target", folder / "link.images");
    const auto before = files().size();
    add("own.images", 1);
    EXPECT_TRUE(make_room(folder.path(), 1, 1, {}));
    EXPECT_EQ(files().size(), before);
    EXPECT_FALSE(fs::exists(folder / "own.images"));
}

TEST_F(CacheSpace, AFolderThatIsNotThereHasRoom) {
    EXPECT_TRUE(make_room(folder / "none", 10, 10, {}));
    EXPECT_FALSE(make_room(folder / "none", 11, 10, {}));
}

TEST(DecodedHeader, RefusesSizesThatNoFileHas) {
    DecodedHeader header;
    EXPECT_EQ(header.file_size(), 80U);
    header.shape[0] = 2;
    header.shape[1] = header.shape[2] = header.shape[3] = 3;
    header.text_bytes = 5;
    EXPECT_EQ(header.file_size(), 80U + 16 + 54 + 5);
    header.shape[1] = header.shape[2] = std::int64_t{1} << 40;
    EXPECT_FALSE(header.file_size().has_value());
    header.shape[1] = -1;
    EXPECT_FALSE(header.file_size().has_value());
    header = {};
    header.text_bytes = ~std::uint64_t{0};
    EXPECT_FALSE(header.file_size().has_value());
}

} // namespace
} // namespace tessera::training
