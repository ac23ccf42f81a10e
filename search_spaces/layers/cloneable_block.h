// clone() for blocks: torch::nn::Cloneable cannot be combined with a common base that is itself a Module.
#pragma once

#include <memory>
#include <optional>

#include "search_spaces/block_module.h"

namespace tessera::search_spaces {

/// Copies every parameter, buffer and training flag into a module of the same structure, keeping memory
/// formats.
void copy_state(const torch::nn::Module& from, torch::nn::Module& to,
                const std::optional<torch::Device>& device);

/// Base of a block type with a member `options` from which it can be constructed anew.
template <class Derived>
struct CloneableBlock : BlockImpl {
    std::shared_ptr<torch::nn::Module>
    clone(const std::optional<torch::Device>& device = std::nullopt) const override {
        auto copy = std::make_shared<Derived>(static_cast<const Derived&>(*this).options);
        copy_state(*this, *copy, device);
        return copy;
    }
};

} // namespace tessera::search_spaces
