// Attention by queries, keys and values: what all kinds share, and softmax attention (Vaswani et al., arXiv
// 1706.03762).
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

/// One merged projection to queries, keys and values, and one of what they made; any L.
struct ProjectedAttentionImpl : TokenMixerImpl, ScoringMixer {
    explicit ProjectedAttentionImpl(const AttentionOptions& options);

    std::int64_t heads() const override { return options.heads(); }
    Heads split(const torch::Tensor& tokens) override;
    torch::Tensor output(const torch::Tensor& mixed) override;

    AttentionOptions options;
    Dense qkv{nullptr}, project{nullptr};
};

/// project(softmax(Q K^T / sqrt(d)) V). forward() is LibTorch's fused attention, which holds no L x L tensor;
/// who wants the scores pays for them.
struct SoftmaxAttentionImpl final : ProjectedAttentionImpl {
    using ProjectedAttentionImpl::ProjectedAttentionImpl;
    torch::Tensor forward(const torch::Tensor& tokens) override;
    torch::Tensor scores(const torch::Tensor& queries, const torch::Tensor& keys) override;
    torch::Tensor probabilities(const torch::Tensor& scores) override;
};
TORCH_MODULE(SoftmaxAttention);

/// Both projections of the tokens on the meter, and between them `macs` of products in which `alive` elements
/// exist beside the projected ones.
void count_projected_attention(CostMeter& meter, std::int64_t macs, std::int64_t alive);
/// Projections and fused attention.
void count_softmax_attention(CostMeter& meter);

} // namespace tessera::search_spaces
