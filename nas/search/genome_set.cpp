#include "nas/search/genome_set.h"

#include <limits>
#include <stdexcept>

namespace tessera::nas {

std::size_t GenomeSet::slot_of(std::span<const int> genome) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash(genome) & mask;
    while (slots_[slot] != 0) {
        const int* other = genes_.data() + (slots_[slot] - 1) * blocks_;
        std::size_t b = 0; // a call of memcmp would cost more than the few genes
        while (b < blocks_ && genome[b] == other[b]) {
            ++b;
        }
        if (b == blocks_) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

bool GenomeSet::insert(std::span<const int> genome) {
    const std::size_t slot = slot_of(genome);
    if (slots_[slot] != 0) {
        return false;
    }
    if (size_ >= std::numeric_limits<std::uint32_t>::max() - 1) {
        throw std::length_error("a search holds at most 4 294 967 294 genomes");
    }
    genes_.insert(genes_.end(), genome.begin(), genome.end());
    slots_[slot] = static_cast<std::uint32_t>(++size_);
    if (2 * size_ > slots_.size()) {
        rehash(2 * slots_.size());
    }
    return true;
}

void GenomeSet::reserve(std::size_t genomes) {
    genes_.reserve(genomes * blocks_);
    std::size_t slots = slots_.size();
    while (slots < 2 * genomes) {
        slots *= 2;
    }
    if (slots > slots_.size()) {
        rehash(slots);
    }
}

void GenomeSet::rehash(std::size_t slots) {
    slots_.assign(slots, 0);
    for (std::size_t i = 0; i < size_; ++i) {
        std::size_t slot = hash((*this)[i]) & (slots - 1);
        while (slots_[slot] != 0) {
            slot = (slot + 1) & (slots - 1);
        }
        slots_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

} // namespace tessera::nas
