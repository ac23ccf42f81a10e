#include "search_spaces/layers/squeeze_excite.h"

namespace tessera::search_spaces {

SqueezeExciteImpl::SqueezeExciteImpl(const SqueezeExciteOptions& options_) : options(options_) { reset(); }

void SqueezeExciteImpl::reset() {
    reduce = register_module("reduce", torch::nn::Conv2d(options.channels(), options.reduced(), 1));
    expand = register_module("expand", torch::nn::Conv2d(options.reduced(), options.channels(), 1));
}

torch::Tensor SqueezeExciteImpl::forward(const torch::Tensor& x) {
    const torch::Tensor means = x.mean({2, 3}, /*keepdim=*/true);
    const torch::Tensor reduced = activate(options.act(), reduce->forward(means));
    return x * activate(options.gate(), expand->forward(reduced));
}

} // namespace tessera::search_spaces
