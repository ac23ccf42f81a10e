// The fixed first layers of a network: convolutions, or the patch embedding of a vision transformer.
#pragma once

#include <cstdint>
#include <string>

#include "search_spaces/costs.h"
#include "support/config.h"

namespace tessera::search_spaces {

struct StemOptions {
    /// conv: `layers` times convolution -> BatchNorm (or a bias) -> activation. patch: one convolution whose
    /// kernel is its stride, with a bias (Dosovitskiy et al., arXiv 2010.11929).
    std::string kind = "conv";
    std::int64_t channels = 16;
    std::int64_t kernel = 3;  ///< conv: of each layer
    std::int64_t stride = 1;  ///< what the image's sides are divided by; patch: the patch's side
    std::string act = "relu"; ///< conv: relu | relu6 | swish | hswish
    /// conv: the last ones halve the map, one factor of two of the stride each; each layer has half the
    /// channels of the next one, but no fewer than 8 (Xiao et al., arXiv 2106.14881).
    std::int64_t layers = 1;
    std::string norm = "batch";     ///< conv: batch | none (a bias instead)
    std::string positions = "none"; ///< none | learned | sinusoidal: added to the tokens
    bool class_token = false;       ///< one learned token before those of the image

    /// Throws UsageError for patches that do not tile the image, a stride that the layers cannot share, a
    /// width that sinusoids do not fill.
    static StemOptions read(support::Section section, const Shape& image);

    Shape output(const Shape& image) const;
    Costs costs(const Shape& image) const;
    /// As a YAML flow mapping that read() takes.
    std::string yaml() const;
    /// What fixes the weights' shapes, as text for hashes.
    std::string skeleton() const;

    struct Layer {
        std::int64_t channels = 0, stride = 1;
    };
    /// conv: its layers in order.
    std::vector<Layer> convolutions() const;
};

} // namespace tessera::search_spaces
