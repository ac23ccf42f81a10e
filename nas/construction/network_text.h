// A constructed network as one line of text.
#pragma once

#include <string>
#include <string_view>

#include "nas/construction/envelope_network.h"

namespace tessera::nas::construction {

/// Canonical: equal networks have equal texts. A head, then the entries in order; a cell is its branches
/// with the numbers of its skips' sources in brackets:
/// `envelope_network(width=64,kernel=3,limited=false) 1x1+5x5sep 3x3 1x1+7x7sep[1] widener 3x3[1,2,3]`.
std::string network_text(const EnvelopeNetwork& network);

/// The opposite, strictly: throws UsageError naming `source` and what is wrong for anything but what
/// network_text() writes for a network that check() accepts (blanks around it aside).
EnvelopeNetwork parse_network(std::string_view text, std::string_view source);

} // namespace tessera::nas::construction
