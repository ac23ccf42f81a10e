// JPEG and PNG files to 8-bit pixels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "training/preprocessing.h"

namespace tessera::training {

/// Pixels row by row, channels interleaved (height x width x channels).
struct Image {
    std::int64_t width = 0, height = 0, channels = 0;
    std::vector<std::uint8_t> pixels;
};

struct DecodeOptions {
    std::int64_t channels = 3; ///< 1 (grey) or 3 (RGB)
    /// A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size as long as both sides stay at least twice this;
    /// 0: never.
    std::int64_t needed_side = 0;
    std::int64_t max_pixels =
        default_max_pixels; ///< width x height in the header of a file that is decoded at all
};

/// Decodes by content, whatever the file is called. Whatever the file holds becomes 8-bit grey or RGB:
/// palettes are looked up, 16-bit samples scaled down, inks (CMYK, YCCK: inverted, as Adobe's programs write
/// them) multiplied, colours weighted as ITU-R BT.601 does for grey. What is transparent is laid on
/// white: the colour stored beneath is anything, often black like the drawing on it. A photograph is turned
/// upright as its EXIF orientation says. Throws RunError beginning with `name`: neither format, too many
/// pixels (told by the header, before anything is decoded), damaged, truncated.
Image decode_image(std::string_view bytes, const DecodeOptions& options, const std::string& name);

/// The two formats; what image_decoding.cpp chooses from. Channels of the result are as the file has them (1
/// or 3) for PNG and inks.
Image decode_jpeg(std::string_view bytes, const DecodeOptions& options, const std::string& name);
Image decode_png(std::string_view bytes, const DecodeOptions& options, const std::string& name);
/// Throws RunError when an image of this size is refused.
void check_image_size(std::int64_t width, std::int64_t height, std::int64_t max_pixels,
                      const std::string& name);

/// Scales the image so that it just covers height x width, keeping its proportions, and keeps the centre.
/// Triangle filter, widened when shrinking so that fine detail is averaged instead of aliased. Writes
/// channels x height x width bytes.
void resize_and_crop(const Image& image, std::int64_t height, std::int64_t width, std::uint8_t* planes);

} // namespace tessera::training
