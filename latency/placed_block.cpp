#include "latency/placed_block.h"

#include <fmt/format.h>

#include "latency/deployed.h"

namespace tessera::latency {
namespace {

using search_spaces::Block;
using search_spaces::BlockImpl;
using search_spaces::Choice;
using search_spaces::SearchSpace;
using search_spaces::Shape;

Shape source_map(const SearchSpace& space, const search_spaces::Skip& skip) {
    return skip.source == 0 ? space.stem().output(space.input())
                            : space.blocks()[skip.source - 1].site.output();
}

std::string shape_text(const Shape& shape) {
    return fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width);
}

/// A block behind its join. The skipped maps are buffers: they are as large as in the network, and as cold.
struct JoinedBlockImpl final : BlockImpl {
    JoinedBlockImpl(std::shared_ptr<BlockImpl> inner, const std::vector<std::int64_t>& pools,
                    const std::vector<torch::Tensor>& maps)
        : block(register_module("block", std::move(inner))),
          join(register_module("join", search_spaces::Join(search_spaces::JoinOptions(pools)))) {
        for (std::size_t i = 0; i < maps.size(); ++i) {
            skipped.push_back(fmt::format("skipped{}", i));
            register_buffer(skipped.back(), maps[i]);
        }
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        const auto buffers = named_buffers(/*recurse=*/false); // to() replaces them
        std::vector<torch::Tensor> maps;
        for (const std::string& name : skipped) {
            maps.push_back(buffers[name]);
        }
        return block->forward(join->forward(x, maps));
    }

    std::shared_ptr<BlockImpl> block;
    search_spaces::Join join;
    std::vector<std::string> skipped;
};

} // namespace

std::string placed_key(const SearchSpace& space, const Block& block, const Choice& choice) {
    std::string text = fmt::format("{} on {} to {} by {}", choice.text(), shape_text(block.site.input),
                                   block.site.out_channels, block.site.stride);
    for (const search_spaces::Skip& skip : block.skips) {
        text += fmt::format(" with {} by {}", shape_text(source_map(space, skip)), skip.pool);
    }
    return text;
}

std::shared_ptr<BlockImpl> build_placed(const SearchSpace& space, const Block& block, const Choice& choice,
                                        std::int64_t batch, std::uint64_t seed) {
    auto inner = build_block(choice, block.site);
    if (block.skips.empty()) {
        return inner;
    }
    std::vector<std::int64_t> pools;
    std::vector<torch::Tensor> maps;
    for (const search_spaces::Skip& skip : block.skips) {
        pools.push_back(skip.pool);
        maps.push_back(noise(source_map(space, skip), batch, torch::kCPU, seed));
    }
    return std::make_shared<JoinedBlockImpl>(std::move(inner), pools, maps);
}

} // namespace tessera::latency
