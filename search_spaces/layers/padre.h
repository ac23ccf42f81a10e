// Polynomial attention: products of convolved tokens in softmax attention's place, linear in their number.
#pragma once

#include <vector>

#include <torch/torch.h>

#include "search_spaces/costs.h"
#include "search_spaces/layers/depthwise.h"
#include "search_spaces/layers/token_mixer.h"

namespace tessera::search_spaces {

struct PadreOptions {
    PadreOptions(std::int64_t dim, TokenGrid grid) : dim_(dim), grid_(grid) {}
    TORCH_ARG(std::int64_t, dim);
    TORCH_ARG(TokenGrid, grid);
    TORCH_ARG(std::int64_t, degree) = 2;  ///< 1 to 3
    TORCH_ARG(std::int64_t, kernel) = 11; ///< odd, 3 to 11; a place sees degree * (kernel - 1) / 2 around it
};

/// The vision instance of PADRe (Letourneau et al., 2024, arXiv 2407.11306): a polynomial of the given degree
/// in the tokens X,
///     Y_i = A_i (X B_i),  Z_1 = Y_1,  Z_{i+1} = C_i (Z_i D_i) * Y_{i+1},  result Z_degree
/// with B, D mixing channels (linear layers) and A, C mixing tokens (depthwise convolutions on the grid,
/// along the sequence where the grid has height 1); the biases of both give the terms of lower degree. Prefix
/// tokens take part in all but the mixing of tokens. B_1.. are one linear layer ("channel_mix"), A_1.. one
/// convolution ("token_mix"); D_i and C_i are "chain_channel_mix<i>" and "chain_token_mix<i>".
/// The factors Y_2.. start as 1 plus a part of deviation 1/2, so that products of any degree start close to
/// linear: through 12 pre-norm residual layers outputs keep a variance of 0.8 to 1 with a kurtosis of 6 to 7
/// (12 to 19 with factors around 0).
struct PadreImpl : TokenMixerImpl {
    explicit PadreImpl(const PadreOptions& options);
    std::shared_ptr<torch::nn::Module>
    clone(const std::optional<torch::Device>& device = std::nullopt) const override;
    torch::Tensor forward(const torch::Tensor& tokens) override;

    PadreOptions options;
    torch::nn::Linear channel_mix{nullptr};
    Depthwise token_mix{nullptr};
    std::vector<torch::nn::Linear> chain_channel_mix; ///< D_1..
    std::vector<Depthwise> chain_token_mix;           ///< C_1..
};
TORCH_MODULE(Padre);

/// Costs of the mixer on the meter's tokens. Pointwise products are not counted, as nowhere else.
void count_padre(CostMeter& meter, std::int64_t degree, std::int64_t kernel);

} // namespace tessera::search_spaces
