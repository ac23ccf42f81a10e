#include "training/datasets/folder_layout.h"

#include <gmock/gmock.h>

#include "tests/support/helpers.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;
using support::RunError;
using support::UsageError;
using support::testing::message_of;
using support::testing::put;
using support::testing::TemporaryFolder;
using ::testing::HasSubstr;

struct Layout : ::testing::Test {
    TemporaryFolder root;
    FolderLayout with(const std::vector<std::string>& folders) {
        for (const auto& folder : folders) {
            fs::create_directories(root / folder);
        }
        return find_layout(root.path());
    }
    std::string refusal(const std::vector<std::string>& folders) {
        return message_of<UsageError>([&] { with(folders); });
    }
};

TEST_F(Layout, WithAllSplits) {
    const auto layout = with({"train/cat", "validation/cat", "test/cat", "extra"});
    EXPECT_EQ(layout.train, root / "train");
    EXPECT_EQ(layout.validation, root / "validation");
    EXPECT_EQ(layout.test, root / "test");
    EXPECT_EQ(layout.beside, std::vector<std::string>{"extra"});
}

TEST_F(Layout, WithOtherSpellings) {
    const auto layout = with({"Training/cat", "VAL/cat", "Testing/cat"});
    EXPECT_EQ(layout.train, root / "Training");
    EXPECT_EQ(layout.validation, root / "VAL");
    EXPECT_EQ(layout.test, root / "Testing");
}

TEST_F(Layout, WithoutATest) {
    const auto layout = with({"train/cat", "valid/cat"});
    EXPECT_EQ(layout.train, root / "train");
    EXPECT_EQ(layout.validation, root / "valid");
    EXPECT_TRUE(layout.test.empty());
}

TEST_F(Layout, WithTrainAlone) {
    const auto layout = with({"train/cat"});
    EXPECT_EQ(layout.train, root / "train");
    EXPECT_TRUE(layout.test.empty());
    EXPECT_TRUE(layout.validation.empty());
}

TEST_F(Layout, WithoutSplits) {
    EXPECT_EQ(with({"cat", "dog"}).train, root.path());
    EXPECT_TRUE(with({"cat", "dog"}).beside.empty());
}

TEST_F(Layout, AClassMayBeCalledTrain) {
    EXPECT_EQ(with({"bus", "train", "train/.hidden"}).train, root.path());
}

TEST_F(Layout, AFileIsNoSplit) {
    put(root / "test", "x");
    EXPECT_TRUE(with({"train/cat"}).test.empty());
}

TEST_F(Layout, RefusesATestWithoutTrain) {
    EXPECT_THAT(refusal({"test/cat", "cat"}), HasSubstr(": a folder 'test' and no folder 'train'; expected"));
}

TEST_F(Layout, RefusesTwoFoldersOfOneSplit) {
    EXPECT_THAT(refusal({"train/cat", "validation", "val"}),
                HasSubstr(": folders 'val' and 'validation' are one split; keep one of them"));
}

TEST_F(Layout, RefusesAMissingFolder) {
    EXPECT_THAT(message_of<RunError>([&] { find_layout(root / "none"); }), HasSubstr("none: no such folder"));
    put(root / "file", "x");
    EXPECT_THAT(message_of<RunError>([&] { find_layout(root / "file"); }), HasSubstr("file: not a folder"));
}

} // namespace
} // namespace tessera::training
