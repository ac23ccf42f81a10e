#include <algorithm>
#include <cmath>

#include "training/datasets/image_decoding.h"

namespace tessera::training {
namespace {

/// For each output position along one axis: the first input position and the weights of it and its
/// successors.
struct Taps {
    std::vector<std::int64_t> first;
    std::vector<std::vector<float>> weights;
    std::int64_t begin() const { return first.front(); }
    std::int64_t end() const { return first.back() + static_cast<std::int64_t>(weights.back().size()); }
};

/// `scale` input positions make one output position; the output is the centre of the input.
Taps make_taps(std::int64_t input, std::int64_t output, double scale) {
    Taps taps;
    const double offset = (static_cast<double>(input) - static_cast<double>(output) * scale) / 2;
    const double reach = std::max(scale, 1.0);
    for (std::int64_t i = 0; i < output; ++i) {
        const double centre = offset + (static_cast<double>(i) + 0.5) * scale;
        const auto low = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(centre - reach)));
        const auto high = std::min<std::int64_t>(input, static_cast<std::int64_t>(std::ceil(centre + reach)));
        std::int64_t first = low;
        std::vector<float> weights;
        double sum = 0;
        for (std::int64_t at = low; at < high; ++at) {
            const double weight = 1 - std::abs(static_cast<double>(at) + 0.5 - centre) / reach;
            if (weight <= 0) {
                if (weights.empty()) {
                    first = at + 1;
                    continue;
                }
                break;
            }
            weights.push_back(static_cast<float>(weight));
            sum += weight;
        }
        for (auto& weight : weights) {
            weight = static_cast<float>(weight / sum);
        }
        taps.first.push_back(first);
        taps.weights.push_back(std::move(weights));
    }
    return taps;
}

} // namespace

void resize_and_crop(const Image& image, std::int64_t height, std::int64_t width, std::uint8_t* planes) {
    const double scale = std::min(static_cast<double>(image.width) / static_cast<double>(width),
                                  static_cast<double>(image.height) / static_cast<double>(height));
    const auto across = make_taps(image.width, width, scale), down = make_taps(image.height, height, scale);
    const auto channels = image.channels;

    // Rows that are needed, already narrowed: (end - begin) x width x channels.
    std::vector<float> rows(static_cast<std::size_t>((down.end() - down.begin()) * width * channels));
    auto* out = rows.data();
    for (auto y = down.begin(); y < down.end(); ++y) {
        for (std::size_t x = 0; x < across.first.size(); ++x) {
            const auto* in = image.pixels.data() + (y * image.width + across.first[x]) * channels;
            for (std::int64_t c = 0; c < channels; ++c) {
                float sum = 0;
                for (std::size_t k = 0; k < across.weights[x].size(); ++k) {
                    sum += across.weights[x][k] * in[static_cast<std::int64_t>(k) * channels + c];
                }
                *out++ = sum;
            }
        }
    }
    for (std::int64_t c = 0; c < channels; ++c) {
        for (std::size_t y = 0; y < down.first.size(); ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                const auto* in = rows.data() + ((down.first[y] - down.begin()) * width + x) * channels + c;
                float sum = 0;
                for (std::size_t k = 0; k < down.weights[y].size(); ++k) {
                    sum += down.weights[y][k] * in[static_cast<std::int64_t>(k) * width * channels];
                }
                *planes++ = static_cast<std::uint8_t>(std::clamp(sum + 0.5F, 0.0F, 255.0F));
            }
        }
    }
}

} // namespace tessera::training
