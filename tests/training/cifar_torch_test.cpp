#include "training/datasets/cifar.h"

#include <gmock/gmock.h>

#include "tests/training/data_helpers.h"

namespace tessera::training {
namespace {

using namespace testing;
using support::RunError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// One record: label bytes, then three planes filled with the given values.
std::string record(const std::string& labels, int red, int green, int blue) {
    std::string bytes = labels;
    for (const int value : {red, green, blue}) {
        bytes += std::string(1024, static_cast<char>(value));
    }
    return bytes;
}

CifarLayout tiny(CifarLayout layout) {
    layout.train_records = 2;
    layout.test_records = 1;
    return layout;
}

struct Cifar10 : ::testing::Test {
    TemporaryFolder folder;
    CifarLayout layout = tiny(cifar10_layout());
    void SetUp() override {
        for (int i = 0; i < 5; ++i) {
            put(folder / layout.train[static_cast<std::size_t>(i)],
                record(std::string(1, static_cast<char>(i)), i, 100, 200) +
                    record(std::string(1, '\x09'), 255, i, 0));
        }
        put(folder / "test_batch.bin", record(std::string(1, '\x03'), 7, 8, 9));
    }
    std::string refusal() {
        return message_of<RunError>([&] { load_cifar(folder.path(), layout); });
    }
};

TEST_F(Cifar10, ReadsRecordsInTheFilesOrder) {
    const auto raw = load_cifar(folder.path(), layout);
    EXPECT_EQ(raw.train.images.sizes(), (std::vector<std::int64_t>{10, 3, 32, 32}));
    EXPECT_THAT(values(raw.train.labels), ElementsAre(0, 9, 1, 9, 2, 9, 3, 9, 4, 9));
    EXPECT_THAT(values(raw.train.images[4].select(1, 31).select(1, 0)), ElementsAre(2, 100, 200));
    EXPECT_THAT(values(raw.train.images[5].select(1, 0).select(1, 31)), ElementsAre(255, 2, 0));
    EXPECT_THAT(values(raw.test.images[0].select(1, 5).select(1, 5)), ElementsAre(7, 8, 9));
    EXPECT_THAT(values(raw.test.labels), ElementsAre(3));
    EXPECT_EQ(raw.classes[9], "9");
}

TEST_F(Cifar10, FindsTheFolderThatTheArchiveUnpacksInto) {
    const TemporaryFolder outer;
    std::filesystem::copy(folder.path(), outer / "cifar-10-batches-bin");
    EXPECT_EQ(load_cifar(outer.path(), layout).train.size(), 10);
}

TEST_F(Cifar10, TakesClassNamesFromTheirFile) {
    put(folder / "batches.meta.txt", "plane\ncar\r\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
    EXPECT_THAT(load_cifar(folder.path(), layout).classes,
                ElementsAre("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"));
    put(folder / "batches.meta.txt", "plane\ncar\n");
    EXPECT_THAT(refusal(), HasSubstr("batches.meta.txt: expected 10 class names, one a line, found 2"));
}

TEST_F(Cifar10, RefusesATruncatedFileWithBothSizes) {
    std::filesystem::resize_file(folder / "data_batch_3.bin", 6000);
    EXPECT_THAT(
        refusal(),
        HasSubstr(
            "data_batch_3.bin: expected 6146 bytes (2 records of 3073), found 6000: the file is truncated"));
}

TEST_F(Cifar10, RefusesAFileThatIsTooLongOrMissing) {
    std::filesystem::resize_file(folder / "test_batch.bin", 3074);
    EXPECT_THAT(refusal(), HasSubstr("found 3074"));
    std::filesystem::remove(folder / "test_batch.bin");
    EXPECT_THAT(refusal(), HasSubstr("test_batch.bin: No such file"));
}

TEST_F(Cifar10, RefusesALabelOutOfRange) {
    put(folder / "data_batch_2.bin", record(std::string(1, '\0'), 0, 0, 0) + record("\x0a", 0, 0, 0));
    EXPECT_THAT(refusal(), HasSubstr("data_batch_2.bin: record 1 has label 10; cifar10 has 0..9"));
}

TEST(Cifar100, TakesTheFineLabel) {
    const TemporaryFolder folder;
    const auto layout = tiny(cifar100_layout());
    put(folder / "train.bin", record("\x13\x63", 1, 2, 3) + record(std::string("\x01\0", 2), 4, 5, 6));
    put(folder / "test.bin", record("\x02\x08", 1, 2, 3));
    const auto raw = load_cifar(folder.path(), layout);
    EXPECT_THAT(values(raw.train.labels), ElementsAre(99, 0));
    EXPECT_EQ(raw.classes.size(), 100U);
}

TEST(Cifar, PublishedFilesHaveTheseSizes) {
    const TemporaryFolder folder;
    put(folder / "data_batch_1.bin", "x");
    put(folder / "train.bin", "x");
    EXPECT_THAT(message_of<RunError>([&] { load_cifar(folder.path(), cifar10_layout()); }),
                HasSubstr("expected 30730000 bytes"));
    EXPECT_THAT(message_of<RunError>([&] { load_cifar(folder.path(), cifar100_layout()); }),
                HasSubstr("expected 153700000 bytes"));
}

} // namespace
} // namespace tessera::training
