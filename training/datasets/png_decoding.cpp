#include <csetjmp>
#include <cstring>

#include <png.h>

#include <fmt/format.h>

#include "support/error.h"
#include "training/datasets/image_decoding.h"
#include "training/datasets/image_orientation.h"

namespace tessera::training {
namespace {

/// As with JPEG, errors jump back into functions that hold nothing that needs a destructor.
struct Reader {
    std::string_view bytes;
    std::size_t position = 0;
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::jmp_buf jump{};
    char message[128] = "";

    explicit Reader(std::string_view content);
    ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
};

[[noreturn]] void give_up(png_structp png, png_const_charp text) {
    auto* reader = static_cast<Reader*>(png_get_error_ptr(png));
    std::strncpy(reader->message, text, sizeof reader->message - 1);
    std::longjmp(reader->jump, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
    auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
    if (count > reader->bytes.size() - reader->position) {
        png_error(png, "the file ends early");
    }
    std::memcpy(out, reader->bytes.data() + reader->position, count);
    reader->position += count;
}

Reader::Reader(std::string_view content) : bytes(content) {
    if (setjmp(jump) != 0) {
        throw support::RunError(std::string("libpng: ") + message);
    }
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, give_up, ignore_warning);
    info = png != nullptr ? png_create_info_struct(png) : nullptr;
    if (info == nullptr) {
        throw support::RunError("libpng: out of memory");
    }
    png_set_read_fn(png, this, read_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // the caller looks at the area
    png_set_chunk_malloc_max(png, 8U << 20);
    png_set_chunk_cache_max(png, 1); // texts are not kept
}

/// Up to the pixels.
bool read_header(Reader& reader) {
    if (setjmp(reader.jump) != 0) {
        return false;
    }
    png_read_info(reader.png, reader.info);
    return true;
}

/// Asks for 8-bit grey or RGB, each perhaps with alpha, into which libpng turns transparent palette entries
/// and colours as well. Allocates rows, so the size must be known to be fine.
bool settle_format(Reader& reader) {
    if (setjmp(reader.jump) != 0) {
        return false;
    }
    const int type = png_get_color_type(reader.png, reader.info);
    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(reader.png);
    }
    if (type == PNG_COLOR_TYPE_GRAY) {
        png_set_expand_gray_1_2_4_to_8(reader.png);
    }
    if (png_get_valid(reader.png, reader.info, PNG_INFO_tRNS) != 0) {
        png_set_tRNS_to_alpha(reader.png);
    }
    png_set_scale_16(reader.png);
    png_set_interlace_handling(reader.png);
    png_read_update_info(reader.png, reader.info);
    return true;
}

/// Lays an image whose last channel is alpha on white, and leaves the other channels.
void lay_on_white(Image& image) {
    const auto colours = static_cast<std::size_t>(image.channels) - 1;
    std::size_t to = 0;
    for (std::size_t from = 0; from < image.pixels.size(); from += colours + 1) {
        const unsigned alpha = image.pixels[from + colours];
        for (std::size_t c = 0; c < colours; ++c) {
            const unsigned value = image.pixels[from + c] * alpha + 255 * (255 - alpha);
            image.pixels[to++] = static_cast<std::uint8_t>((value + 127) / 255);
        }
    }
    image.pixels.resize(to);
    --image.channels;
}

bool read_pixels(Reader& reader, png_bytepp rows) {
    if (setjmp(reader.jump) != 0) {
        return false;
    }
    png_read_image(reader.png, rows);
    png_read_end(reader.png, reader.info); // what comes after the pixels may be their orientation
    return true;
}

int orientation_of(const Reader& reader) {
#ifdef PNG_eXIf_SUPPORTED // libpng 1.6.32
    png_uint_32 size = 0;
    png_bytep bytes = nullptr;
    if (png_get_eXIf_1(reader.png, reader.info, &size, &bytes) != 0) {
        return tiff_orientation({reinterpret_cast<const char*>(bytes), size});
    }
#else
    static_cast<void>(reader);
#endif
    return 1;
}

} // namespace

Image decode_png(std::string_view bytes, const DecodeOptions& options, const std::string& name) {
    Reader reader(bytes);
    const auto refuse = [&](const char* why) {
        throw support::RunError(fmt::format("{}: damaged PNG: {}", name, why));
    };
    if (!read_header(reader)) {
        refuse(reader.message);
    }
    check_image_size(png_get_image_width(reader.png, reader.info),
                     png_get_image_height(reader.png, reader.info), options.max_pixels, name);
    if (!settle_format(reader)) {
        refuse(reader.message);
    }
    Image image{png_get_image_width(reader.png, reader.info),
                png_get_image_height(reader.png, reader.info),
                png_get_channels(reader.png, reader.info),
                {}};
    const auto row_bytes = static_cast<std::size_t>(image.width * image.channels);
    if (image.channels < 1 || image.channels > 4 || png_get_rowbytes(reader.png, reader.info) != row_bytes) {
        refuse("an unknown pixel format");
    }
    image.pixels.resize(row_bytes * static_cast<std::size_t>(image.height));
    std::vector<png_bytep> rows;
    for (std::int64_t y = 0; y < image.height; ++y) {
        rows.push_back(&image.pixels[row_bytes * static_cast<std::size_t>(y)]);
    }
    if (!read_pixels(reader, rows.data())) {
        refuse(reader.message);
    }
    if (image.channels % 2 == 0) {
        lay_on_white(image);
    }
    return upright(std::move(image), orientation_of(reader));
}

} // namespace tessera::training
