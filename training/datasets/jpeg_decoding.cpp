#include <algorithm>
#include <csetjmp>
#include <cstdio> // jpeglib.h uses FILE without including it
#include <cstring>

#include <jpeglib.h>

#include <jerror.h>

#include <fmt/format.h>

#include "support/error.h"
#include "training/datasets/image_decoding.h"
#include "training/datasets/image_orientation.h"

namespace tessera::training {
namespace {

/// libjpeg reports errors by a function that must not return. Exceptions may not cross its C frames: it jumps
/// back into read_header() or read_pixels(), which hold nothing that needs a destructor.
struct Decoder {
    jpeg_decompress_struct info{};
    jpeg_error_mgr errors{};
    jpeg_progress_mgr progress{};
    std::jmp_buf jump{};
    char message[JMSG_LENGTH_MAX] = "";

    Decoder();
    ~Decoder() { jpeg_destroy_decompress(&info); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
};

[[noreturn]] void give_up(j_common_ptr info) {
    auto* decoder = static_cast<Decoder*>(info->client_data);
    info->err->format_message(info, decoder->message);
    std::longjmp(decoder->jump, 1);
}

/// libjpeg only warns of missing or senseless data and fills in grey.
void warn(j_common_ptr info, int level) {
    if (level >= 0) {
        return;
    }
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        give_up(info);
    default:
        break;
    }
}

/// A small progressive file may ask for thousands of passes over a large image.
void limit_scans(j_common_ptr info) {
    auto* decoder = static_cast<Decoder*>(info->client_data);
    if (decoder->info.input_scan_number > 200) {
        std::strcpy(decoder->message, "more than 200 scans");
        std::longjmp(decoder->jump, 1);
    }
}

Decoder::Decoder() {
    info.err = jpeg_std_error(&errors);
    errors.error_exit = give_up;
    errors.emit_message = warn;
    info.client_data = this;
    if (setjmp(jump) != 0) {
        throw support::RunError(std::string("libjpeg: ") + message);
    }
    jpeg_create_decompress(&info);
    progress.progress_monitor = limit_scans;
    info.progress = &progress;
}

bool read_header(Decoder& decoder, const unsigned char* bytes, std::size_t size) {
    if (setjmp(decoder.jump) != 0) {
        return false;
    }
    jpeg_mem_src(&decoder.info, bytes, size);
    jpeg_save_markers(&decoder.info, JPEG_APP0 + 1, 0xFFFF); // where EXIF is
    jpeg_read_header(&decoder.info, TRUE);
    return true;
}

bool settle_size(Decoder& decoder) {
    if (setjmp(decoder.jump) != 0) {
        return false;
    }
    jpeg_calc_output_dimensions(&decoder.info);
    return true;
}

bool read_pixels(Decoder& decoder, unsigned char* pixels, std::size_t stride) {
    if (setjmp(decoder.jump) != 0) {
        return false;
    }
    jpeg_start_decompress(&decoder.info);
    while (decoder.info.output_scanline < decoder.info.output_height) {
        unsigned char* row = pixels + decoder.info.output_scanline * stride;
        jpeg_read_scanlines(&decoder.info, &row, 1);
    }
    jpeg_finish_decompress(&decoder.info);
    return true;
}

/// Of the first EXIF among the markers kept; other programs' data share its marker.
int orientation_of(const jpeg_decompress_struct& info) {
    for (const auto* marker = info.marker_list; marker != nullptr; marker = marker->next) {
        const std::string_view content(reinterpret_cast<const char*>(marker->data), marker->data_length);
        if (content.starts_with("Exif")) {
            return exif_orientation(content);
        }
    }
    return 1;
}

/// Adobe's programs, the only common writers of CMYK, store it inverted.
Image cmyk_to_rgb(const Image& image) {
    Image rgb{image.width, image.height, 3, std::vector<std::uint8_t>(image.pixels.size() / 4 * 3)};
    for (std::size_t i = 0; i < image.pixels.size() / 4; ++i) {
        const auto* p = &image.pixels[4 * i];
        for (std::size_t c = 0; c < 3; ++c) {
            rgb.pixels[3 * i + c] = static_cast<std::uint8_t>(p[c] * p[3] / 255);
        }
    }
    return rgb;
}

} // namespace

Image decode_jpeg(std::string_view bytes, const DecodeOptions& options, const std::string& name) {
    const auto refuse = [&](const char* why) {
        throw support::RunError(fmt::format("{}: damaged JPEG: {}", name, why));
    };
    Decoder decoder;
    auto& info = decoder.info;
    if (!read_header(decoder, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())) {
        refuse(decoder.message);
    }
    check_image_size(info.image_width, info.image_height, options.max_pixels, name);
    const int orientation = orientation_of(info); // the markers go when the last row has been read

    const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = cmyk ? JCS_CMYK : options.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    const auto side = static_cast<std::int64_t>(std::min(info.image_width, info.image_height));
    info.scale_num = info.scale_denom = 1;
    const auto needed = options.needed_side;
    while (needed > 0 && info.scale_denom < 8 && side / (2 * info.scale_denom) >= 2 * needed) {
        info.scale_denom *= 2;
    }
    if (!settle_size(decoder)) {
        refuse(decoder.message);
    }
    Image image{info.output_width, info.output_height, info.out_color_components, {}};
    image.pixels.resize(static_cast<std::size_t>(image.width * image.height * image.channels));
    if (!read_pixels(decoder, image.pixels.data(), static_cast<std::size_t>(image.width * image.channels))) {
        refuse(decoder.message);
    }
    return upright(cmyk ? cmyk_to_rgb(image) : std::move(image), orientation);
}

} // namespace tessera::training
