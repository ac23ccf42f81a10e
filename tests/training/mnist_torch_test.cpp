#include "training/datasets/mnist.h"

#include <gmock/gmock.h>

#include "tests/training/data_helpers.h"

namespace tessera::training {
namespace {

using namespace testing;
using support::RunError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Mnist : ::testing::Test {
    TemporaryFolder folder;
    void SetUp() override {
        // Two images of 2x3, one of 2x3.
        put(folder / "train-images-idx3-ubyte", from_hex("00000803000000020000000200000003"
                                                         "000102030405"
                                                         "fffefdfcfbfa"));
        put(folder / "train-labels-idx1-ubyte", from_hex("0000080100000002"
                                                         "0709"));
        put(folder / "t10k-images.idx3-ubyte", from_hex("00000803000000010000000200000003"
                                                        "0a0b0c0d0e0f"));
        put(folder / "t10k-labels.idx1-ubyte", from_hex("0000080100000001"
                                                        "00"));
    }
    std::string refusal() {
        return message_of<RunError>([&] { load_mnist(folder.path()); });
    }
};

TEST_F(Mnist, ReadsBothSpellings) {
    const auto raw = load_mnist(folder.path());
    EXPECT_EQ(raw.train.images.sizes(), (std::vector<std::int64_t>{2, 1, 2, 3}));
    EXPECT_THAT(values(raw.train.images[1]), ElementsAre(255, 254, 253, 252, 251, 250));
    EXPECT_THAT(values(raw.train.labels), ElementsAre(7, 9));
    EXPECT_THAT(values(raw.test.images), ElementsAre(10, 11, 12, 13, 14, 15));
    EXPECT_THAT(raw.classes, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
}

TEST_F(Mnist, RefusesAnotherMagicNumber) {
    put(folder / "train-images-idx3-ubyte", from_hex("00000d03000000020000000200000003"
                                                     "000102030405"));
    EXPECT_THAT(
        refusal(),
        HasSubstr("expected the magic number 0x00000803 of an IDX file of 3 dimension(s), found 0x00000d03"));
}

TEST_F(Mnist, RefusesSizesThatTheFileDoesNotHave) {
    put(folder / "train-images-idx3-ubyte", from_hex("00000803000000020000000200000003"
                                                     "000102030405"));
    EXPECT_THAT(refusal(),
                HasSubstr("train-images-idx3-ubyte: expected 28 bytes (as its header says), found 22"));
    put(folder / "train-images-idx3-ubyte", from_hex("00000803ffffffff0000000200000003"
                                                     "000102030405"));
    EXPECT_THAT(refusal(), HasSubstr("dimension 0 is 4294967295; expected 1..268435456"));
    put(folder / "train-images-idx3-ubyte", from_hex("00000803000000020000000000000003"));
    EXPECT_THAT(refusal(), HasSubstr("dimension 1 is 0"));
    put(folder / "train-images-idx3-ubyte", from_hex("00000803"));
    EXPECT_THAT(refusal(), HasSubstr("too short"));
}

TEST_F(Mnist, RefusesLabelsThatDoNotFitTheImages) {
    put(folder / "train-labels-idx1-ubyte", from_hex("0000080100000003"
                                                     "070901"));
    EXPECT_THAT(refusal(), HasSubstr("train-labels-idx1-ubyte: 3 labels, but"));
    put(folder / "train-labels-idx1-ubyte", from_hex("0000080100000002"
                                                     "070a"));
    EXPECT_THAT(refusal(), HasSubstr("label 10 of image 1 is outside 0..9"));
}

TEST_F(Mnist, RefusesImagesOfAnotherSizeInTheTestSet) {
    put(folder / "t10k-images.idx3-ubyte", from_hex("00000803000000010000000300000002"
                                                    "0a0b0c0d0e0f"));
    EXPECT_THAT(refusal(), HasSubstr("training images are 2x3, test images 3x2"));
}

TEST_F(Mnist, SaysThatPackedFilesMustBeUnpacked) {
    std::filesystem::rename(folder / "train-images-idx3-ubyte", folder / "train-images-idx3-ubyte.gz");
    EXPECT_THAT(refusal(), HasSubstr("train-images-idx3-ubyte: no such file; unpack the .gz beside it"));
}

} // namespace
} // namespace tessera::training
