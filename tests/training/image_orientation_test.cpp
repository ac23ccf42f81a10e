#include "training/datasets/image_orientation.h"

#include <gmock/gmock.h>

namespace tessera::training {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;

const auto little = "Exif\0\0II*\0\x08\0\0\0\x02\0"
                    "\x0f\x01\x02\0\x01\0\0\0X\0\0\0"
                    "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
                    "\0\0\0\0"s;
const auto big = "Exif\0\0MM\0*\0\0\0\x08\0\x01"
                 "\x01\x12\0\x03\0\0\0\x01\0\x08\0\0"s;

TEST(ExifOrientation, InBothByteOrders) {
    EXPECT_EQ(exif_orientation(little), 6);
    EXPECT_EQ(exif_orientation(big), 8);
}

TEST(ExifOrientation, OfWhatIsCutShortIsNone) {
    for (std::size_t size = 0; size < 38; ++size) {
        EXPECT_EQ(exif_orientation(little.substr(0, size)), 1) << size;
    }
    for (std::size_t size = 0; size < 26; ++size) {
        EXPECT_EQ(exif_orientation(big.substr(0, size)), 1) << size;
    }
}

TEST(ExifOrientation, OfSenselessContentIsNone) {
    const auto with = [](std::size_t at, const std::string& bytes) {
        auto content = big;
        content.replace(at, bytes.size(), bytes);
        return exif_orientation(content);
    };
    EXPECT_EQ(with(0, "EXIF"), 1);
    EXPECT_EQ(with(6, "MX"), 1);
    EXPECT_EQ(with(6, "II"), 1);                // the numbers are in the other order
    EXPECT_EQ(with(8, "\0\x2b"s), 1);           // BigTIFF
    EXPECT_EQ(with(10, "\xff\xff\xff\xff"), 1); // the folder lies far behind the end
    EXPECT_EQ(with(10, "\0\0\0\x15"s), 1);      // the folder begins on the last byte
    EXPECT_EQ(with(14, "\xff\xff"), 8);         // more entries than there are, but ours comes first
    EXPECT_EQ(with(18, "\0\x04"s), 1);          // another type
    EXPECT_EQ(with(20, "\0\0\0\x02"s), 1);      // two of them
    EXPECT_EQ(with(24, "\0\x09"s), 1);
    EXPECT_EQ(with(24, "\0\0"s), 1);
    EXPECT_EQ(with(16, "\x01\x13"), 1); // another tag
}

TEST(Upright, TurnsAndMirrors) {
    // 1 2 3
    // 4 5 6
    const Image image{3, 2, 1, {1, 2, 3, 4, 5, 6}};
    EXPECT_THAT(upright(image, 1).pixels, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(upright(image, 2).pixels, ElementsAre(3, 2, 1, 6, 5, 4));
    EXPECT_THAT(upright(image, 3).pixels, ElementsAre(6, 5, 4, 3, 2, 1));
    EXPECT_THAT(upright(image, 4).pixels, ElementsAre(4, 5, 6, 1, 2, 3));
    EXPECT_THAT(upright(image, 5).pixels, ElementsAre(1, 4, 2, 5, 3, 6));
    EXPECT_THAT(upright(image, 6).pixels, ElementsAre(4, 1, 5, 2, 6, 3)); // a quarter clockwise
    EXPECT_THAT(upright(image, 7).pixels, ElementsAre(6, 3, 5, 2, 4, 1));
    EXPECT_THAT(upright(image, 8).pixels, ElementsAre(3, 6, 2, 5, 1, 4)); // a quarter the other way
    EXPECT_EQ(upright(image, 6).width, 2);
    EXPECT_EQ(upright(image, 6).height, 3);
}

TEST(Upright, KeepsChannelsTogether) {
    EXPECT_THAT(upright({2, 1, 3, {1, 2, 3, 4, 5, 6}}, 2).pixels, ElementsAre(4, 5, 6, 1, 2, 3));
}

} // namespace
} // namespace tessera::training
