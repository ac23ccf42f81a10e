#include "training/datasets/image_decoding.h"

#include <gmock/gmock.h>

#include "tests/training/data_helpers.h"

namespace tessera::training {
namespace {

using namespace testing;
using support::RunError;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Image decode(const std::string& bytes, std::int64_t channels = 3) {
    return decode_image(bytes, channels, 0, "x.img");
}

std::string refusal(const std::string& bytes) {
    return message_of<RunError>([&] { decode(bytes); });
}

TEST(Png, KnownPixels) {
    const auto image = decode(png_2x2());
    EXPECT_EQ(image.width, 2);
    EXPECT_EQ(image.height, 2);
    EXPECT_THAT(image.pixels, ElementsAre(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30));
    EXPECT_THAT(decode(png_2x2(), 1).pixels, ElementsAre(76, 150, 29, 18)); // 0.299 R + 0.587 G + 0.114 B
}

TEST(Png, PaletteWithTransparency) {
    const auto file = from_hex(
        "89504e470d0a1a0a0000000d494844520000000200000002010300000048789f6700000006504c5445010203fafbfcfd5ee6"
        "a30000000274524e5300809b2b4e180000000c4944415478da637060680000014400c10487cffa0000000049454e44ae4260"
        "82");
    EXPECT_THAT(decode(file).pixels, ElementsAre(1, 2, 3, 250, 251, 252, 250, 251, 252, 1, 2, 3));
}

TEST(Png, SixteenBitGreyBecomesEightBit) {
    const auto file = from_hex(
        "89504e470d0a1a0a0000000d494844520000000200000001100000000081d9fc150000000d4944415478da6368f8ffff3f00"
        "07ff037ecc2d13a30000000049454e44ae426082"); // 0x80ff, 0xffff
    EXPECT_THAT(decode(file, 1).pixels, ElementsAre(128, 255));
    EXPECT_THAT(decode(file, 3).pixels, ElementsAre(128, 128, 128, 255, 255, 255));
}

TEST(Png, TransparencyIsIgnored) {
    const auto file = from_hex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63e0e460670000"
        "004f00190cd2a1dc0000000049454e44ae426082");
    EXPECT_THAT(decode(file).pixels, ElementsAre(9, 8, 7));
}

TEST(Png, OneBitGrey) {
    const auto file = from_hex(
        "89504e470d0a1a0a0000000d4948445200000004000000010100000000d14732600000000a4944415478da63080000005200"
        "515aa9a33a0000000049454e44ae426082");
    EXPECT_THAT(decode(file, 1).pixels, ElementsAre(0, 255, 0, 255));
}

TEST(Png, RefusesWhatIsTruncatedOrDamaged) {
    const auto whole = png_2x2();
    for (std::size_t size = 8; size < whole.size(); ++size) {
        EXPECT_THAT(refusal(whole.substr(0, size)), StartsWith("x.img: damaged PNG: ")) << size;
    }
    auto flipped = whole;
    flipped[45] = static_cast<char>(flipped[45] ^ 1);
    EXPECT_THAT(refusal(flipped), StartsWith("x.img: damaged PNG: "));
}

TEST(Png, RefusesSizesAboveTheLimitsBeforeReadingPixels) {
    EXPECT_THAT(refusal(from_hex("89504e470d0a1a0a0000000d4948445200004001000000010800000000ec3682ba000000094"
                                 "944415478da63000000010001"
                                 "b10db6930000000049454e44ae426082")),
                StartsWith("x.img: ")); // 16385 x 1
    EXPECT_THAT(refusal(from_hex("89504e470d0a1a0a0000000d4948445200003e8000003e80080000000064158002000000094"
                                 "944415478da63000000010001"
                                 "b10db6930000000049454e44ae426082")),
                HasSubstr("x.img: 16000x16000 pixels; at most 16384 a side and 64 million in all are read"));
}

TEST(Jpeg, KnownColour) {
    const auto image = decode(jpeg(20, 10, {200, 100, 50}));
    EXPECT_EQ(image.width, 20);
    EXPECT_EQ(image.height, 10);
    ASSERT_EQ(image.pixels.size(), 600U);
    EXPECT_NEAR(image.pixels[300], 200, 2);
    EXPECT_NEAR(image.pixels[301], 100, 2);
    EXPECT_NEAR(image.pixels[302], 50, 2);
    const auto grey = decode(jpeg(8, 8, {200, 100, 50}), 1);
    EXPECT_EQ(grey.channels, 1);
    EXPECT_NEAR(grey.pixels[9], 124, 2);
}

TEST(Jpeg, GreyBecomesRgb) { EXPECT_THAT(decode(jpeg(8, 8, {77})).pixels, Each(77)); }

TEST(Jpeg, CmykBecomesRgb) {
    const auto image = decode(jpeg(8, 8, {255, 128, 0, 255})); // as Adobe stores it: 255 is no ink
    EXPECT_EQ(image.channels, 3);
    EXPECT_NEAR(image.pixels[0], 255, 2);
    EXPECT_NEAR(image.pixels[1], 128, 2);
    EXPECT_NEAR(image.pixels[2], 0, 2);
}

TEST(Jpeg, DecodesSmallerWhereFarMoreIsThereThanNeeded) {
    const auto file = jpeg(400, 300, {200, 100, 50});
    EXPECT_EQ(decode_image(file, 3, 32, "x").width, 100);  // 300 / 4 >= 2 * 32
    EXPECT_EQ(decode_image(file, 3, 151, "x").width, 400); // not even half is enough
}

TEST(Jpeg, RefusesWhatIsTruncated) {
    const auto whole = jpeg(32, 32, {200, 100, 50});
    for (const std::size_t size : {std::size_t{3}, std::size_t{20}, whole.size() / 2, whole.size() - 2}) {
        EXPECT_THAT(refusal(whole.substr(0, size)), StartsWith("x.img: damaged JPEG: ")) << size;
    }
}

TEST(Jpeg, RefusesSizesAboveTheLimits) {
    auto file = jpeg(8, 8, {1, 2, 3});
    const auto frame = file.find("\xff\xc0"); // marker, length, precision, height, width
    ASSERT_NE(frame, std::string::npos);
    file.replace(frame + 5, 4, "\xff\x00\xff\x00", 4);
    EXPECT_THAT(refusal(file), HasSubstr("x.img: 65280x65280 pixels; at most 16384 a side"));
}

TEST(Image, RefusesWhatIsNeither) {
    EXPECT_EQ(refusal("hello"), "x.img: neither a JPEG nor a PNG image");
    EXPECT_EQ(refusal(""), "x.img: neither a JPEG nor a PNG image");
}

TEST(Resize, SameSizeChangesNothing) {
    const auto image = decode(png_2x2());
    std::vector<std::uint8_t> planes(12);
    resize_and_crop(image, 2, 2, planes.data());
    EXPECT_THAT(planes, ElementsAre(255, 0, 0, 10, /**/ 0, 255, 0, 20, /**/ 0, 0, 255, 30));
}

TEST(Resize, ShrinkingAverages) {
    // Columns of 0 and 255 alternate: sampling would give one or the other.
    Image image{8, 8, 1, {}};
    for (int i = 0; i < 64; ++i) {
        image.pixels.push_back(i % 2 == 0 ? 0 : 255);
    }
    std::vector<std::uint8_t> planes(4);
    resize_and_crop(image, 2, 2, planes.data());
    for (const auto value : planes) {
        EXPECT_NEAR(value, 127, 10);
    }
}

TEST(Resize, KeepsTheCentreOfTheLongerSide) {
    Image image{6, 2, 1, {10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60}};
    std::vector<std::uint8_t> planes(4);
    resize_and_crop(image, 2, 2, planes.data());
    EXPECT_THAT(planes, ElementsAre(30, 40, 30, 40));
}

TEST(Resize, EnlargingInterpolates) {
    Image image{2, 2, 1, {0, 100, 0, 100}};
    std::vector<std::uint8_t> planes(16);
    resize_and_crop(image, 4, 4, planes.data());
    EXPECT_THAT(std::vector<int>(planes.begin(), planes.begin() + 4), ElementsAre(0, 25, 75, 100));
}

} // namespace
} // namespace tessera::training
