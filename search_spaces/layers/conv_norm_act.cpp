#include "search_spaces/layers/conv_norm_act.h"

namespace tessera::search_spaces {

ConvNormActImpl::ConvNormActImpl(const ConvNormActOptions& options_) : options(options_) { reset(); }

void ConvNormActImpl::reset() {
    // An explicit padding: LibTorch's FLOP formulas, which the tests compare with, know nothing of kSame.
    conv = register_module(
        "conv", torch::nn::Conv2d(
                    torch::nn::Conv2dOptions(options.in_channels(), options.out_channels(), options.kernel())
                        .stride(options.stride())
                        .padding(options.kernel() / 2)
                        .groups(options.groups())
                        .bias(!options.norm())));
    if (options.norm()) {
        norm = register_module("norm", torch::nn::BatchNorm2d(options.out_channels()));
    }
}

torch::Tensor ConvNormActImpl::forward(const torch::Tensor& x) {
    torch::Tensor y = conv->forward(x);
    y = activate(options.act(), norm.is_empty() ? y : norm->forward(y));
    show(y);
    return y;
}

} // namespace tessera::search_spaces
