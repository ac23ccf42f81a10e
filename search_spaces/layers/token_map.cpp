#include "search_spaces/layers/token_map.h"

namespace tessera::search_spaces {

torch::Tensor to_tokens(const torch::Tensor& map) { return map.permute({0, 2, 3, 1}).flatten(1, 2); }

torch::Tensor to_map(const torch::Tensor& tokens, const TokenGrid& grid) {
    const bool sequence = grid.prefix > 0;
    return tokens
        .reshape({-1, sequence ? grid.length() : grid.height, sequence ? 1 : grid.width, tokens.size(2)})
        .permute({0, 3, 1, 2});
}

torch::nn::LayerNorm token_norm(std::int64_t channels) {
    return torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels}).eps(1e-6));
}

} // namespace tessera::search_spaces
