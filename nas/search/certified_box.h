// Boxes of genomes and what can be reached within them. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nas/search/certified_archive.h"
#include "nas/search/certified_labels.h"
#include "nas/search/certified_ledger.h"
#include "nas/search/certified_relaxation.h"

namespace tessera::nas::certified {

struct Box {
    Choices choices;
    std::vector<double> points; ///< sought costs that cover whatever of the box is not settled
    double depth = unbounded;   ///< of the deepest point
    std::size_t block = 0;      ///< along which to split it
};

class Bounder {
public:
    Bounder(const CostSystem& system, Archive& archive, Ledger& ledger);

    /// Relaxes the box, removes choices of `block` that are in nothing unsettled and leaves the points that
    /// are; those points' genomes are evaluated. `depth` is that of the box that this one is part of. False
    /// where all is settled.
    bool bound(Box& box, double depth);
    std::uint64_t steps() const { return steps_ + reducer_.steps(); }
    /// Halves a box along its block.
    std::vector<Box> split(const Box& box) const;

private:
    bool reaches_floors(const Choices& choices) const;
    void choose_order(const Box& box);
    void extend(std::size_t stage, const std::vector<double>& grain);
    void finish(Box& box);
    std::vector<int> genome(const Choices& choices, std::uint32_t label, std::uint32_t last) const;

    const CostSystem& system_;
    Archive& archive_;
    Ledger& ledger_;
    Relaxation relaxation_;
    LabelReducer reducer_;
    std::vector<std::size_t> order_;          ///< of the blocks; the last is split
    std::vector<std::vector<double>> suffix_; ///< [stage] least costs of the blocks from there on
    std::vector<Labels> stages_;
    Labels block_;
    std::uint64_t steps_ = 0;
};

} // namespace tessera::nas::certified
