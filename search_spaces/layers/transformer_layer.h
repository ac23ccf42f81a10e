// A pre-norm transformer layer around any token mixer.
#pragma once

#include <functional>
#include <memory>

#include <torch/torch.h>

#include "search_spaces/costs.h"
#include "search_spaces/filter_source.h"
#include "search_spaces/layers/dense.h"
#include "search_spaces/layers/token_mixer.h"

namespace tessera::search_spaces {

/// x + mixer(norm1(x)), then x + reduce(gelu(expand(norm2(x)))). B x L x D -> the same.
struct TransformerLayerImpl : torch::nn::Module, FilterSource {
    TransformerLayerImpl(std::shared_ptr<TokenMixerImpl> mixer, std::int64_t channels, std::int64_t hidden);
    torch::Tensor forward(const torch::Tensor& tokens);
    /// The second half: `tokens` with the mixer's residual already added.
    torch::Tensor feed_forward(const torch::Tensor& tokens);
    /// The hidden units of the second half.
    std::vector<FilterGroup> filter_groups() const override;

    std::shared_ptr<TokenMixerImpl> mixer;
    torch::nn::LayerNorm norm1{nullptr}, norm2{nullptr};
    Dense expand{nullptr}, reduce{nullptr};
};
TORCH_MODULE(TransformerLayer);

/// Hidden width of the feed-forward half: the ratio's, rounded, at least 1.
std::int64_t hidden_width(std::int64_t channels, double ratio);

/// One layer's costs on the meter's tokens; `mixer` counts the mixer between its input and its output.
void count_transformer_layer(CostMeter& meter, std::int64_t hidden,
                             const std::function<void(CostMeter&)>& mixer);
/// Its two halves: residual around norm and mixer, residual around norm and feed-forward.
void count_mixing(CostMeter& meter, const std::function<void(CostMeter&)>& mixer);
void count_feed_forward(CostMeter& meter, std::int64_t hidden);

} // namespace tessera::search_spaces
