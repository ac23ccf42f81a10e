// From the map or the tokens of a network's last block to a depth for every pixel of the image.
#pragma once

#include <vector>

#include <torch/torch.h>

#include "search_spaces/costs.h"
#include "search_spaces/layers/activation.h"
#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"

namespace tessera::search_spaces {

struct DepthDecoderOptions {
    DepthDecoderOptions(Shape map, Shape image) : map_(map), image_(image) {}
    /// Shape after each doubling: sides double until they are the image's, which cuts the last step short
    /// where they do not divide; the width halves each time, to no less than 8.
    std::vector<Shape> stages() const;
    Costs costs() const;

    TORCH_ARG(Shape, map);
    TORCH_ARG(Shape, image);
    TORCH_ARG(std::int64_t, channels) = 32; ///< before the first doubling
    TORCH_ARG(Activation, act) = Activation::relu;
    TORCH_ARG(bool, norm) = false;    ///< LayerNorm over the channels of each position first
    TORCH_ARG(bool, nearest) = false; ///< instead of bilinear interpolation
};

/// A 3x3 convolution whose outputs begin as numbers of about 1, however many channels it reads: fan out,
/// which others begin with, would be of one channel.
struct LogDepthImpl final : torch::nn::Conv2dImpl, SelfInitialising {
    explicit LogDepthImpl(std::int64_t channels);
    void initialise_own(at::Generator generator) override;
};
TORCH_MODULE(LogDepth);

/// B x C x h x w, or the sequence with class tokens, which are left out, -> B x 1 x H x W, positive:
/// LayerNorm where it is asked for, 1x1 convolution, for each stage interpolation and 3x3 convolution -
/// BatchNorm - activation, 3x3 convolution to the logarithm of the depth, kept to -10..10.
struct DepthDecoderImpl final : CloneableBlock<DepthDecoderImpl> {
    explicit DepthDecoderImpl(const DepthDecoderOptions& options);
    torch::Tensor forward(const torch::Tensor& x) override;

    DepthDecoderOptions options;
    torch::nn::LayerNorm norm{nullptr};
    torch::nn::Conv2d narrow{nullptr};
    std::vector<ConvNormAct> refine;
    LogDepth log_depth{nullptr};

private:
    torch::Tensor image_map(const torch::Tensor& x);
    torch::Tensor enlarged(const torch::Tensor& map, const Shape& to) const;
};

} // namespace tessera::search_spaces
