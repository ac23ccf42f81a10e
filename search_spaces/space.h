// The search space: stem, blocks with their choices, head. Read from YAML; torch-free to use.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "search_spaces/architecture.h"
#include "search_spaces/family.h"
#include "search_spaces/head.h"
#include "search_spaces/stem.h"
#include "support/config.h"

namespace tessera::search_spaces {

/// A map that a block receives beside that of the block before it.
struct Skip {
    std::size_t source = 0; ///< 0: the stem's map; i: that of the i-th block, counted from 1
    std::int64_t pool = 1;  ///< max-pooled by this, to the size of the block's own input
    bool operator==(const Skip&) const = default;
};

struct Block {
    std::string name;
    Site site;
    std::vector<Skip> skips;     ///< their maps follow the block before's in the channels of site.input
    std::vector<Choice> choices; ///< the reference's own first; complete, distinct
    int reference_place = 0;     ///< of the reference's choice in the list as written

    /// The map of the block before, or the stem's.
    Shape sequential_input() const;
};

class SearchSpace {
public:
    /// Reads the `space` section. Throws UsageError (file:line:column) for an empty block, a choice that
    /// cannot fit, a reference that is not among the choices, duplicate block names, a map that shrinks to
    /// nothing.
    static SearchSpace read(support::Section section);
    /// What blocks made by a program have to fit.
    struct Surroundings {
        Shape input;
        std::int64_t classes = 0;
        StemOptions stem;
    };
    /// The same without `blocks` in the section: they are the `blocks` of the document that is made, whose
    /// `stem` counts instead of the section's where it has one.
    static SearchSpace read(support::Section section,
                            const std::function<support::Document(const Surroundings&)>& make_blocks);

    const std::string& name() const { return name_; }
    const Shape& input() const { return input_; }
    /// 1 where the head gives a depth for every pixel.
    std::int64_t classes() const { return classes_; }
    const StemOptions& stem() const { return stem_; }
    const HeadOptions& head() const { return head_; }
    const std::vector<Block>& blocks() const { return blocks_; }

    /// Number of architectures; exact as long as it fits a double's 53 bits.
    double size() const;
    std::int64_t choice_count() const;
    Architecture reference() const;

    /// One choice index per block <-> architecture. Throws UsageError when a choice is not in the space
    /// (naming block, choice and the nearest choice of that block) or the number of blocks differs.
    Architecture architecture(std::span<const int> genome) const;
    std::vector<int> genome(const Architecture& architecture) const;
    /// Index of a choice of a block; parameters that equal their defaults may be left out. Throws UsageError
    /// as genome() does.
    int index_of(std::size_t block, const Choice& choice) const;

    Costs stem_costs() const;
    Costs head_costs() const;
    /// Of a choice in its block: its own, its block's join, and in the peak also the maps that wait meanwhile
    /// for the joins of later blocks.
    Costs block_costs(std::size_t block, const Choice& choice) const;
    /// Whole network: sums of work and parameters, maximum of the peaks.
    Costs costs(const Architecture& architecture) const;

    /// Hash of everything that fixes the weights' shapes: input, classes, stem, head, sites. Not of the
    /// choices.
    std::string skeleton_hash() const;
    /// Hash of the skeleton and of every block's choices, whatever their order.
    std::string hash() const;

private:
    /// Elements of the maps that wait, while a block works, for the joins of later ones.
    std::int64_t waiting_elements(std::size_t block) const;
    void index_choices();
    /// Index of a choice in a block, or -1.
    int find(std::size_t block, const Choice& choice) const;

    std::string name_;
    Shape input_;
    std::int64_t classes_ = 0;
    StemOptions stem_;
    HeadOptions head_;
    std::vector<Block> blocks_;
    std::vector<std::vector<int>> sorted_; ///< per block, the choices' indices in the choices' order
};

} // namespace tessera::search_spaces
