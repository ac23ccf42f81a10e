// Distinct genomes, side by side in one array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tessera::nas {

/// Genomes of equal length, numbered in order of insertion, found again by open addressing.
class GenomeSet {
public:
    explicit GenomeSet(std::size_t blocks) : blocks_(blocks), slots_(64, 0) {}

    /// Adds a copy; false where it was there.
    bool insert(std::span<const int> genome);
    bool contains(std::span<const int> genome) const { return slots_[slot_of(genome)] != 0; }
    std::size_t size() const { return size_; }
    /// Until the next insertion.
    std::span<const int> operator[](std::size_t i) const { return {genes_.data() + i * blocks_, blocks_}; }
    void reserve(std::size_t genomes);

    static std::uint64_t hash(std::span<const int> genome) {
        std::uint64_t hash = 0xcbf29ce484222325ULL;
        for (const int gene : genome) {
            hash = (hash ^ static_cast<std::uint64_t>(gene)) * 0x9e3779b97f4a7c15ULL;
            hash ^= hash >> 29;
        }
        return hash;
    }

private:
    /// Where the genome is, or the free slot where it belongs.
    std::size_t slot_of(std::span<const int> genome) const;
    void rehash(std::size_t slots);

    std::size_t blocks_, size_ = 0;
    std::vector<int> genes_;
    std::vector<std::uint32_t> slots_; ///< number + 1, 0: free; a power of two of them, at most half taken
};

/// For containers of genomes.
struct GenomeHash {
    std::size_t operator()(const std::vector<int>& genome) const {
        return static_cast<std::size_t>(GenomeSet::hash(genome));
    }
};

} // namespace tessera::nas
