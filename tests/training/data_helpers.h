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

/// A plain JPEG of one colour.
inline std::string jpeg(std::int64_t width, std::int64_t height, std::vector<std::uint8_t> colour) {
    jpeg_compress_struct info;
    jpeg_error_mgr errors;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &memory, &size);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = static_cast<int>(colour.size());
    info.in_color_space = colour.size() == 1 ? JCS_GRAYSCALE : colour.size() == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 95, TRUE);
    jpeg_start_compress(&info, TRUE);
    std::vector<std::uint8_t> row;
    for (std::int64_t x = 0; x < width; ++x) {
        row.insert(row.end(), colour.begin(), colour.end());
    }
    for (std::int64_t y = 0; y < height; ++y) {
        auto* pointer = row.data();
        jpeg_write_scanlines(&info, &pointer, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::string bytes(reinterpret_cast<const char*>(memory), size);
    std::free(memory);
    return bytes;
}

inline std::vector<std::int64_t> values(const torch::Tensor& tensor) {
    const auto flat = tensor.to(torch::kInt64).contiguous().flatten();
    return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

/// ROOT/{train,test}/{cat,dog} of PNG files of 2x2, `count` in each.
inline void put_folder(const std::filesystem::path& root, int count = 2) {
    for (const char* split : {"train", "test"}) {
        for (const char* name : {"cat", "dog"}) {
            std::filesystem::create_directories(root / split / name);
            for (int i = 0; i < count; ++i) {
                put(root / split / name / (std::to_string(i) + ".png"), png_2x2());
            }
        }
    }
}

} // namespace tessera::training::testing
