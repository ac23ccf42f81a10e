// Random parts of images.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "support/seed.h"
#include "training/triangle_taps.h"

namespace tessera::training {

/// A part of an image, in pixels.
struct CropBox {
    std::int64_t top = 0, left = 0, height = 0, width = 0;
    bool operator==(const CropBox&) const = default;
};

/// Bounds of a random part.
struct CropRange {
    double lowest_scale = 0.08, highest_scale = 1;          ///< share of the image's area
    double lowest_ratio = 3.0 / 4, highest_ratio = 4.0 / 3; ///< width / height
};

/// As torchvision's RandomResizedCrop draws it: area uniform in its range, the ratio's logarithm uniform in
/// its, any place in the image; after ten draws that do not fit, the largest centred part that keeps to the
/// ratios.
CropBox draw_crop_box(support::Rng& rng, std::int64_t height, std::int64_t width, const CropRange& range);

/// Scales parts of images to one size. Keeps its buffers between calls.
class BoxResampler {
public:
    /// `planes`: channels x height x width bytes. Writes box, scaled to out_height x out_width by a triangle
    /// filter and perhaps mirrored, to `out`, channels interleaved: value v becomes v * gain[c] + shift[c].
    void write(const std::uint8_t* planes, std::int64_t height, std::int64_t width, const CropBox& box,
               std::int64_t out_height, std::int64_t out_width, bool mirrored, std::span<const float> gain,
               std::span<const float> shift, float* out);

private:
    TriangleTaps across_, down_;
    std::vector<float> row_;
};

} // namespace tessera::training
