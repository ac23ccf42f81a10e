#include "search_spaces/layers/transformer_layer.h"

#include <algorithm>
#include <cmath>

#include "search_spaces/layers/token_map.h"

namespace tessera::search_spaces {

TransformerLayerImpl::TransformerLayerImpl(std::shared_ptr<TokenMixerImpl> mixer_, std::int64_t channels,
                                           std::int64_t hidden) {
    norm1 = register_module("norm1", token_norm(channels));
    mixer = register_module("mixer", std::move(mixer_));
    norm2 = register_module("norm2", token_norm(channels));
    expand = register_module("expand", Dense(channels, hidden));
    reduce = register_module("reduce", Dense(hidden, channels));
}

torch::Tensor TransformerLayerImpl::forward(const torch::Tensor& tokens) {
    return feed_forward(tokens + mixer->forward(norm1->forward(tokens)));
}

torch::Tensor TransformerLayerImpl::feed_forward(const torch::Tensor& tokens) {
    const torch::Tensor hidden = at::gelu(expand->forward(norm2->forward(tokens)));
    show(hidden);
    return tokens + reduce->forward(hidden);
}

std::vector<FilterGroup> TransformerLayerImpl::filter_groups() const {
    return {{"", expand->options.out_features()}};
}

std::int64_t hidden_width(std::int64_t channels, double ratio) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(channels) * ratio));
}

void count_mixing(CostMeter& meter, const std::function<void(CostMeter&)>& mixer) {
    const std::int64_t residual = meter.shape().elements();
    meter.layer_norm();
    meter.hold(residual); // once the norm has turned the flow into another tensor
    mixer(meter);
    meter.work(0, residual); // the sum is a new tensor
    meter.release(residual);
}

void count_feed_forward(CostMeter& meter, std::int64_t hidden) {
    const std::int64_t residual = meter.shape().elements(), channels = meter.shape().channels;
    meter.layer_norm();
    meter.hold(residual);
    meter.dense(hidden, true);
    meter.work(0, meter.shape().elements()); // GELU's output beside its input
    meter.dense(channels, true);
    meter.work(0, residual);
    meter.release(residual);
}

void count_transformer_layer(CostMeter& meter, std::int64_t hidden,
                             const std::function<void(CostMeter&)>& mixer) {
    count_mixing(meter, mixer);
    count_feed_forward(meter, hidden);
}

} // namespace tessera::search_spaces
