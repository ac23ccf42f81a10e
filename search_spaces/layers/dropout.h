// Dropout with random numbers of its own, so that parallel trainings share none.
#pragma once

#include <cstdint>

#include <torch/torch.h>

namespace tessera::search_spaces {

struct SeededDropoutOptions {
    explicit SeededDropoutOptions(double p) : p_(p) {}
    TORCH_ARG(double, p); ///< share of elements set to zero, 0 <= p < 1
};

/// Inverted dropout while training, the identity in evaluation. Whether an element stays is a hash of the
/// seed that reseed() sets, of how many masks there have been since, and of the element's place in memory:
/// the same for any number of threads, and on any device. A clone continues its original's sequence.
struct SeededDropoutImpl : torch::nn::Cloneable<SeededDropoutImpl> {
    explicit SeededDropoutImpl(const SeededDropoutOptions& options_) : options(options_) {}
    void reset() override {}
    void reseed(std::uint64_t seed);
    torch::Tensor forward(const torch::Tensor& x);

    SeededDropoutOptions options;
    std::uint64_t seed = 0, masks = 0; ///< masks that have been made from the seed
};
TORCH_MODULE(SeededDropout);

} // namespace tessera::search_spaces
