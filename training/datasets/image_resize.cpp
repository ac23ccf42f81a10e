#include <algorithm>

#include "training/datasets/image_decoding.h"
#include "training/triangle_taps.h"

namespace tessera::training {

void resize_and_crop(const Image& image, std::int64_t height, std::int64_t width, std::uint8_t* planes) {
    const double scale = std::min(static_cast<double>(image.width) / static_cast<double>(width),
                                  static_cast<double>(image.height) / static_cast<double>(height));
    // The output is the centre of the input.
    const auto centred = [&](std::int64_t input, std::int64_t output) {
        TriangleTaps taps;
        taps.fill((static_cast<double>(input) - static_cast<double>(output) * scale) / 2, scale, output, 0,
                  input);
        return taps;
    };
    const auto across = centred(image.width, width), down = centred(image.height, height);
    const auto channels = image.channels;

    // Rows that are needed, already narrowed: (end - begin) x width x channels.
    std::vector<float> rows(static_cast<std::size_t>((down.end() - down.begin()) * width * channels));
    auto* out = rows.data();
    for (auto y = down.begin(); y < down.end(); ++y) {
        for (std::size_t x = 0; x < across.size(); ++x) {
            const auto* in = image.pixels.data() + (y * image.width + across.first(x)) * channels;
            for (std::int64_t c = 0; c < channels; ++c) {
                float sum = 0;
                const auto* value = in + c;
                for (const float weight : across.weights(x)) {
                    sum += weight * *value;
                    value += channels;
                }
                *out++ = sum;
            }
        }
    }
    for (std::int64_t c = 0; c < channels; ++c) {
        for (std::size_t y = 0; y < down.size(); ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                const auto* value = rows.data() + ((down.first(y) - down.begin()) * width + x) * channels + c;
                float sum = 0;
                for (const float weight : down.weights(y)) {
                    sum += weight * *value;
                    value += width * channels;
                }
                *planes++ = static_cast<std::uint8_t>(std::clamp(sum + 0.5F, 0.0F, 255.0F));
            }
        }
    }
}

} // namespace tessera::training
