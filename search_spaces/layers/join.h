// Skips of a network: what a block receives beside the map of the block before it.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "search_spaces/self_initialising.h"

namespace tessera::search_spaces {

struct JoinOptions {
    explicit JoinOptions(std::vector<std::int64_t> pools) : pools_(std::move(pools)) {}
    TORCH_ARG(std::vector<std::int64_t>, pools); ///< per skip: the side of its max-pooling, 1 for none
};

/// [x, a_1 pool(s_1), a_2 pool(s_2), ...] on channels: every skipped map is max-pooled to the size of x and
/// multiplied by a learned number (EnvelopeNets, Kamath et al., arXiv 1803.06744), whose first value is drawn
/// from N(0.5, 0.01^2). B x C x H x W each; the sides of a skipped map are ceil-divided by its pooling.
struct JoinImpl : torch::nn::Cloneable<JoinImpl>, SelfInitialising {
    explicit JoinImpl(const JoinOptions& options_) : options(options_) { reset(); }
    void reset() override;
    void initialise_own(at::Generator generator) override;
    torch::Tensor forward(const torch::Tensor& x, const std::vector<torch::Tensor>& skipped);

    JoinOptions options;
    torch::Tensor scales; ///< one a skip
};
TORCH_MODULE(Join);

} // namespace tessera::search_spaces
