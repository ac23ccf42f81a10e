// Depthwise convolution over tokens: every channel mixes its own tokens, on the image grid or along the
// sequence.
#pragma once

#include <optional>

#include <torch/torch.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/token_mixer.h"

namespace tessera::search_spaces {

/// (bias + convolution(tokens)) * factor: stride 1, "same" zero padding.
///   tokens  B x L x C, L = grid.length(); may be a view
///   weight  C x 1 x k x k on a grid, C x 1 x 1 x k for a sequence (grid.height == 1); k odd
///   bias    C
///   factor  B x L x C, or undefined for 1
/// Prefix tokens have no place to be mixed with: for them the convolution is the identity. Tensors that do
/// not fit each other or the grid are refused (c10::Error).
/// On the CPU in float32 with k from 3 to 11 a kernel of our own runs, forward and backward, whose results do
/// not depend on the number of threads; it has no second derivatives and throws when asked for them.
/// Otherwise, and while tracing, LibTorch's convolution.
torch::Tensor depthwise(const torch::Tensor& tokens, const torch::Tensor& weight, const torch::Tensor& bias,
                        const TokenGrid& grid, const torch::Tensor& factor = {});
/// The same for tokens that nothing else will read: without gradients the result takes their memory.
torch::Tensor depthwise_of_fresh(const torch::Tensor& fresh, const torch::Tensor& weight,
                                 const torch::Tensor& bias, const TokenGrid& grid,
                                 const torch::Tensor& factor = {});
/// depthwise(linear(tokens)). Without gradients, on the CPU in float32, the linear layer is computed block by
/// block of channels right where the convolution reads it: its output is never stored.
torch::Tensor linear_depthwise(const torch::Tensor& tokens, const torch::Tensor& linear_weight,
                               const torch::Tensor& linear_bias, const torch::Tensor& weight,
                               const torch::Tensor& bias, const TokenGrid& grid,
                               const torch::Tensor& factor = {});

struct DepthwiseOptions {
    DepthwiseOptions(std::int64_t channels, std::int64_t kernel, TokenGrid grid)
        : channels_(channels), kernel_(kernel), grid_(grid) {}
    TORCH_ARG(std::int64_t, channels);
    TORCH_ARG(std::int64_t, kernel); ///< odd
    TORCH_ARG(TokenGrid, grid);
    TORCH_ARG(std::int64_t, gates) = 0; ///< that many last channels start with a bias of 1 instead of 0
    TORCH_ARG(double, gain) = 1;        ///< of the first weights' standard deviation,
    TORCH_ARG(double, gate_gain) = 1;   ///< and of the gates'
};

/// linear_depthwise() with the convolution's parameters. Its first weights keep the variance of what comes
/// out of a linear layer that initialise() filled, divided by the two which Kaiming's rule multiplies it
/// with: mixing channels and then tokens has gain 1 in all.
struct DepthwiseImpl : torch::nn::Cloneable<DepthwiseImpl>, SelfInitialising {
    explicit DepthwiseImpl(const DepthwiseOptions& options);
    void reset() override;
    void initialise_own(at::Generator generator) override;
    torch::Tensor forward(const torch::Tensor& tokens, torch::nn::LinearImpl& linear,
                          const torch::Tensor& factor = {});

    DepthwiseOptions options;
    torch::Tensor weight, bias;
};
TORCH_MODULE(Depthwise);

} // namespace tessera::search_spaces
