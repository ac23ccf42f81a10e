// The modules a network is made of. Every block is Tensor forward(const Tensor&).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <torch/torch.h>

#include "search_spaces/layers/join.h"
#include "search_spaces/self_initialising.h"
#include "search_spaces/space.h"
#include "support/seed.h"

namespace tessera::search_spaces {

/// Base of stem, blocks and head. B x C x H x W in (a head: B x classes or B x 1 x H x W of the image out).
struct BlockImpl : torch::nn::Module {
    virtual torch::Tensor forward(const torch::Tensor& x) = 0;
};

/// Builds a choice at a site; its weights are LibTorch's defaults until initialise() is called.
std::shared_ptr<BlockImpl> build_block(const Choice& choice, const Site& site);
std::shared_ptr<BlockImpl> build_stem(const SearchSpace& space);
std::shared_ptr<BlockImpl> build_head(const SearchSpace& space);

/// Refills every parameter and buffer from `seed` alone, in the order of their names: convolutions and linear
/// layers with Kaiming-normal (fan out for convolutions) weights, zero biases; BatchNorm at 1, 0 and settled
/// buffers at 0, 1. Independent of the global generator and of the number of threads. Every tensor has a
/// generator of its own, seeded from `seed` and its name. Dropout is reseeded as well.
void initialise(torch::nn::Module& module, std::uint64_t seed);
/// Restarts the random numbers of every dropout of the module; called at each step, training can be resumed
/// anywhere.
void reseed_dropout(torch::nn::Module& module, std::uint64_t seed);

/// A whole network: stem, one module per block, head.
struct NetworkImpl : torch::nn::Module {
    /// Built for an architecture of the space, unseeded (see initialise()). Submodules: "stem", "block0"..,
    /// "join0".. of the blocks with skips, "head".
    NetworkImpl(const SearchSpace& space, const Architecture& architecture);

    torch::Tensor forward(const torch::Tensor& x);
    /// What a block receives, of the maps up to the one before it: that one alone, or joined with its skips.
    torch::Tensor input_of(std::size_t block, std::span<const torch::Tensor> maps);
    /// Runs the blocks that follow the given maps (Y_0, Y_1, ...); the last block's map.
    torch::Tensor last_map(std::vector<torch::Tensor> maps);
    /// A deep copy with the same weights, modes and random state, on `device` where one is given.
    std::shared_ptr<torch::nn::Module>
    clone(const std::optional<torch::Device>& device = std::nullopt) const override;
    /// The maps between blocks: Y_0 (after the stem) to Y_N (after the last block); N + 1 tensors.
    std::vector<torch::Tensor> boundaries(const torch::Tensor& x);

    std::shared_ptr<BlockImpl> stem, head;
    std::vector<std::shared_ptr<BlockImpl>> blocks;
    std::vector<Join> joins; ///< one a block, empty where it has no skips
    Architecture architecture;

private:
    std::vector<std::vector<std::size_t>> sources_; ///< per block, the maps that its skips come from

    NetworkImpl(const NetworkImpl& original, const std::optional<torch::Device>& device);
};
TORCH_MODULE(Network);

} // namespace tessera::search_spaces
