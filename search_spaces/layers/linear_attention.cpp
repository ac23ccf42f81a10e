#include "search_spaces/layers/linear_attention.h"

namespace tessera::search_spaces {

LinearAttentionImpl::LinearAttentionImpl(const AttentionOptions& options_) : options(options_) {
    qkv = register_module("qkv", Dense(options.channels(), 3 * options.channels()));
    project = register_module("project", Dense(options.channels(), options.channels()));
}

torch::Tensor LinearAttentionImpl::forward(const torch::Tensor& tokens) {
    const Heads all = split(tokens);
    const torch::Tensor context = at::matmul(all.keys.transpose(2, 3), all.values);
    const torch::Tensor weights = (all.queries * all.keys.sum(2, /*keepdim=*/true)).sum(3, /*keepdim=*/true);
    return output(at::matmul(all.queries, context) / weights);
}

Heads LinearAttentionImpl::split(const torch::Tensor& tokens) {
    const Heads all = split_heads(qkv->forward(tokens), options.heads());
    return {at::elu(all.queries) + 1, at::elu(all.keys) + 1, all.values};
}

torch::Tensor LinearAttentionImpl::scores(const torch::Tensor& queries, const torch::Tensor& keys) {
    return at::matmul(queries, keys.transpose(2, 3));
}

torch::Tensor LinearAttentionImpl::probabilities(const torch::Tensor& scores) {
    return scores / scores.sum(-1, /*keepdim=*/true);
}

torch::Tensor LinearAttentionImpl::output(const torch::Tensor& mixed) {
    return project->forward(merge_heads(mixed));
}

void count_linear_attention(CostMeter& meter, std::int64_t heads) {
    const std::int64_t channels = meter.shape().channels, length = meter.shape().positions();
    const std::int64_t of_head = channels / heads;
    meter.dense(3 * channels, true);
    // The feature map's two new tensors, and then the mixed values.
    meter.work(multiply({2, length, channels, of_head}), multiply({2, length, channels}));
    Shape mixed = meter.shape();
    mixed.channels = channels;
    meter.become(mixed);
    meter.dense(channels, true);
}

} // namespace tessera::search_spaces
