#include "search_spaces/layers/softmax_attention.h"

#include <cmath>

namespace tessera::search_spaces {

ProjectedAttentionImpl::ProjectedAttentionImpl(const AttentionOptions& options_) : options(options_) {
    qkv = register_module("qkv", Dense(options.channels(), 3 * options.channels()));
    project = register_module("project", Dense(options.channels(), options.channels()));
}

Heads ProjectedAttentionImpl::split(const torch::Tensor& tokens) {
    const torch::Tensor all =
        qkv->forward(tokens)
            .reshape({-1, tokens.size(1), 3, options.heads(), options.channels() / options.heads()})
            .permute({2, 0, 3, 1, 4});
    return {all.select(0, 0), all.select(0, 1), all.select(0, 2)};
}

torch::Tensor ProjectedAttentionImpl::output(const torch::Tensor& mixed) {
    return project->forward(mixed.transpose(1, 2).flatten(2));
}

torch::Tensor SoftmaxAttentionImpl::forward(const torch::Tensor& tokens) {
    const Heads all = split(tokens);
    return output(at::scaled_dot_product_attention(all.queries, all.keys, all.values));
}

torch::Tensor SoftmaxAttentionImpl::scores(const torch::Tensor& queries, const torch::Tensor& keys) {
    const double scale = 1 / std::sqrt(static_cast<double>(queries.size(3)));
    return at::matmul(queries * scale, keys.transpose(2, 3));
}

torch::Tensor SoftmaxAttentionImpl::probabilities(const torch::Tensor& scores) {
    return at::softmax(scores, -1);
}

void count_projected_attention(CostMeter& meter, std::int64_t macs, std::int64_t alive) {
    const Shape tokens = meter.shape();
    meter.dense(3 * tokens.channels, true);
    meter.work(macs, alive);
    meter.become(tokens);
    meter.dense(tokens.channels, true);
}

void count_softmax_attention(CostMeter& meter) {
    const std::int64_t length = meter.shape().positions();
    count_projected_attention(meter, multiply({2, length, length, meter.shape().channels}),
                              meter.shape().elements());
}

} // namespace tessera::search_spaces
