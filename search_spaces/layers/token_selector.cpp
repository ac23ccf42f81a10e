#include "search_spaces/layers/token_selector.h"

namespace tessera::search_spaces {

void SelectorLayerImpl::initialise_own(at::Generator generator) {
    constexpr double noise = 0.01; // units of one map would otherwise stay alike
    const std::int64_t maps = reads_ ? options.in_features() : options.out_features(),
                       units = reads_ ? options.out_features() : options.in_features();
    torch::Tensor first = torch::zeros({units, maps});
    for (std::int64_t unit = 0; unit < units; ++unit) {
        first[unit][unit / 2 % maps] = unit % 2 == 0 ? 1 : -1;
    }
    if (!reads_) {
        // A map's pairs share it; where there are fewer units than maps the last maps have none.
        const torch::Tensor pairs = ((first.abs().sum(0) + 1) / 2).floor().clamp_min(1);
        first = (first / pairs).t();
    }
    weight.copy_(first + torch::empty(weight.sizes()).normal_(0, noise, std::move(generator)));
    bias.zero_();
}

TokenSelectorImpl::TokenSelectorImpl(const TokenSelectorOptions& options_) : options(options_) {
    read = register_module("read", SelectorLayer(options.maps(), options.width(), /*reads=*/true));
    predict = register_module("predict", SelectorLayer(options.width(), options.maps(), /*reads=*/false));
}

torch::Tensor TokenSelectorImpl::logits(const torch::Tensor& map) {
    const auto convolved = [](SelectorLayer& layer, const torch::Tensor& maps) {
        return at::matmul(layer->weight.unsqueeze(0), maps) + layer->bias.unsqueeze(1);
    };
    return convolved(predict, at::relu(convolved(read, map.flatten(2))))
        .reshape({-1, options.maps(), map.size(2), map.size(3)});
}

torch::Tensor TokenSelectorImpl::probabilities(const torch::Tensor& map) {
    return at::softmax(logits(map), -1);
}

torch::Tensor TokenSelectorImpl::log_probabilities(const torch::Tensor& map) {
    return at::log_softmax(logits(map), -1);
}

torch::Tensor selector_loss(const torch::Tensor& truth, const torch::Tensor& predicted) {
    // 0 log 0 = 0, as the limit has it.
    return (at::xlogy(truth, truth) - truth * predicted).sum(-1).mean();
}

torch::Tensor importance_of(const torch::Tensor& probabilities) { return probabilities.sum(2).mean(1); }

torch::Tensor kept_tokens(const torch::Tensor& importance, std::int64_t keep, std::int64_t prefix) {
    const torch::Tensor order =
        std::get<1>(at::sort(importance.slice(1, prefix), /*stable=*/true, /*dim=*/1, /*descending=*/true));
    const torch::Tensor places = std::get<0>(at::sort(order.slice(1, 0, keep), 1)) + prefix;
    if (prefix == 0) {
        return places;
    }
    const torch::Tensor always = torch::arange(prefix, places.options()).unsqueeze(0);
    return torch::cat({always.expand_as(importance.slice(1, 0, prefix)), places}, 1);
}

} // namespace tessera::search_spaces
