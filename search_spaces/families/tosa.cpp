// tosa: pairs of transformer layers, the second of each on selected tokens (arXiv 2406.08816).
#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "search_spaces/layers/linear_attention.h"
#include "search_spaces/layers/token_map.h"
#include "search_spaces/layers/token_selective_pair.h"
#include "search_spaces/layers/transformer_block.h"
#include "search_spaces/narrowing.h"

namespace tessera::search_spaces {
namespace {

/// ceil(r L), without what rounding of r adds to it.
std::int64_t kept(double ratio, const Shape& tokens) {
    return static_cast<std::int64_t>(
        std::ceil(ratio * static_cast<double>(tokens.height * tokens.width) - 1e-9));
}

TokenSelectiveOptions pair_options(const Choice& choice, const Site& site) {
    const AttentionOptions attention(site.out_channels, choice.integer("heads"));
    const bool softmax = choice.text_of("attention") == "softmax";
    const auto mixer = [=]() -> std::shared_ptr<TokenMixerImpl> {
        if (softmax) {
            return SoftmaxAttention(attention).ptr();
        }
        return LinearAttention(attention).ptr();
    };
    return TokenSelectiveOptions(grid_of(site.output()), site.out_channels, hidden_width(choice, site),
                                 kept(choice.number("keep"), site.output()), mixer)
        .by_head(choice.text_of("selector") == "heads")
        .width(choice.integer("width"))
        .raw_scores(choice.text_of("scores") == "raw");
}

struct TosaOptions {
    TosaOptions(Choice choice, Site site) : choice_(std::move(choice)), site_(site) {}
    TORCH_ARG(Choice, choice);
    TORCH_ARG(Site, site);
};

/// B x C x H x W -> B x out x H' x W', or sequences with a class token. A variant of `attention`: its layers
/// are those of such a block, and its selectors are its own.
struct TosaImpl final : CloneableBlock<TosaImpl>, Variant {
    explicit TosaImpl(const TosaOptions& options_) : options(options_) {
        if (ConvNormAct fitting = token_embedding(options.site()); !fitting.is_empty()) {
            embed = register_module("embed", fitting);
        }
        for (int i = 0; i < options.choice().integer("depth") / 2; ++i) {
            pairs.push_back(
                register_module(fmt::format("pair{}", i),
                                TokenSelectivePair(pair_options(options.choice(), options.site()))));
        }
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        torch::Tensor tokens = to_tokens(embed.is_empty() ? x : embed->forward(x));
        for (TokenSelectivePair& pair : pairs) {
            tokens = pair->forward(tokens);
        }
        return to_map(tokens, grid_of(options.site().output()));
    }

    std::string counterpart(const std::string& name) const override {
        if (!name.starts_with("pair")) {
            return name;
        }
        const auto dot = std::min(name.find('.'), name.size());
        const int pair = std::stoi(name.substr(4, dot - 4));
        for (const auto& [own, layer] : {std::pair{".first", 0}, std::pair{".second", 1}}) {
            if (name.compare(dot, std::strlen(own), own) == 0) {
                return fmt::format("layer{}{}", 2 * pair + layer, name.substr(dot + std::strlen(own)));
            }
        }
        return "";
    }

    TosaOptions options;
    ConvNormAct embed{nullptr};
    std::vector<TokenSelectivePair> pairs;
};
TORCH_MODULE(Tosa);

class TosaFamily final : public Family {
public:
    std::string_view name() const override { return "tosa"; }
    const std::vector<Parameter>& parameters() const override {
        using enum Parameter::Kind;
        static const std::vector<Parameter> all = [] {
            std::vector<Parameter> list = transformer_parameters(/*heads=*/true);
            list.front().default_value = "2";
            list.push_back({.name = "keep", .kind = number, .default_value = "0.5", .low = 0, .high = 1});
            list.push_back({.name = "attention",
                            .kind = word,
                            .default_value = "softmax",
                            .words = {"softmax", "linear"}});
            list.push_back(
                {.name = "selector", .kind = word, .default_value = "mean", .words = {"mean", "heads"}});
            list.push_back({.name = "width", .kind = integer, .default_value = "4", .low = 1, .high = 1024});
            list.push_back(
                {.name = "scores", .kind = word, .default_value = "raw", .words = {"raw", "softmax"}});
            return list;
        }();
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        if (const int depth = choice.integer("depth"); depth % 2 != 0) {
            return fmt::format(
                "depth {} leaves a ToSA layer without a standard layer before it: layers come in "
                "pairs",
                depth);
        }
        if (kept(choice.number("keep"), site.output()) <= 0) {
            return fmt::format("keep {} leaves no token of {} x {} for the ToSA layers",
                               choice.text_of("keep"), site.output().height, site.output().width);
        }
        return refuse_heads(choice, site);
    }
    Costs costs(const Choice& choice, const Site& site) const override {
        CostMeter meter(site.input);
        count_token_embedding(meter, site);
        const std::int64_t heads = choice.integer("heads");
        const TokenSelectiveOptions pair = pair_options(choice, site);
        const bool softmax = choice.text_of("attention") == "softmax";
        for (int i = 0; i < choice.integer("depth") / 2; ++i) {
            count_token_selective_pair(meter, pair, heads, [&](CostMeter& inner) {
                softmax ? count_softmax_attention(inner) : count_linear_attention(inner, heads);
            });
        }
        return meter.costs();
    }
    std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const override {
        return Tosa(TosaOptions(choice, site)).ptr();
    }
};

} // namespace

const Family& tosa_family() {
    static const TosaFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
