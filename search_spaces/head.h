// The fixed last layers of a network.
#pragma once

#include <cstdint>
#include <string>

#include "search_spaces/costs.h"
#include "support/config.h"

namespace tessera::search_spaces {

/// classifier: optional 1x1 convolution -> BatchNorm -> activation, optional LayerNorm, pooling, dropout,
/// linear: B x classes logits. depth: a decoder (layers/depth_decoder.h) up to the image's size: B x 1 x H x
/// W positive numbers.
struct HeadOptions {
    std::string kind = "classifier";
    std::int64_t channels = 0; ///< of the 1x1 convolution; 0: none (classifier alone)
    std::string act = "relu";
    std::string norm = "none"; ///< none | layer: over the channels of each position, first of all but a
                               ///< classifier's convolution
    std::string pool = "mean"; ///< classifier: mean over the image's positions | class: the class token
    double dropout = 0;        ///< classifier
    std::string upsample = "bilinear"; ///< depth: bilinear | nearest

    /// A number for every pixel instead of one for every class.
    bool dense() const { return kind == "depth"; }

    /// Throws UsageError where `map`, which the head receives, has no class token to pool, or one that a
    /// convolution has no place for, and for keys that mean nothing to the kind.
    static HeadOptions read(support::Section section, const Shape& map);

    Costs costs(const Shape& map, const Shape& image, std::int64_t classes) const;
    /// As a YAML flow mapping that read() takes.
    std::string yaml() const;
    /// What fixes the weights' shapes, as text for hashes.
    std::string skeleton() const;
};

} // namespace tessera::search_spaces
