// BatchNorm that shifts and does not scale.
#pragma once

#include <torch/torch.h>

#include "search_spaces/self_initialising.h"

namespace tessera::search_spaces {

/// (x - mean) / sqrt(var + 1e-5) + shift per channel: BatchNorm with a learned beta and no gamma, of which a
/// following layer has no need. Whatever looks for BatchNorm2d modules finds it. B x C x H x W.
struct ShiftNormImpl : torch::nn::BatchNorm2dImpl, SelfInitialising {
    explicit ShiftNormImpl(std::int64_t channels);
    void initialise_own(at::Generator generator) override;
    /// In evaluation mode: of `x`, which are `count` of the channels from `first` on.
    torch::Tensor part(const torch::Tensor& x, std::int64_t first, std::int64_t count) const;
};
TORCH_MODULE(ShiftNorm);

} // namespace tessera::search_spaces
