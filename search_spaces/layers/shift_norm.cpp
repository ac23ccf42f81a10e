#include "search_spaces/layers/shift_norm.h"

namespace tessera::search_spaces {

ShiftNormImpl::ShiftNormImpl(std::int64_t channels)
    : torch::nn::BatchNorm2dImpl(torch::nn::BatchNorm2dOptions(channels).affine(false)) {
    // The base has registered an undefined `bias`, which its forward() hands on.
    bias = register_parameter("shift", torch::zeros({channels}));
}

void ShiftNormImpl::initialise_own(at::Generator) { bias.zero_(); }

torch::Tensor ShiftNormImpl::part(const torch::Tensor& x, std::int64_t first, std::int64_t count) const {
    const auto of = [&](const torch::Tensor& all) { return all.narrow(0, first, count); };
    return torch::batch_norm(x, {}, of(bias), of(running_mean), of(running_var), /*training=*/false,
                             /*momentum=*/0, options.eps(), at::globalContext().userEnabledCuDNN());
}

} // namespace tessera::search_spaces
