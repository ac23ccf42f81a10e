#include "search_spaces/head.h"

#include <fmt/format.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "search_spaces/layers/depth_decoder.h"
#include "search_spaces/layers/dropout.h"
#include "search_spaces/layers/token_map.h"
#include "support/config_scalars.h"

namespace tessera::search_spaces {
namespace {

const support::EnumNames<std::string> head_kinds{{"classifier", "classifier"}, {"depth", "depth"}};
const support::EnumNames<std::string> head_activations{
    {"relu", "relu"}, {"relu6", "relu6"}, {"swish", "swish"}, {"hswish", "hswish"}};
const support::EnumNames<std::string> head_norms{{"none", "none"}, {"layer", "layer"}};
const support::EnumNames<std::string> head_pools{{"mean", "mean"}, {"class", "class"}};
const support::EnumNames<std::string> head_upsamplings{{"bilinear", "bilinear"}, {"nearest", "nearest"}};
constexpr std::int64_t decoder_channels = 32;

struct ClassifierOptions {
    ClassifierOptions(Shape map, std::int64_t classes, HeadOptions head)
        : map_(map), classes_(classes), head_(std::move(head)) {}
    TORCH_ARG(Shape, map);
    TORCH_ARG(std::int64_t, classes);
    TORCH_ARG(HeadOptions, head);
};

/// B x C x H x W, or the sequence with a class token, -> B x classes.
struct ClassifierImpl final : CloneableBlock<ClassifierImpl> {
    explicit ClassifierImpl(const ClassifierOptions& options_) : options(options_) {
        std::int64_t features = options.map().channels;
        const HeadOptions& head = options.head();
        if (head.channels > 0) {
            widen = register_module(
                "widen",
                ConvNormAct(ConvNormActOptions(features, head.channels, 1).act(activation(head.act))));
            features = head.channels;
        }
        if (head.norm == "layer") {
            norm = register_module("norm", token_norm(features));
        }
        dropout = register_module("dropout", SeededDropout(SeededDropoutOptions(head.dropout)));
        linear = register_module("linear", torch::nn::Linear(features, options.classes()));
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        const torch::Tensor map = widen.is_empty() ? x : widen->forward(x);
        return linear->forward(dropout->forward(pooled(map)));
    }

    ClassifierOptions options;
    ConvNormAct widen{nullptr};
    torch::nn::LayerNorm norm{nullptr};
    SeededDropout dropout{nullptr};
    torch::nn::Linear linear{nullptr};

private:
    torch::Tensor pooled(const torch::Tensor& map) {
        const std::int64_t prefix = options.map().prefix;
        if (norm.is_empty() && prefix == 0) {
            return map.mean({2, 3});
        }
        torch::Tensor tokens = to_tokens(map);
        if (options.head().pool == "class") { // the others' norm would be work for nothing
            tokens = tokens.select(1, 0);
            return norm.is_empty() ? tokens : norm->forward(tokens);
        }
        tokens = norm.is_empty() ? tokens : norm->forward(tokens);
        return tokens.slice(1, prefix).mean(1);
    }
};

DepthDecoderOptions decoder_options(const HeadOptions& head, const Shape& map, const Shape& image) {
    return DepthDecoderOptions(map, image)
        .channels(head.channels)
        .act(activation(head.act))
        .norm(head.norm == "layer")
        .nearest(head.upsample == "nearest");
}

void check_depth(const support::Section& section, const HeadOptions& options) {
    if (options.channels < 1) {
        section.fail("channels", "a depth head's decoder needs at least one");
    }
    if (options.pool != "mean") {
        section.fail("pool", "a depth head looks at every position; head.kind: classifier pools");
    }
    if (options.dropout > 0) {
        section.fail("dropout", "a depth head has none; head.kind: classifier has");
    }
}

} // namespace

HeadOptions HeadOptions::read(support::Section section, const Shape& map) {
    HeadOptions options;
    section.read("kind", options.kind, head_kinds,
                 "one number for each class, or a decoder that gives every pixel a depth");
    options.channels = options.dense() ? decoder_channels : 0;
    section.read(
        "channels", options.channels, {0, 65536},
        "width of a 1x1 convolution before pooling; 0: none. depth: of the decoder's first layer (32 "
        "unless set), halved with every doubling of the map, to no less than 8");
    section.read("act", options.act, head_activations,
                 "activation after its BatchNorm, and after the decoder's");
    section.read("norm", options.norm, head_norms,
                 "LayerNorm over the channels of each position before pooling, as transformers have it");
    section.read("pool", options.pool, head_pools,
                 "what the classifier sees: the mean over the image's positions, or the class token");
    section.read("dropout", options.dropout, {0, 0.95}, "share of pooled features dropped while training");
    section.read("upsample", options.upsample, head_upsamplings,
                 "depth: how the decoder doubles the map's sides");
    section.finish();
    if (options.dense()) {
        check_depth(section, options);
        return options;
    }
    if (options.upsample != "bilinear") {
        section.fail("upsample", "a classifier enlarges no map; head.kind: depth does");
    }
    if (options.pool == "class" && map.prefix == 0) {
        section.fail("pool", "there is no class token; stem.class_token: true makes one");
    }
    if (options.channels > 0 && map.prefix > 0) {
        section.fail("channels", "a class token has no place in a convolution's map; 0: none");
    }
    return options;
}

Costs HeadOptions::costs(const Shape& map, const Shape& image, std::int64_t classes) const {
    if (dense()) {
        return decoder_options(*this, map, image).costs();
    }
    CostMeter meter(map);
    if (channels > 0) {
        meter.convolution(channels, 1, 1, 1, false, true);
    }
    if (norm == "layer" && pool == "class") {
        meter.parameters(2 * meter.shape().channels);
    } else if (norm == "layer") {
        meter.layer_norm();
    }
    meter.global_pool();
    meter.linear(classes, true);
    return meter.costs();
}

std::string HeadOptions::yaml() const {
    if (dense()) {
        return fmt::format("{{kind: depth, channels: {}, act: {}, norm: {}, upsample: {}}}", channels, act,
                           norm, upsample);
    }
    std::string text =
        fmt::format("{{channels: {}, act: {}, dropout: {}", channels, act, support::config::to_yaml(dropout));
    if (norm != "none") {
        text += fmt::format(", norm: {}", norm);
    }
    if (pool != "mean") {
        text += fmt::format(", pool: {}", pool);
    }
    return text + "}";
}

std::string HeadOptions::skeleton() const {
    if (dense()) {
        return fmt::format("depth {} {} {} {}", channels, act, norm, upsample);
    }
    std::string text = fmt::format("{} {}", channels, act);
    if (norm != "none" || pool != "mean") {
        text += fmt::format(" {} {}", norm, pool);
    }
    return text;
}

std::shared_ptr<BlockImpl> build_head(const SearchSpace& space) {
    const Shape map = space.blocks().back().site.output();
    if (space.head().dense()) {
        return std::make_shared<DepthDecoderImpl>(decoder_options(space.head(), map, space.input()));
    }
    return std::make_shared<ClassifierImpl>(ClassifierOptions(map, space.classes(), space.head()));
}

} // namespace tessera::search_spaces
