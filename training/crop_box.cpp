#include "training/crop_box.h"

#include <algorithm>
#include <cmath>

namespace tessera::training {

CropBox draw_crop_box(support::Rng& rng, std::int64_t height, std::int64_t width, const CropRange& range) {
    const auto h = static_cast<double>(height), w = static_cast<double>(width);
    const double low = std::log(range.lowest_ratio), high = std::log(range.highest_ratio);
    for (int attempt = 0; attempt < 10; ++attempt) {
        const double share = range.lowest_scale + (range.highest_scale - range.lowest_scale) * rng.uniform();
        const double ratio = std::exp(low + (high - low) * rng.uniform());
        const auto box_width = std::llround(std::sqrt(h * w * share * ratio));
        const auto box_height = std::llround(std::sqrt(h * w * share / ratio));
        if (box_width > 0 && box_width <= width && box_height > 0 && box_height <= height) {
            const auto top = rng.below(static_cast<std::uint64_t>(height - box_height + 1));
            const auto left = rng.below(static_cast<std::uint64_t>(width - box_width + 1));
            return {static_cast<std::int64_t>(top), static_cast<std::int64_t>(left), box_height, box_width};
        }
    }
    CropBox box{0, 0, height, width};
    if (w / h < range.lowest_ratio) {
        box.height = std::max<std::int64_t>(1, std::llround(w / range.lowest_ratio));
    } else if (w / h > range.highest_ratio) {
        box.width = std::max<std::int64_t>(1, std::llround(h * range.highest_ratio));
    }
    box.top = (height - box.height) / 2;
    box.left = (width - box.width) / 2;
    return box;
}

void BoxResampler::write(const std::uint8_t* planes, std::int64_t height, std::int64_t width,
                         const CropBox& box, std::int64_t out_height, std::int64_t out_width, bool mirrored,
                         std::span<const float> gain, std::span<const float> shift, float* out) {
    down_.fill(static_cast<double>(box.top),
               static_cast<double>(box.height) / static_cast<double>(out_height), out_height, box.top,
               box.top + box.height);
    across_.fill(0, static_cast<double>(box.width) / static_cast<double>(out_width), out_width, 0, box.width);
    row_.resize(static_cast<std::size_t>(box.width));
    const auto channels = static_cast<std::int64_t>(gain.size());
    const auto step = mirrored ? -channels : channels;
    for (std::int64_t c = 0; c < channels; ++c) {
        const auto scale = gain[static_cast<std::size_t>(c)], offset = shift[static_cast<std::size_t>(c)];
        for (std::int64_t y = 0; y < out_height; ++y) {
            // Down first: whole rows at once, which compilers turn into vector instructions.
            const auto* in =
                planes + (c * height + down_.first(static_cast<std::size_t>(y))) * width + box.left;
            std::fill(row_.begin(), row_.end(), 0.0F);
            for (const float weight : down_.weights(static_cast<std::size_t>(y))) {
                for (std::size_t x = 0; x < row_.size(); ++x) {
                    row_[x] += weight * static_cast<float>(in[x]);
                }
                in += width;
            }
            auto* target = out + (y * out_width + (mirrored ? out_width - 1 : 0)) * channels + c;
            for (std::size_t x = 0; x < across_.size(); ++x, target += step) {
                const auto* value = row_.data() + across_.first(x);
                float sum = 0;
                for (const float weight : across_.weights(x)) {
                    sum += weight * *value++;
                }
                *target = sum * scale + offset;
            }
        }
    }
}

} // namespace tessera::training
