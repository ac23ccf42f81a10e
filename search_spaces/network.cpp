#include "search_spaces/block_module.h"

#include <algorithm>

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
        const Block& block = space.blocks()[i];
        blocks.push_back(
            register_module(fmt::format("block{}", i), build_block(architecture.choices[i], block.site)));
        std::vector<std::size_t> sources;
        std::vector<std::int64_t> pools;
        for (const Skip& skip : block.skips) {
            sources.push_back(skip.source);
            pools.push_back(skip.pool);
        }
        sources_.push_back(std::move(sources));
        joins.push_back(pools.empty() ? Join(nullptr)
                                      : register_module(fmt::format("join{}", i), Join(JoinOptions(pools))));
    }
    head = register_module("head", build_head(space));
}

NetworkImpl::NetworkImpl(const NetworkImpl& original, const std::optional<torch::Device>& device)
    : architecture(original.architecture), sources_(original.sources_) {
    train(original.is_training()); // while there are no children, which bring their own modes
    const auto copy = [&](const std::shared_ptr<BlockImpl>& block) {
        return std::dynamic_pointer_cast<BlockImpl>(block->clone(device));
    };
    stem = register_module("stem", copy(original.stem));
    for (const auto& block : original.blocks) {
        blocks.push_back(register_module(fmt::format("block{}", blocks.size()), copy(block)));
        const Join& join = original.joins[joins.size()];
        joins.push_back(
            join.is_empty()
                ? Join(nullptr)
                : register_module(fmt::format("join{}", joins.size()),
                                  Join(std::dynamic_pointer_cast<JoinImpl>(join->clone(device)))));
    }
    head = register_module("head", copy(original.head));
}

std::shared_ptr<torch::nn::Module> NetworkImpl::clone(const std::optional<torch::Device>& device) const {
    return std::shared_ptr<NetworkImpl>(new NetworkImpl(*this, device));
}

torch::Tensor NetworkImpl::forward(const torch::Tensor& x) {
    return head->forward(last_map({stem->forward(x)}));
}

torch::Tensor NetworkImpl::input_of(std::size_t block, std::span<const torch::Tensor> maps) {
    if (joins[block].is_empty()) {
        return maps[block];
    }
    std::vector<torch::Tensor> skipped;
    for (const std::size_t source : sources_[block]) {
        skipped.push_back(maps[source]);
    }
    return joins[block]->forward(maps[block], skipped);
}

torch::Tensor NetworkImpl::last_map(std::vector<torch::Tensor> maps) {
    for (std::size_t b = maps.size() - 1; b < blocks.size(); ++b) {
        torch::Tensor input = input_of(b, maps);
        // A map that no later block waits for makes room, its block's own input as soon as it is used.
        for (std::size_t source = 0; source <= b; ++source) {
            const bool wanted = std::any_of(
                sources_.begin() + static_cast<std::ptrdiff_t>(b) + 1, sources_.end(),
                [&](const auto& later) { return std::ranges::find(later, source) != later.end(); });
            if (!wanted) {
                maps[source].reset();
            }
        }
        maps.push_back(blocks[b]->forward(input));
    }
    return maps.back();
}

std::vector<torch::Tensor> NetworkImpl::boundaries(const torch::Tensor& x) {
    std::vector<torch::Tensor> maps{stem->forward(x)};
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        maps.push_back(blocks[b]->forward(input_of(b, maps)));
    }
    return maps;
}

} // namespace tessera::search_spaces
