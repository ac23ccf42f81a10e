// The fixed last layers of a network.
#pragma once

#include <cstdint>
#include <string>

#include "search_spaces/costs.h"
#include "support/config.h"

namespace tessera::search_spaces {

/// Optional 1x1 convolution -> BatchNorm -> activation, optional LayerNorm, pooling, dropout, linear.
struct HeadOptions {
    std::int64_t channels = 0; ///< of the 1x1 convolution; 0: none
    std::string act = "relu";
    std::string norm = "none"; ///< none | layer: over the channels of each position, before pooling
    std::string pool = "mean"; ///< mean over the image's positions | class: the class token
    double dropout = 0;

    /// Throws UsageError where `map`, which the head receives, has no class token to pool, or one that a
    /// convolution has no place for.
    static HeadOptions read(support::Section section, const Shape& map);

    Costs costs(const Shape& map, std::int64_t classes) const;
    /// As a YAML flow mapping that read() takes.
    std::string yaml() const;
    /// What fixes the weights' shapes, as text for hashes.
    std::string skeleton() const;
};

} // namespace tessera::search_spaces
