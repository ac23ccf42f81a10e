// What tells tokens their place, and the token that has none.
#pragma once

#include <string>

#include <torch/torch.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/token_mixer.h"

namespace tessera::search_spaces {

struct PositionsOptions {
    PositionsOptions(std::int64_t channels, TokenGrid grid) : channels_(channels), grid_(grid) {}
    TORCH_ARG(std::int64_t, channels);
    TORCH_ARG(TokenGrid, grid); ///< prefix: class tokens to be put first
    /// none | learned (one vector a token, class tokens included) | sinusoidal (half of the channels for the
    /// row, half for the column, class tokens have none; channels a multiple of 4).
    TORCH_ARG(std::string, kind) = "none";
};

/// B x (height * width) x C -> B x length x C: prepends the class tokens and adds the positions.
struct PositionsImpl : torch::nn::Cloneable<PositionsImpl>, SelfInitialising {
    explicit PositionsImpl(const PositionsOptions& options);
    void reset() override;
    /// Both learned tensors from a normal distribution of deviation 0.02.
    void initialise_own(at::Generator generator) override;
    torch::Tensor forward(const torch::Tensor& tokens);

    PositionsOptions options;
    torch::Tensor class_tokens; ///< 1 x prefix x C, or undefined
    torch::Tensor positions;    ///< 1 x length x C: a parameter, or a buffer where sinusoidal, or undefined
};
TORCH_MODULE(Positions);

/// Rows of sines and cosines of geometric wavelengths (Vaswani et al., arXiv 1706.03762, section 3.5) for the
/// row in the first half of the channels and for the column in the second: 1 x (height * width) x channels.
torch::Tensor sinusoids(std::int64_t height, std::int64_t width, std::int64_t channels);

} // namespace tessera::search_spaces
