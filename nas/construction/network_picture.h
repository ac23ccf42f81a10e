// A constructed network as a picture.
#pragma once

#include <string>

#include "nas/construction/envelope_costs.h"

namespace tessera::nas::construction {

/// What the network alone does not say.
struct PictureOptions {
    std::string title;
    search_spaces::Shape map; ///< that its initial convolution sees, one step apart: what sizes are said for
    search_spaces::Shape image; ///< of the input, before a stride of the stem
    EnvelopeCosts costs;        ///< with stem and head
    std::string head;           ///< in words: "mean over the map, 10 classes"
};

/// Self-contained SVG from input (above) to head: a row of tiles a cell, a column an operator, faint where
/// the cell lacks the branch; stages framed, with their width and size of map; skips as arcs on the right,
/// from a dot at the source to an arrow at the cell. Equal networks give equal bytes; readable on light and
/// dark pages. Throws what layout() throws.
std::string network_picture(const EnvelopeNetwork& network, const PictureOptions& options);

} // namespace tessera::nas::construction
