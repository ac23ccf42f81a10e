#include "training/datasets/image_orientation.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace tessera::training {
namespace {

using namespace std::string_view_literals;

/// The TIFF structure within: numbers in the byte order that its first two bytes name.
struct Tiff {
    std::string_view bytes;
    bool big_endian = false;

    /// Nothing where the number would not lie within.
    std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
        if (at > bytes.size() || size > bytes.size() - at) {
            return std::nullopt;
        }
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const auto place = big_endian ? i : size - 1 - i;
            value = value << 8 | static_cast<unsigned char>(bytes[at + place]);
        }
        return value;
    }
};

} // namespace

int exif_orientation(std::string_view app1) {
    constexpr auto header = "Exif\0\0"sv;
    return app1.starts_with(header) ? tiff_orientation(app1.substr(header.size())) : 1;
}

int tiff_orientation(std::string_view bytes) {
    constexpr std::uint32_t orientation_tag = 0x0112, short_type = 3;
    Tiff tiff{bytes};
    tiff.big_endian = tiff.bytes.starts_with("MM"sv);
    if ((!tiff.big_endian && !tiff.bytes.starts_with("II"sv)) || tiff.number(2, 2) != 42) {
        return 1;
    }
    const auto folder = tiff.number(4, 4);
    const auto entries = folder ? tiff.number(*folder, 2) : std::nullopt;
    for (std::uint32_t i = 0; i < entries.value_or(0); ++i) {
        const std::size_t at = std::size_t{*folder} + 2 + std::size_t{12} * i;
        const auto tag = tiff.number(at, 2);
        if (!tag) {
            break; // more entries than bytes
        }
        if (tag == orientation_tag) {
            const bool one_short = tiff.number(at + 2, 2) == short_type && tiff.number(at + 4, 4) == 1;
            const auto value = one_short ? tiff.number(at + 8, 2).value_or(1) : 1;
            return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
        }
    }
    return 1;
}

Image upright(Image image, int orientation) {
    if (orientation <= 1 || orientation > 8) {
        return image;
    }
    const auto width = image.width, height = image.height, channels = image.channels;
    const bool transposed = orientation >= 5;
    // The source's column runs backwards for 2, 3, 7, 8, its row for 3, 4, 6, 7.
    const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    Image turned{transposed ? height : width, transposed ? width : height, channels, {}};
    turned.pixels.resize(image.pixels.size());
    auto* out = turned.pixels.data();
    for (std::int64_t y = 0; y < turned.height; ++y) {
        for (std::int64_t x = 0; x < turned.width; ++x) {
            const auto column = transposed ? y : x, row = transposed ? x : y;
            const auto source_x = from_right ? width - 1 - column : column;
            const auto source_y = from_below ? height - 1 - row : row;
            out = std::copy_n(image.pixels.data() + (source_y * width + source_x) * channels, channels, out);
        }
    }
    return turned;
}

} // namespace tessera::training
