#include "search_spaces/layers/token_selector.h"

namespace tessera::search_spaces {

TokenSelectorImpl::TokenSelectorImpl(const TokenSelectorOptions& options_) : options(options_) {
    read = register_module("read", torch::nn::Conv2d(options.maps(), options.width(), 1));
    predict = register_module("predict", torch::nn::Conv2d(options.width(), options.maps(), 1));
}

torch::Tensor TokenSelectorImpl::forward(const torch::Tensor& map) {
    return at::log_softmax(predict->forward(read->forward(map).relu_()), -1);
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
