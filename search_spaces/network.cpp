#include "search_spaces/block_module.h"

#include <fmt/format.h>

#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "search_spaces/layers/dropout.h"
#include "support/error.h"

namespace tessera::search_spaces {
namespace {

/// The first layer: convolution -> BatchNorm -> activation.
struct StemImpl final : CloneableBlock<StemImpl> {
    explicit StemImpl(const ConvNormActOptions& options_)
        : options(options_), layer(register_module("layer", ConvNormAct(options_))) {}
    torch::Tensor forward(const torch::Tensor& x) override { return layer->forward(x); }

    ConvNormActOptions options;
    ConvNormAct layer;
};

struct ClassifierOptions {
    ClassifierOptions(std::int64_t in_channels, std::int64_t classes, HeadOptions head)
        : in_channels_(in_channels), classes_(classes), head_(std::move(head)) {}
    TORCH_ARG(std::int64_t, in_channels);
    TORCH_ARG(std::int64_t, classes);
    TORCH_ARG(HeadOptions, head);
};

/// Optional 1x1 convolution -> BatchNorm -> activation, mean, dropout, linear. B x C x H x W -> B x classes.
struct ClassifierImpl final : CloneableBlock<ClassifierImpl> {
    explicit ClassifierImpl(const ClassifierOptions& options_) : options(options_) {
        std::int64_t features = options.in_channels();
        const HeadOptions& head = options.head();
        if (head.channels > 0) {
            widen = register_module(
                "widen",
                ConvNormAct(ConvNormActOptions(features, head.channels, 1).act(activation(head.act))));
            features = head.channels;
        }
        dropout = register_module("dropout", SeededDropout(SeededDropoutOptions(head.dropout)));
        linear = register_module("linear", torch::nn::Linear(features, options.classes()));
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        const torch::Tensor map = widen.is_empty() ? x : widen->forward(x);
        return linear->forward(dropout->forward(map.mean({2, 3})));
    }

    ClassifierOptions options;
    ConvNormAct widen{nullptr};
    SeededDropout dropout{nullptr};
    torch::nn::Linear linear{nullptr};
};

} // namespace

std::shared_ptr<BlockImpl> build_block(const Choice& choice, const Site& site) {
    const Choice whole = complete(choice);
    const Family& chosen = family(whole.family());
    if (const std::string problem = chosen.refuse(whole, site); !problem.empty()) {
        throw support::UsageError(fmt::format("{} cannot be built: {}", whole.text(), problem));
    }
    return chosen.build(whole, site);
}

std::shared_ptr<BlockImpl> build_stem(const SearchSpace& space) {
    const StemOptions& stem = space.stem();
    return std::make_shared<StemImpl>(ConvNormActOptions(space.input().channels, stem.channels, stem.kernel)
                                          .stride(stem.stride)
                                          .act(activation(stem.act)));
}

std::shared_ptr<BlockImpl> build_head(const SearchSpace& space) {
    return std::make_shared<ClassifierImpl>(
        ClassifierOptions(space.blocks().back().site.out_channels, space.classes(), space.head()));
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
