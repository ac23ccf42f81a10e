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
    return decode_image(bytes, {channels}, "x.img");
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
    EXPECT_THAT(decode(file).pixels, ElementsAre(255, 255, 255, 252, 253, 253, 252, 253, 253, 255, 255, 255));
}

TEST(Png, SixteenBitGreyBecomesEightBit) {
    const auto file = from_hex(
        "89504e470d0a1a0a0000000d494844520000000200000001100000000081d9fc150000000d4944415478da6368f8ffff3f00"
        "07ff037ecc2d13a30000000049454e44ae426082"); // 0x80ff, 0xffff
    EXPECT_THAT(decode(file, 1).pixels, ElementsAre(128, 255));
    EXPECT_THAT(decode(file, 3).pixels, ElementsAre(128, 128, 128, 255, 255, 255));
}

TEST(Png, SixteenBitColour) {
    const auto file = png(1, 2, 16, PNG_COLOR_TYPE_RGB,
                          {0x80, 0xff, 0, 0, 0xff, 0xff, /**/ 0x12, 0x34, 0x7f, 0x80, 0x00, 0xff});
    EXPECT_THAT(decode(file).pixels, ElementsAre(128, 0, 255, /**/ 18, 127, 1)); // 65535 becomes 255
}

TEST(Png, GreyWithTransparency) {
    const auto file = png(2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, {50, 0, 200, 255});
    EXPECT_THAT(decode(file, 1).pixels, ElementsAre(255, 200));
    EXPECT_THAT(decode(file, 3).pixels, ElementsAre(255, 255, 255, 200, 200, 200));
}

TEST(Png, ColourWithTransparencyIsLaidOnWhite) {
    const auto file = png(2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {1, 2, 3, 0, 4, 5, 6, 128});
    EXPECT_THAT(decode(file).pixels, ElementsAre(255, 255, 255, 129, 130, 130));
}

TEST(Png, Interlaced) {
    std::vector<std::uint8_t> samples(9 * 11 * 3);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        samples[i] = static_cast<std::uint8_t>(7 * i);
    }
    EXPECT_EQ(decode(png(9, 11, 8, PNG_COLOR_TYPE_RGB, samples, true)).pixels, samples);
}

TEST(Png, WhatIsTransparentIsWhite) {
    const auto file = from_hex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63e0e460670000"
        "004f00190cd2a1dc0000000049454e44ae426082");
    EXPECT_THAT(decode(file).pixels, ElementsAre(255, 255, 255));
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

TEST(Png, RefusesTooManyPixelsFromTheHeader) {
    EXPECT_EQ(refusal(png_with_header(30000, 30000)),
              "x.img: 30000x30000 pixels; data.max_pixels allows 100000000 in all");
    EXPECT_THAT(refusal(png_with_header(2'000'000'000, 2'000'000'000)),
                StartsWith("x.img: 2000000000x2000000000 pixels"));
    const auto file = png(3, 2, 8, PNG_COLOR_TYPE_GRAY, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(decode_image(file, {1, 0, 6}, "x").pixels.size(), 6U);
    EXPECT_THROW(decode_image(file, {1, 0, 5}, "x"), RunError);
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

TEST(Jpeg, InksStoredAsLuminance) {
    const auto image = decode(jpeg(8, 8, {255, 128, 0, 255}, {false, JCS_YCCK, ""}));
    EXPECT_EQ(image.channels, 3);
    EXPECT_NEAR(image.pixels[0], 255, 4);
    EXPECT_NEAR(image.pixels[1], 128, 4);
    EXPECT_NEAR(image.pixels[2], 0, 4);
    const auto grey = decode(jpeg(8, 8, {255, 128, 0, 128}, {false, JCS_YCCK, ""}), 1);
    EXPECT_EQ(grey.channels, 1);
    EXPECT_NEAR(grey.pixels[0], 76, 4); // 0.299 * 128 + 0.587 * 64
}

TEST(Jpeg, Progressive) {
    const auto image = decode(jpeg(20, 10, {200, 100, 50}, {true, JCS_UNKNOWN, ""}));
    EXPECT_NEAR(image.pixels[300], 200, 2);
    EXPECT_NEAR(image.pixels[301], 100, 2);
    EXPECT_NEAR(image.pixels[302], 50, 2);
}

/// 32 x 16 in four quarters: 0, 80; 160, 240.
std::string quarters(const std::string& app1) {
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < 16; ++y) {
        for (int x = 0; x < 32; ++x) {
            pixels.push_back(static_cast<std::uint8_t>((y < 8 ? 0 : 160) + (x < 16 ? 0 : 80)));
        }
    }
    return jpeg(32, 16, 1, pixels, {false, JCS_UNKNOWN, app1});
}

std::string exif(char orientation) {
    std::string content("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 24);
    content += orientation;
    content.append(7, '\0');
    return content;
}

TEST(Jpeg, IsTurnedAsItsOrientationSays) {
    // Top left, top right, bottom left, bottom right.
    const std::vector<std::vector<int>> corners = {{0, 80, 160, 240}, {80, 0, 240, 160}, {240, 160, 80, 0},
                                                   {160, 240, 0, 80}, {0, 160, 80, 240}, {160, 0, 240, 80},
                                                   {240, 80, 160, 0}, {80, 240, 0, 160}};
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const auto image = decode(quarters(exif(static_cast<char>(orientation))), 1);
        const bool upended = orientation >= 5;
        EXPECT_EQ(image.width, upended ? 16 : 32);
        EXPECT_EQ(image.height, upended ? 32 : 16);
        const auto at = [&](std::int64_t y, std::int64_t x) {
            return image.pixels[static_cast<std::size_t>(y * image.width + x)];
        };
        const auto& expected = corners[static_cast<std::size_t>(orientation - 1)];
        EXPECT_NEAR(at(0, 0), expected[0], 2) << orientation;
        EXPECT_NEAR(at(0, image.width - 1), expected[1], 2) << orientation;
        EXPECT_NEAR(at(image.height - 1, 0), expected[2], 2) << orientation;
        EXPECT_NEAR(at(image.height - 1, image.width - 1), expected[3], 2) << orientation;
    }
}

/// Beside each other: a grey of 10 and one of 20; its eXIf chunk before the pixels or after them.
std::string png_with_exif(const std::string& content, bool before) {
    auto file = png(2, 1, 8, PNG_COLOR_TYPE_GRAY, {10, 20});
    constexpr std::size_t behind_header = 33, end_chunk = 12;
    return file.insert(before ? behind_header : file.size() - end_chunk, png_chunk("eXIf", content));
}

TEST(Png, IsTurnedAsItsOrientationSays) {
    for (const bool before : {true, false}) {
        const auto upside_down = decode(png_with_exif(exif(3).substr(6), before), 1);
        EXPECT_THAT(upside_down.pixels, ElementsAre(20, 10)) << before;
        const auto upended = decode(png_with_exif(exif(6).substr(6), before), 1);
        EXPECT_EQ(upended.width, 1) << before;
        EXPECT_EQ(upended.height, 2) << before;
        for (const auto& senseless : {exif(9).substr(6), exif(6), std::string("MM"), std::string()}) {
            EXPECT_THAT(decode(png_with_exif(senseless, before), 1).pixels, ElementsAre(10, 20));
        }
    }
}

TEST(Jpeg, SenselessExifIsIgnored) {
    for (const auto& app1 :
         {exif(9), exif(0), std::string("Exif"), std::string("http://ns.adobe.com/xap/1.0/")}) {
        EXPECT_EQ(decode(quarters(app1), 1).width, 32);
    }
}

TEST(Jpeg, DecodesSmallerWhereFarMoreIsThereThanNeeded) {
    const auto file = jpeg(400, 300, {200, 100, 50});
    EXPECT_EQ(decode_image(file, {3, 32}, "x").width, 100);  // 300 / 4 >= 2 * 32
    EXPECT_EQ(decode_image(file, {3, 151}, "x").width, 400); // not even half is enough
}

TEST(Jpeg, RefusesWhatIsTruncated) {
    const auto whole = jpeg(32, 32, {200, 100, 50});
    for (const std::size_t size : {std::size_t{3}, std::size_t{20}, whole.size() / 2, whole.size() - 2}) {
        EXPECT_THAT(refusal(whole.substr(0, size)), StartsWith("x.img: damaged JPEG: ")) << size;
    }
}

TEST(Jpeg, RefusesTooManyPixelsFromTheHeader) {
    auto file = jpeg(8, 8, {1, 2, 3});
    const auto frame = file.find("\xff\xc0"); // marker, length, precision, height, width
    ASSERT_NE(frame, std::string::npos);
    file.replace(frame + 5, 4, "\x75\x30\x75\x30", 4);
    EXPECT_EQ(refusal(file), "x.img: 30000x30000 pixels; data.max_pixels allows 100000000 in all");
}

TEST(Image, RefusesWhatIsNeither) {
    EXPECT_EQ(refusal("hello"), "x.img: neither a JPEG nor a PNG image");
    EXPECT_EQ(refusal(""), "x.img: an empty file");
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
