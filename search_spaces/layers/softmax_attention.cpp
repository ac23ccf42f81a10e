#include "search_spaces/layers/softmax_attention.h"

#include <cmath>

namespace tessera::search_spaces {

Heads split_heads(const torch::Tensor& projected, std::int64_t heads) {
    const std::int64_t length = projected.size(1), channels = projected.size(2) / (3 * heads);
    const torch::Tensor all = projected.reshape({-1, length, 3, heads, channels}).permute({2, 0, 3, 1, 4});
    return {all.select(0, 0), all.select(0, 1), all.select(0, 2)};
}

torch::Tensor merge_heads(const torch::Tensor& mixed) { return mixed.transpose(1, 2).flatten(2); }

SoftmaxAttentionImpl::SoftmaxAttentionImpl(const AttentionOptions& options_) : options(options_) {
    qkv = register_module("qkv", Dense(options.channels(), 3 * options.channels()));
    project = register_module("project", Dense(options.channels(), options.channels()));
}

torch::Tensor SoftmaxAttentionImpl::forward(const torch::Tensor& tokens) {
    const Heads all = split(tokens);
    return output(at::scaled_dot_product_attention(all.queries, all.keys, all.values));
}

Heads SoftmaxAttentionImpl::split(const torch::Tensor& tokens) {
    return split_heads(qkv->forward(tokens), options.heads());
}

torch::Tensor SoftmaxAttentionImpl::scores(const torch::Tensor& queries, const torch::Tensor& keys) {
    const double scale = 1 / std::sqrt(static_cast<double>(queries.size(3)));
    return at::matmul(queries * scale, keys.transpose(2, 3));
}

torch::Tensor SoftmaxAttentionImpl::probabilities(const torch::Tensor& scores) {
    return at::softmax(scores, -1);
}

torch::Tensor SoftmaxAttentionImpl::output(const torch::Tensor& mixed) {
    return project->forward(merge_heads(mixed));
}

void count_softmax_attention(CostMeter& meter) {
    const std::int64_t channels = meter.shape().channels, length = meter.shape().positions();
    meter.dense(3 * channels, true);
    meter.work(multiply({2, length, length, channels}), multiply({length, channels}));
    Shape mixed = meter.shape();
    mixed.channels = channels;
    meter.become(mixed);
    meter.dense(channels, true);
}

} // namespace tessera::search_spaces
