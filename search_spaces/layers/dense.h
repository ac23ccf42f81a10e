// The linear layers of transformers.
#pragma once

#include <torch/torch.h>

#include "search_spaces/block_module.h"

namespace tessera::search_spaces {

/// torch::nn::Linear with a bias whose weights start with deviation `gain` / sqrt(in): Kaiming's factor for
/// ReLUs, which initialise() gives plain linear layers, is too large where a residual adds what comes out.
struct DenseImpl : torch::nn::LinearImpl, SelfInitialising {
    DenseImpl(std::int64_t in, std::int64_t out, double gain = 1)
        : torch::nn::LinearImpl(torch::nn::LinearOptions(in, out)), gain_(gain) {}
    void initialise_own(at::Generator generator) override;

private:
    double gain_;
};
TORCH_MODULE(Dense);

} // namespace tessera::search_spaces
