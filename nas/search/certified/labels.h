// Fronts of additive costs over a box, block by block. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "nas/search/certified/costs.h"

namespace tessera::nas::certified {

/// Partial genomes: costs so far, the label that each extends and the choice that it adds.
struct Labels {
    std::vector<double> costs; ///< width a label
    std::vector<std::uint32_t> parents, choices;

    std::size_t size() const { return parents.size(); }
    void clear();
};

/// Combines and thins out labels. Every genome stays covered: what is dropped is at least as bad as a label
/// that is kept, and labels nearer each other than a grain become one with the least cost of each dimension.
class LabelReducer {
public:
    explicit LabelReducer(const CostSystem& system) : system_(system) {}

    /// Removes labels that others cover.
    void reduce(Labels& labels);
    /// Merges labels that differ by at most `grain` in every dimension, then, with a coarser grain, until
    /// there are at most `most`.
    void merge(Labels& labels, std::vector<double> grain, std::size_t most);
    std::size_t steps() const { return steps_; }

private:
    void order(const Labels& labels);
    void keep(Labels& labels);

    const CostSystem& system_;
    std::vector<std::uint32_t> order_;
    std::vector<std::pair<double, std::uint32_t>> keys_;
    Labels kept_;
    std::size_t steps_ = 0;
};

} // namespace tessera::nas::certified
