#include "tests/cli/image_files.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>
#include <png.h>

namespace tessera::tests {

void put_image(const std::filesystem::path& file, int width, int height, int label, std::uint32_t seed) {
    std::filesystem::create_directories(file.parent_path());
    std::mt19937 random(seed);
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const int along = label % 2 == 0 ? x : y;
            const int stripe = (along * (2 + label) * 2 / std::max(width, height)) % 2 * 120;
            for (int c = 0; c < 3; ++c) {
                const int colour = 40 + (label * 50 + c * 70) % 90 + stripe + static_cast<int>(random() % 30);
                pixels.push_back(static_cast<std::uint8_t>(std::min(colour, 255)));
            }
        }
    }
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = PNG_FORMAT_RGB;
    ASSERT_NE(png_image_write_to_file(&image, file.c_str(), 0, pixels.data(), 0, nullptr), 0)
        << image.message;
}

void put_classes(const std::filesystem::path& folder, const std::vector<std::string>& classes, int count,
                 int side) {
    for (std::size_t label = 0; label < classes.size(); ++label) {
        for (int i = 0; i < count; ++i) {
            const auto seed = static_cast<std::uint32_t>(1000 * label) + static_cast<std::uint32_t>(i);
            put_image(folder / classes[label] / (std::to_string(i) + ".png"), side + i % 7, side + i % 5,
                      static_cast<int>(label), seed);
        }
    }
}

} // namespace tessera::tests
