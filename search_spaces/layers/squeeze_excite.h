// Channel attention: a gate per channel computed from the means of all channels (Hu et al., 2018).
#pragma once

#include <torch/torch.h>

#include "search_spaces/layers/activation.h"

namespace tessera::search_spaces {

struct SqueezeExciteOptions {
    SqueezeExciteOptions(std::int64_t channels, std::int64_t reduced)
        : channels_(channels), reduced_(reduced) {}
    TORCH_ARG(std::int64_t, channels);
    TORCH_ARG(std::int64_t, reduced);
    TORCH_ARG(Activation, act) = Activation::relu;
    TORCH_ARG(Activation, gate) = Activation::sigmoid;
};

/// x * gate(expand(act(reduce(mean(x))))), both layers 1x1 with biases. B x C x H x W -> the same shape.
struct SqueezeExciteImpl : torch::nn::Cloneable<SqueezeExciteImpl> {
    explicit SqueezeExciteImpl(const SqueezeExciteOptions& options);
    void reset() override;
    torch::Tensor forward(const torch::Tensor& x);

    SqueezeExciteOptions options;
    torch::nn::Conv2d reduce{nullptr}, expand{nullptr};
};
TORCH_MODULE(SqueezeExcite);

} // namespace tessera::search_spaces
