// Convolution -> BatchNorm -> activation: the piece that all convolutional families are made of.
#pragma once

#include <torch/torch.h>

#include "search_spaces/filter_source.h"
#include "search_spaces/layers/activation.h"

namespace tessera::search_spaces {

struct ConvNormActOptions {
    ConvNormActOptions(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel)
        : in_channels_(in_channels), out_channels_(out_channels), kernel_(kernel) {}
    TORCH_ARG(std::int64_t, in_channels);
    TORCH_ARG(std::int64_t, out_channels);
    TORCH_ARG(std::int64_t, kernel); ///< odd
    TORCH_ARG(std::int64_t, stride) = 1;
    TORCH_ARG(std::int64_t, groups) = 1;
    TORCH_ARG(Activation, act) = Activation::none;
    TORCH_ARG(bool, norm) = true; ///< without BatchNorm the convolution has a bias
};

/// act(norm(conv(x))), "same" padding, no bias; or act(conv(x)) with a bias. B x in x H x W -> B x out x
/// ceil(H/stride) x ceil(W/stride). The weights' shapes are those of the options at construction: for others,
/// build another module.
struct ConvNormActImpl : torch::nn::Cloneable<ConvNormActImpl>, FilterSource {
    explicit ConvNormActImpl(const ConvNormActOptions& options);
    void reset() override;
    torch::Tensor forward(const torch::Tensor& x);
    std::vector<FilterGroup> filter_groups() const override { return {{"", options.out_channels()}}; }

    ConvNormActOptions options;
    torch::nn::Conv2d conv{nullptr};
    torch::nn::BatchNorm2d norm{nullptr};
};
TORCH_MODULE(ConvNormAct);

} // namespace tessera::search_spaces
