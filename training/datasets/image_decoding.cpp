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

void check_image_size(std::int64_t width, std::int64_t height, std::int64_t max_pixels,
                      const std::string& name) {
    if (width < 1 || height < 1 || width > max_pixels / height) {
        throw support::RunError(fmt::format("{}: {}x{} pixels; data.max_pixels allows {} in all", name, width,
                                            height, max_pixels));
    }
}

Image decode_image(std::string_view bytes, const DecodeOptions& options, const std::string& name) {
    using namespace std::string_view_literals;
    Image image;
    if (bytes.starts_with("\xff\xd8\xff"sv)) {
        image = decode_jpeg(bytes, options, name);
    } else if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) {
        image = decode_png(bytes, options, name);
    } else if (bytes.empty()) {
        throw support::RunError(fmt::format("{}: an empty file", name));
    } else {
        throw support::RunError(fmt::format("{}: neither a JPEG nor a PNG image", name));
    }
    if (image.channels == options.channels) {
        return image;
    }
    return options.channels == 1 ? to_grey(image) : to_rgb(image);
}

} // namespace tessera::training
