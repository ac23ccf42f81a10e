// JPEG and PNG files to 8-bit pixels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::training {

/// Pixels row by row, channels interleaved (height x width x channels).
struct Image {
    std::int64_t width = 0, height = 0, channels = 0;
    std::vector<std::uint8_t> pixels;
};

/// Limits that a file's header must keep before anything is allocated for it.
inline constexpr std::int64_t largest_side = 16384, largest_area = 64'000'000;

/// Decodes by content, whatever the file is called. `channels` is 1 (grey) or 3 (RGB); palettes and 16-bit
/// samples are converted, transparency is ignored. A JPEG may be decoded at 1/2, 1/4 or 1/8 of its size as
/// long as both sides stay at least twice `needed_side` (0: never). Throws RunError beginning with `name`:
/// neither format, too large, damaged, truncated.
Image decode_image(std::string_view bytes, std::int64_t channels, std::int64_t needed_side,
                   const std::string& name);

/// The two formats; what image_decoding.cpp chooses from. Channels of the result are as the file has them (1
/// or 3) for PNG.
Image decode_jpeg(std::string_view bytes, std::int64_t channels, std::int64_t needed_side,
                  const std::string& name);
Image decode_png(std::string_view bytes, const std::string& name);
/// Throws RunError when an image of this size is refused.
void check_image_size(std::int64_t width, std::int64_t height, const std::string& name);

/// Scales the image so that it just covers height x width, keeping its proportions, and keeps the centre.
/// Triangle filter, widened when shrinking so that fine detail is averaged instead of aliased. Writes
/// channels x height x width bytes.
void resize_and_crop(const Image& image, std::int64_t height, std::int64_t width, std::uint8_t* planes);

} // namespace tessera::training
