// Small data sets written by hand.
#pragma once

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <jpeglib.h>

#include <png.h>

#include <torch/torch.h>

#include "tests/support/helpers.h"

namespace tessera::training::testing {

using support::testing::get;
using support::testing::message_of;
using support::testing::put;
using support::testing::TemporaryFolder;

/// "89504e" -> "\x89PN".
inline std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

/// Red, green; blue, (10, 20, 30).
inline std::string png_2x2() {
    return from_hex(
        "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a73000000134944415478da63f8cfc0c0"
        "00c20cffb944e4001a58033ae2926ed90000000049454e44ae426082");
}

/// How a JPEG is written.
struct JpegKind {
    bool progressive = false;
    J_COLOR_SPACE stored = JCS_UNKNOWN; ///< as usual for the number of channels
    std::string app1;                   ///< content of an APP1 marker; empty: none
};

/// Pixels row by row, 1 (grey), 3 (RGB) or 4 (CMYK) channels interleaved.
inline std::string jpeg(std::int64_t width, std::int64_t height, std::int64_t channels,
                        const std::vector<std::uint8_t>& pixels, const JpegKind& kind = {}) {
    jpeg_compress_struct info;
    jpeg_error_mgr errors;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &memory, &size);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = static_cast<int>(channels);
    info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&info);
    if (kind.stored != JCS_UNKNOWN) {
        jpeg_set_colorspace(&info, kind.stored);
    }
    if (kind.progressive) {
        jpeg_simple_progression(&info);
    }
    jpeg_set_quality(&info, 95, TRUE);
    jpeg_start_compress(&info, TRUE);
    if (!kind.app1.empty()) {
        jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(kind.app1.data()),
                          static_cast<unsigned>(kind.app1.size()));
    }
    for (std::int64_t y = 0; y < height; ++y) {
        auto* row = const_cast<std::uint8_t*>(pixels.data()) + y * width * channels;
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::string bytes(reinterpret_cast<const char*>(memory), size);
    std::free(memory);
    return bytes;
}

/// A JPEG of one colour.
inline std::string jpeg(std::int64_t width, std::int64_t height, const std::vector<std::uint8_t>& colour,
                        const JpegKind& kind = {}) {
    std::vector<std::uint8_t> pixels;
    for (std::int64_t i = 0; i < width * height; ++i) {
        pixels.insert(pixels.end(), colour.begin(), colour.end());
    }
    return jpeg(width, height, static_cast<std::int64_t>(colour.size()), pixels, kind);
}

/// `samples`: bytes of the rows as they lie in the file. `type`: PNG_COLOR_TYPE_...
inline std::string png(std::uint32_t width, std::uint32_t height, int depth, int type,
                       const std::vector<std::uint8_t>& samples, bool interlaced = false) {
    auto* writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    auto* info = png_create_info_struct(writer);
    std::string bytes;
    png_set_write_fn(
        writer, &bytes,
        [](png_structp png, png_bytep data, std::size_t size) {
            static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(data), size);
        },
        nullptr);
    png_set_IHDR(writer, info, width, height, depth, type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer, info);
    std::vector<png_bytep> rows;
    for (std::uint32_t y = 0; y < height; ++y) {
        rows.push_back(const_cast<png_bytep>(samples.data()) + y * (samples.size() / height));
    }
    png_write_image(writer, rows.data());
    png_write_end(writer, nullptr);
    png_destroy_write_struct(&writer, &info);
    return bytes;
}

/// Length, name, content and their checksum.
inline std::string png_chunk(const std::string& name, const std::string& content) {
    const auto big_endian = [](std::uint32_t value) {
        std::string bytes;
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(value >> shift);
        }
        return bytes;
    };
    std::uint32_t crc = 0xffffffff;
    for (const char c : name + content) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
    }
    return big_endian(static_cast<std::uint32_t>(content.size())) + name + content + big_endian(~crc);
}

/// A PNG whose header tells of another size than it has.
inline std::string png_with_header(std::uint32_t width, std::uint32_t height) {
    auto file = png(1, 1, 8, PNG_COLOR_TYPE_GRAY, {0});
    std::string header = file.substr(16, 13); // after signature, length and name
    for (std::size_t i = 0; i < 4; ++i) {
        header[i] = static_cast<char>(width >> (24 - 8 * i));
        header[4 + i] = static_cast<char>(height >> (24 - 8 * i));
    }
    return file.replace(8, 25, png_chunk("IHDR", header));
}

inline std::vector<std::int64_t> values(const torch::Tensor& tensor) {
    const auto flat = tensor.to(torch::kInt64).contiguous().flatten();
    return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

/// FOLDER/{cat,dog} of PNG files of 2x2, `count` in each.
inline void put_classes(const std::filesystem::path& folder, int count) {
    for (const char* name : {"cat", "dog"}) {
        std::filesystem::create_directories(folder / name);
        for (int i = 0; i < count; ++i) {
            put(folder / name / (std::to_string(i) + ".png"), png_2x2());
        }
    }
}

/// ROOT/{train,test}/{cat,dog} of PNG files of 2x2, `count` in each.
inline void put_folder(const std::filesystem::path& root, int count = 2) {
    for (const char* split : {"train", "test"}) {
        put_classes(root / split, count);
    }
}

} // namespace tessera::training::testing
