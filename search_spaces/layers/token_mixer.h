// What lets tokens see each other: the part of a transformer layer that families differ in.
#pragma once

#include <cstdint>
#include <utility>

#include <torch/torch.h>

namespace tessera::search_spaces {

/// How a sequence lies in the image: `prefix` tokens that belong to no place (a class token), then
/// height x width of them, row by row. A sequence without a grid has height 1.
struct TokenGrid {
    std::int64_t height = 1, width = 1, prefix = 0;
    std::int64_t length() const { return prefix + height * width; }
    bool operator==(const TokenGrid&) const = default;
};

/// Base of all token mixers. They know their grid and width from construction and, being blocks of a
/// deployed network, bake them in.
struct TokenMixerImpl : torch::nn::Module {
    /// B x L x D -> B x L x D. The input may be a view; it is not written to.
    virtual torch::Tensor forward(const torch::Tensor& tokens) = 0;
};

/// A mixer that can say which tokens look at which: what ToSA's selector reads.
struct ScoringMixer {
    virtual ~ScoringMixer() = default;
    struct Scores {
        torch::Tensor raw;           ///< B x heads x L x L, before the normalisation over the last dimension
        torch::Tensor probabilities; ///< the same after it: rows sum to 1
    };
    /// forward() with the maps it was computed from: quadratic memory, whatever forward() itself needs.
    virtual std::pair<torch::Tensor, Scores> forward_with_scores(const torch::Tensor& tokens) = 0;
};

} // namespace tessera::search_spaces
