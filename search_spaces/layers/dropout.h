// Dropout with a generator of its own, so that parallel trainings do not share one.
#pragma once

#include <cstdint>

#include <torch/torch.h>

namespace tessera::search_spaces {

struct SeededDropoutOptions {
    explicit SeededDropoutOptions(double p) : p_(p) {}
    TORCH_ARG(double, p); ///< share of elements set to zero, 0 <= p < 1
};

/// Inverted dropout while training, the identity in evaluation. The mask is drawn on the CPU whatever the
/// tensor's device, from a generator that reseed() sets; a clone continues its original's sequence without
/// sharing its generator.
struct SeededDropoutImpl : torch::nn::Cloneable<SeededDropoutImpl> {
    explicit SeededDropoutImpl(const SeededDropoutOptions& options);
    void reset() override;
    void reseed(std::uint64_t seed);
    torch::Tensor forward(const torch::Tensor& x);

    SeededDropoutOptions options;
    at::Generator generator;
};
TORCH_MODULE(SeededDropout);

} // namespace tessera::search_spaces
