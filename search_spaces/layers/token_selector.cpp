#include "search_spaces/layers/token_selector.h"

namespace tessera::search_spaces {

TokenSelectorImpl::TokenSelectorImpl(const TokenSelectorOptions& options_) : options(options_) {
    read = register_module("read", torch::nn::Linear(options.maps(), options.width()));
    predict = register_module("predict", torch::nn::Linear(options.width(), options.maps()));
}

torch::Tensor TokenSelectorImpl::logits(const torch::Tensor& map) {
    const auto convolved = [](torch::nn::Linear& layer, const torch::Tensor& maps) {
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
