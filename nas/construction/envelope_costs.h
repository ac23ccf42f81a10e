// What a constructed network costs, counted without building it.
#pragma once

#include <cstdint>

#include "nas/construction/envelope_network.h"

namespace tessera::nas::construction {

struct EnvelopeCosts {
    std::int64_t parameters = 0; ///< trainable: weights, biases, BatchNorm's shifts, one scalar a skip
    std::int64_t macs = 0;       ///< multiply-accumulates of convolutions and the linear layer, one image
    EnvelopeCosts& operator+=(const EnvelopeCosts& other);
    bool operator==(const EnvelopeCosts&) const = default;
};

/// Of one entry (0: the initial convolution), given the sizes of all. Throws UsageError beyond 63 bits.
EnvelopeCosts entry_costs(const EnvelopeNetwork& network, const std::vector<EntryLayout>& sizes, int number);

/// Of the whole network on images of this shape with a head of `classes`. BatchNorm has a shift and no
/// scale. Throws UsageError for shapes without extent, no classes, what check() refuses, beyond 63 bits.
EnvelopeCosts network_costs(const EnvelopeNetwork& network, search_spaces::Shape image, std::int64_t classes);

} // namespace tessera::nas::construction
