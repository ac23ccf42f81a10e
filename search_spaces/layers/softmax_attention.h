// Softmax attention over all tokens (Vaswani et al., arXiv 1706.03762).
#pragma once

#include <torch/torch.h>

#include "search_spaces/costs.h"
#include "search_spaces/layers/dense.h"
#include "search_spaces/layers/token_mixer.h"

namespace tessera::search_spaces {

struct AttentionOptions {
    AttentionOptions(std::int64_t channels, std::int64_t heads) : channels_(channels), heads_(heads) {}
    TORCH_ARG(std::int64_t, channels);
    TORCH_ARG(std::int64_t, heads); ///< divide the channels
};

/// B x L x 3D, one merged projection, by head.
Heads split_heads(const torch::Tensor& projected, std::int64_t heads);
/// B x heads x L x d -> B x L x heads * d.
torch::Tensor merge_heads(const torch::Tensor& mixed);

/// project(softmax(Q K^T / sqrt(d)) V), any L. forward() is LibTorch's fused attention, which holds no L x L
/// tensor; who wants the scores pays for them.
struct SoftmaxAttentionImpl final : TokenMixerImpl, ScoringMixer {
    explicit SoftmaxAttentionImpl(const AttentionOptions& options);
    torch::Tensor forward(const torch::Tensor& tokens) override;

    std::int64_t heads() const override { return options.heads(); }
    Heads split(const torch::Tensor& tokens) override;
    torch::Tensor scores(const torch::Tensor& queries, const torch::Tensor& keys) override;
    torch::Tensor probabilities(const torch::Tensor& scores) override;
    torch::Tensor output(const torch::Tensor& mixed) override;

    AttentionOptions options;
    Dense qkv{nullptr}, project{nullptr};
};
TORCH_MODULE(SoftmaxAttention);

/// Projections and fused attention of the tokens on the meter.
void count_softmax_attention(CostMeter& meter);

} // namespace tessera::search_spaces
