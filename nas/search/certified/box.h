// Boxes of genomes and what can be reached within them. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nas/search/certified/archive.h"
#include "nas/search/certified/labels.h"
#include "nas/search/certified/ledger.h"
#include "nas/search/certified/relaxation.h"

namespace tessera::nas::certified {

/// Genomes made of some choices of each block.
struct Box {
    Choices choices;
    std::vector<double> points; ///< sought costs that cover whatever of the box is not settled
    double depth = unbounded;   ///< of the deepest point
    std::size_t block = 0;      ///< along which to split it
    std::size_t dimension = 0;  ///< whose pairs ask for that
};

/// Halves a box along its block: by the middle of its keys' range, so that the scalars' range halves, or by
/// rank of the first cost where the dimension has no pairs that tell choices apart.
std::vector<Box> split(const CostSystem& system, const Box& box);

/// Relaxes boxes and runs the dynamic program over blocks on what comes out.
class Bounder {
public:
    Bounder(const CostSystem& system, Archive& archive, Ledger& ledger);

    /// Removes choices that are in nothing unsettled and leaves the points that are; those points' genomes
    /// are evaluated. `depth` is that of the box that this one is part of, whose points it still has: they
    /// hold for it too. False where all is settled.
    bool bound(Box& box, double depth);
    std::uint64_t steps() const { return steps_ + reducer_.steps() + ledger_.scanned() / 4; }

private:
    bool bound_once(Box& box, double depth);
    bool reaches_floors(const Choices& choices) const;
    void find_corner(const Box& box);
    void find_slack();
    void find_suffixes();
    std::size_t widest(const Choices& choices) const;
    Labels labels_of(std::size_t block) const;
    void combine(const Labels& before, const Labels& block, const std::vector<double>& rest,
                 const std::vector<double>& grain, Labels& after);
    void thin(Labels& labels, const std::vector<double>& grain);
    void finish(Box& box, const Labels& found);
    std::vector<int> genome(const Choices& choices, std::uint32_t label, std::uint32_t last) const;

    const CostSystem& system_;
    Archive& archive_;
    Ledger& ledger_;
    Relaxation relaxation_;
    LabelReducer reducer_;
    std::size_t label_limit_;                 ///< in one box at a time
    std::vector<double> corner_;              ///< no cost of a genome that matters is below
    std::vector<double> slack_;               ///< [block] in shares of the archive's range
    std::vector<std::size_t> order_;          ///< of the blocks; choices of the last are removed
    std::vector<std::vector<double>> suffix_; ///< [stage] least costs of the blocks from there on
    std::vector<Labels> stages_;
    std::vector<char> used_; ///< [choice of the block combined last] whether some label holds it
    std::uint64_t steps_ = 0;
};

} // namespace tessera::nas::certified
