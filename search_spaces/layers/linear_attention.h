// Attention whose cost is linear in the tokens: a kernel in place of the softmax.
#pragma once

#include <torch/torch.h>

#include "search_spaces/layers/softmax_attention.h"

namespace tessera::search_spaces {

/// project(phi(Q) (phi(K)^T V) / (phi(Q) sum phi(K))) by head, phi(x) = elu(x) + 1 (Katharopoulos et al.,
/// arXiv 2006.16236), at least 2^-24. No L x L tensor.
struct LinearAttentionImpl final : ProjectedAttentionImpl {
    using ProjectedAttentionImpl::ProjectedAttentionImpl;
    torch::Tensor forward(const torch::Tensor& tokens) override;
    /// Queries and keys behind the feature map phi.
    Heads split(const torch::Tensor& tokens) override;
    torch::Tensor scores(const torch::Tensor& queries, const torch::Tensor& keys) override;
    torch::Tensor probabilities(const torch::Tensor& scores) override;
};
TORCH_MODULE(LinearAttention);

/// Projections and both products of the tokens on the meter.
void count_linear_attention(CostMeter& meter, std::int64_t heads);

} // namespace tessera::search_spaces
