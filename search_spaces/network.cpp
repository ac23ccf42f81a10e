#include "search_spaces/block_module.h"

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::search_spaces {
std::shared_ptr<BlockImpl> build_block(const Choice& choice, const Site& site) {
    const Choice whole = complete(choice);
    const Family& chosen = family(whole.family());
    if (const std::string problem = chosen.refuse(whole, site); !problem.empty()) {
        throw support::UsageError(fmt::format("{} cannot be built: {}", whole.text(), problem));
    }
    return chosen.build(whole, site);
}

NetworkImpl::NetworkImpl(const SearchSpace& space, const Architecture& architecture_)
    : architecture(space.architecture(space.genome(architecture_))) {
    stem = register_module("stem", build_stem(space));
    for (std::size_t i = 0; i < space.blocks().size(); ++i) {
        blocks.push_back(register_module(fmt::format("block{}", i),
                                         build_block(architecture.choices[i], space.blocks()[i].site)));
    }
    head = register_module("head", build_head(space));
}

NetworkImpl::NetworkImpl(const NetworkImpl& original, const std::optional<torch::Device>& device)
    : architecture(original.architecture) {
    train(original.is_training()); // while there are no children, which bring their own modes
    const auto copy = [&](const std::shared_ptr<BlockImpl>& block) {
        return std::dynamic_pointer_cast<BlockImpl>(block->clone(device));
    };
    stem = register_module("stem", copy(original.stem));
    for (const auto& block : original.blocks) {
        blocks.push_back(register_module(fmt::format("block{}", blocks.size()), copy(block)));
    }
    head = register_module("head", copy(original.head));
}

std::shared_ptr<torch::nn::Module> NetworkImpl::clone(const std::optional<torch::Device>& device) const {
    return std::shared_ptr<NetworkImpl>(new NetworkImpl(*this, device));
}

torch::Tensor NetworkImpl::forward(const torch::Tensor& x) {
    torch::Tensor y = stem->forward(x);
    for (const auto& block : blocks) {
        y = block->forward(y);
    }
    return head->forward(y);
}

std::vector<torch::Tensor> NetworkImpl::boundaries(const torch::Tensor& x) {
    std::vector<torch::Tensor> maps{stem->forward(x)};
    for (const auto& block : blocks) {
        maps.push_back(block->forward(maps.back()));
    }
    return maps;
}

} // namespace tessera::search_spaces
