#include "search_spaces/layers/transformer_block.h"

#include <fmt/format.h>

#include "search_spaces/layers/token_map.h"

namespace tessera::search_spaces {
namespace {

/// Odd, and wide enough to see every position between those it is placed on.
std::int64_t embedding_kernel(std::int64_t stride) { return 2 * (stride / 2) + 1; }

} // namespace

ConvNormAct token_embedding(const Site& site) {
    if (site.keeps_shape()) {
        return nullptr;
    }
    return ConvNormAct(
        ConvNormActOptions(site.input.channels, site.out_channels, embedding_kernel(site.stride))
            .stride(site.stride));
}

void count_token_embedding(CostMeter& meter, const Site& site) {
    if (!site.keeps_shape()) {
        meter.convolution(site.out_channels, embedding_kernel(site.stride), site.stride, 1, false, true);
    }
}

TransformerBlockImpl::TransformerBlockImpl(const TransformerBlockOptions& options_) : options(options_) {
    if (ConvNormAct fitting = token_embedding(options.site()); !fitting.is_empty()) {
        embed = register_module("embed", fitting);
    }
    for (std::int64_t i = 0; i < options.depth(); ++i) {
        layers.push_back(register_module(
            fmt::format("layer{}", i),
            TransformerLayer(options.mixer()(), options.site().out_channels, options.hidden())));
    }
}

torch::Tensor TransformerBlockImpl::forward(const torch::Tensor& x) {
    torch::Tensor tokens = to_tokens(embed.is_empty() ? x : embed->forward(x));
    for (TransformerLayer& layer : layers) {
        tokens = layer->forward(tokens);
    }
    return to_map(tokens, grid_of(options.site().output()));
}

std::vector<Parameter> transformer_parameters(bool heads) {
    using enum Parameter::Kind;
    std::vector<Parameter> all{
        {.name = "depth", .kind = integer, .default_value = "1", .low = 1, .high = 64}};
    if (heads) {
        all.push_back({.name = "heads", .kind = integer, .default_value = "1", .low = 1, .high = 256});
    }
    all.push_back({.name = "mlp", .kind = number, .default_value = "4", .low = 0.25, .high = 16});
    return all;
}

std::string refuse_tokens(const Site& site) {
    return site.keeps_shape() ? "" : refuse_class_token(site.input);
}

std::string refuse_heads(const Choice& choice, const Site& site) {
    const int heads = choice.integer("heads");
    return site.out_channels % heads != 0
               ? fmt::format("{} heads do not divide {} channels", heads, site.out_channels)
               : refuse_tokens(site);
}

std::int64_t hidden_width(const Choice& choice, const Site& site) {
    return hidden_width(site.out_channels, choice.number("mlp"));
}

Costs TransformerFamily::costs(const Choice& choice, const Site& site) const {
    CostMeter meter(site.input);
    count_token_embedding(meter, site);
    for (int i = 0; i < choice.integer("depth"); ++i) {
        count_transformer_layer(meter, hidden_width(choice, site),
                                [&](CostMeter& inner) { count(choice, inner); });
    }
    return meter.costs();
}

std::shared_ptr<BlockImpl> TransformerFamily::build(const Choice& choice, const Site& site) const {
    return TransformerBlock(TransformerBlockOptions(site, choice.integer("depth"), hidden_width(choice, site),
                                                    // Families live as long as the program.
                                                    [this, choice, site] { return mixer(choice, site); }))
        .ptr();
}

} // namespace tessera::search_spaces
