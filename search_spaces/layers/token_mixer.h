// What lets tokens see each other: the part of a transformer layer that families differ in.
#pragma once

#include <cstdint>

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

/// Queries, keys and values by head, each B x heads x L x d.
struct Heads {
    torch::Tensor queries, keys, values;
};

/// A mixer that can say which tokens look at which, in pieces, so that whoever reads it (ToSA's selector)
/// need not hold an L x L tensor: its forward() is output(probabilities(scores(queries, keys)) values).
struct ScoringMixer {
    virtual ~ScoringMixer() = default;
    virtual std::int64_t heads() const = 0;
    virtual Heads split(const torch::Tensor& tokens) = 0;
    /// B x heads x R x d and B x heads x L x d -> B x heads x R x L, before the normalisation.
    virtual torch::Tensor scores(const torch::Tensor& queries, const torch::Tensor& keys) = 0;
    /// Normalised over the last dimension: rows sum to 1.
    virtual torch::Tensor probabilities(const torch::Tensor& scores) = 0;
    /// B x heads x L x d -> B x L x D.
    virtual torch::Tensor output(const torch::Tensor& mixed) = 0;
};

} // namespace tessera::search_spaces
