// A constructed network as a picture.
#pragma once

#include <cstdint>
#include <string>

#include "nas/construction/envelope_network.h"

namespace tessera::nas::construction {

struct PictureOptions {
    std::string title;
    search_spaces::Shape image = {3, 32, 32}; ///< what sizes of maps and costs are said for
    std::int64_t classes = 10;
};

/// Self-contained SVG from input (above) to head: a row of tiles a cell, a column an operator, faint where
/// the cell lacks the branch; stages framed, with their width and size of map; skips as arcs on the right,
/// from a dot at the source to an arrow at the cell. Equal networks give equal bytes; readable on light and
/// dark pages. Throws what network_costs() throws.
std::string network_picture(const EnvelopeNetwork& network, const PictureOptions& options = {});

} // namespace tessera::nas::construction
