#include "search_spaces/layers/linear_attention.h"

namespace tessera::search_spaces {
namespace {

/// elu(x) + 1, which is exp(x) below 0, but which single precision rounds to 0 from -17 on: where nothing is
/// left of a query or of all keys, the weights would be 0 / 0. The bound is the smallest step that is left
/// (2^-24), so no other feature changes, and no gradient is divided by less.
torch::Tensor feature_map(const torch::Tensor& x) {
    constexpr double least = 0x1p-24;
    return at::elu(x).add_(1).clamp_(least);
}

} // namespace

torch::Tensor LinearAttentionImpl::forward(const torch::Tensor& tokens) {
    const Heads all = split(tokens);
    const torch::Tensor context = at::matmul(all.keys.transpose(2, 3), all.values);
    const torch::Tensor weights = (all.queries * all.keys.sum(2, /*keepdim=*/true)).sum(3, /*keepdim=*/true);
    return output(at::matmul(all.queries, context) / weights);
}

Heads LinearAttentionImpl::split(const torch::Tensor& tokens) {
    const Heads all = ProjectedAttentionImpl::split(tokens);
    return {feature_map(all.queries), feature_map(all.keys), all.values};
}

torch::Tensor LinearAttentionImpl::scores(const torch::Tensor& queries, const torch::Tensor& keys) {
    return at::matmul(queries, keys.transpose(2, 3));
}

torch::Tensor LinearAttentionImpl::probabilities(const torch::Tensor& scores) {
    return scores / scores.sum(-1, /*keepdim=*/true);
}

void count_linear_attention(CostMeter& meter, std::int64_t heads) {
    const Shape tokens = meter.shape();
    // The feature map's two new tensors, and then the mixed values.
    count_projected_attention(meter,
                              multiply({2, tokens.positions(), tokens.channels, tokens.channels / heads}),
                              2 * tokens.elements());
}

} // namespace tessera::search_spaces
