#include "tests/cli/pictures.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio> // jpeglib.h uses FILE without including it

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

#include "support/csv.h"
#include "support/seed.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {

namespace fs = std::filesystem;

namespace {

/// Rows of RGB.
std::vector<std::uint8_t> paint(int label, int number, int width, int height) {
    constexpr std::array<std::array<int, 3>, 4> colours{
        {{60, 160, 50}, {20, 20, 40}, {90, 150, 230}, {210, 60, 40}}};
    support::Rng rng(static_cast<std::uint64_t>(1000 * label + number));
    std::vector<std::uint8_t> pixels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const int light = 40 * x / width - 20 * y / height + static_cast<int>(rng.below(30));
            for (const int colour : colours[static_cast<std::size_t>(label)]) {
                pixels.push_back(static_cast<std::uint8_t>(std::clamp(colour + light, 0, 255)));
            }
        }
    }
    return pixels;
}

} // namespace

void put_picture(const fs::path& file, int label, int number, int width, int height, int orientation) {
    auto pixels = paint(label, number, width, height);
    fs::create_directories(file.parent_path());
    std::FILE* const out = std::fopen(file.c_str(), "wb");
    ASSERT_NE(out, nullptr) << file;
    jpeg_compress_struct info;
    jpeg_error_mgr errors;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_stdio_dest(&info, out);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 90, TRUE);
    jpeg_start_compress(&info, TRUE);
    if (orientation != 1) { // one entry: tag 0x112, of type SHORT, one value
        const std::array<std::uint8_t, 32> exif = {
            'E', 'x',  'i', 'f', 0,
            0,   'I',  'I', 42,  0,
            8,   0,    0,   0,   1,
            0,   0x12, 1,   3,   0,
            1,   0,    0,   0,   static_cast<std::uint8_t>(orientation)};
        jpeg_write_marker(&info, JPEG_APP0 + 1, exif.data(), exif.size());
    }
    for (int y = 0; y < height; ++y) {
        auto* pointer = pixels.data() + 3 * y * width;
        jpeg_write_scanlines(&info, &pointer, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::fclose(out);
}

void put_transparent_picture(const fs::path& file, int label, int width, int height) {
    const auto colours = paint(label, 0, width, height);
    std::vector<std::uint8_t> pixels;
    for (int i = 0; i < width * height; ++i) {
        const auto* colour = colours.data() + 3 * i;
        pixels.insert(pixels.end(), {colour[0], colour[1], colour[2],
                                     static_cast<std::uint8_t>(255 - 200 * (i / width) / height)});
    }
    fs::create_directories(file.parent_path());
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = PNG_FORMAT_RGBA;
    ASSERT_NE(png_image_write_to_file(&image, file.c_str(), 0, pixels.data(), 0, nullptr), 0) << file;
}

void put_pictures(const fs::path& folder) {
    for (std::size_t label = 0; label < picture_classes.size(); ++label) {
        for (int i = 0; i < 24; ++i) {
            put_picture(folder / "train" / picture_classes[label] / fmt::format("{}.jpg", i),
                        static_cast<int>(label), i, 12 + i % 5, 10 + i % 7);
        }
        for (int i = 0; i < 6;
             ++i) { // large enough to be decoded at half their size, and smaller than the input
            const int width = i == 4 ? 80 : i == 5 ? 6 : 13 + i;
            put_picture(folder / "test" / picture_classes[label] / fmt::format("{}.jpg", i),
                        static_cast<int>(label), 100 + i, width, width * 3 / 4);
        }
    }
}

fs::path export_from_pictures(const Scratch& folder, int channels) {
    put_pictures(folder / "images");
    return export_from_images(folder, channels);
}

fs::path export_from_images(const Scratch& folder, int channels, const std::string& data_keys) {
    const std::string input = fmt::format("input: [{}, 8, 8]", channels);
    put(folder / "table.yaml", replaced(tiny_latency_table(), "input: [3, 8, 8]", input));
    std::string text = replaced(tiny_configuration(), "rounds: 2", "table: table.yaml");
    text = replaced(text, "input: [3, 8, 8]", input);
    text = replaced(text, "  kind: synthetic\n  synthetic: {train: 300, test: 60, classes: 4, size: 8}\n",
                    "  kind: image_folder\n  path: images\n  resize: 10\n" + data_keys);
    put(folder / "pictures.yaml",
        replaced(text, "teach: {epochs: 1", "teach: {learning_rate: 0.1, epochs: 6"));
    const Ending ending = run({"run", "pictures.yaml", "--run", "r", "-q"}, folder.here());
    EXPECT_EQ(ending.status, 0) << ending.err;
    if (ending.status != 0) {
        return {};
    }
    return folder / "r/export" / support::read_csv(folder / "r/export/exports.csv").rows.at(0).at(0);
}

} // namespace tessera::tests
