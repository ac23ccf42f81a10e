#include "training/datasets/image_decoding.h"

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::training {
namespace {

/// ITU-R BT.601 luma, as JPEG's own.
Image to_grey(const Image& image) {
    Image grey{image.width, image.height, 1, std::vector<std::uint8_t>(image.pixels.size() / 3)};
    for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
        const auto* p = &image.pixels[3 * i];
        grey.pixels[i] = static_cast<std::uint8_t>((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
    }
    return grey;
}

Image to_rgb(const Image& image) {
    Image rgb{image.width, image.height, 3, std::vector<std::uint8_t>(image.pixels.size() * 3)};
    for (std::size_t i = 0; i < rgb.pixels.size(); ++i) {
        rgb.pixels[i] = image.pixels[i / 3];
    }
    return rgb;
}

} // namespace

void check_image_size(std::int64_t width, std::int64_t height, const std::string& name) {
    if (width < 1 || height < 1 || width > largest_side || height > largest_side ||
        width * height > largest_area) {
        throw support::RunError(
            fmt::format("{}: {}x{} pixels; at most {} a side and {} million in all are read", name, width,
                        height, largest_side, largest_area / 1'000'000));
    }
}

Image decode_image(std::string_view bytes, std::int64_t channels, std::int64_t needed_side,
                   const std::string& name) {
    using namespace std::string_view_literals;
    Image image;
    if (bytes.starts_with("\xff\xd8\xff"sv)) {
        image = decode_jpeg(bytes, channels, needed_side, name);
    } else if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) {
        image = decode_png(bytes, name);
    } else {
        throw support::RunError(fmt::format("{}: neither a JPEG nor a PNG image", name));
    }
    if (image.channels == channels) {
        return image;
    }
    return channels == 1 ? to_grey(image) : to_rgb(image);
}

} // namespace tessera::training
