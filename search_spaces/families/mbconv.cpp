// mbconv: inverted bottlenecks (Sandler et al., 2018) with a depthwise or grouped convolution and optional
// attention.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "search_spaces/layers/squeeze_excite.h"

namespace tessera::search_spaces {
namespace {

struct InvertedBottleneckOptions {
    InvertedBottleneckOptions(std::int64_t in_channels, std::int64_t hidden_channels,
                              std::int64_t out_channels)
        : in_channels_(in_channels), hidden_channels_(hidden_channels), out_channels_(out_channels) {}
    TORCH_ARG(std::int64_t, in_channels);
    TORCH_ARG(std::int64_t, hidden_channels);
    TORCH_ARG(std::int64_t, out_channels);
    TORCH_ARG(bool, expansion) = true; ///< the 1x1 convolution to hidden_channels
    TORCH_ARG(std::int64_t, kernel) = 3;
    TORCH_ARG(std::int64_t, stride) = 1;
    TORCH_ARG(std::int64_t, group) = 1;   ///< channels a group of the spatial convolution; 1: depthwise
    TORCH_ARG(std::int64_t, reduced) = 0; ///< width of squeeze-and-excitation; 0: none
    TORCH_ARG(Activation, act) = Activation::relu;

public: // TORCH_ARG ends in a private section
    bool residual() const { return stride_ == 1 && in_channels_ == out_channels_; }
};

/// x -> 1x1 expansion, norm, act -> k x k grouped, norm, act -> attention -> 1x1 projection, norm -> + x
/// where the shape allows. B x in x H x W -> B x out x ceil(H/stride) x ceil(W/stride).
struct InvertedBottleneckImpl : torch::nn::Cloneable<InvertedBottleneckImpl> {
    explicit InvertedBottleneckImpl(const InvertedBottleneckOptions& options_) : options(options_) {
        reset();
    }
    void reset() override {
        const auto& o = options;
        if (o.expansion()) {
            expand = register_module(
                "expand",
                ConvNormAct(ConvNormActOptions(o.in_channels(), o.hidden_channels(), 1).act(o.act())));
        }
        spatial = register_module(
            "spatial", ConvNormAct(ConvNormActOptions(o.hidden_channels(), o.hidden_channels(), o.kernel())
                                       .stride(o.stride())
                                       .groups(o.hidden_channels() / o.group())
                                       .act(o.act())));
        if (o.reduced() > 0) {
            const Activation gate =
                o.act() == Activation::hswish ? Activation::hsigmoid : Activation::sigmoid;
            attention = register_module(
                "attention",
                SqueezeExcite(SqueezeExciteOptions(o.hidden_channels(), o.reduced()).gate(gate)));
        }
        project = register_module("project",
                                  ConvNormAct(ConvNormActOptions(o.hidden_channels(), o.out_channels(), 1)));
    }
    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = spatial->forward(expand.is_empty() ? x : expand->forward(x));
        if (!attention.is_empty()) {
            y = attention->forward(y);
        }
        y = project->forward(y);
        if (options.residual()) {
            y += x;
        }
        return y;
    }

    InvertedBottleneckOptions options;
    ConvNormAct expand{nullptr}, spatial{nullptr}, project{nullptr};
    SqueezeExcite attention{nullptr};
};
TORCH_MODULE(InvertedBottleneck);

struct MBConvOptions {
    MBConvOptions(Choice choice, Site site) : choice_(std::move(choice)), site_(site) {}
    TORCH_ARG(Choice, choice);
    TORCH_ARG(Site, site);
};

bool has_expansion(const Choice& choice) {
    return choice.integer("expand") != 1 || choice.number("width") != 1;
}

/// round(in * expand * width), then the nearest multiple of the group (upwards from the middle), at least one
/// group.
std::int64_t hidden_channels(const Choice& choice, std::int64_t in_channels) {
    const std::int64_t group = choice.integer("group");
    const auto wanted =
        std::llround(static_cast<double>(in_channels * choice.integer("expand")) * choice.number("width"));
    return std::max<std::int64_t>(1, (wanted + group / 2) / group) * group;
}

/// Layers of a block in order; the first one carries the stride and the change of channels.
std::vector<InvertedBottleneckOptions> layers_of(const Choice& choice, const Site& site) {
    std::vector<InvertedBottleneckOptions> result;
    for (int i = 0; i < choice.integer("depth"); ++i) {
        const std::int64_t in = i == 0 ? site.input.channels : site.out_channels;
        // Attention shrinks to a quarter of the layer's input, as in EfficientNet, but to no less than 8
        // channels.
        const std::int64_t reduced =
            choice.text_of("attention") == "se" ? std::max<std::int64_t>(8, in / 4) : 0;
        result.push_back(InvertedBottleneckOptions(in, hidden_channels(choice, in), site.out_channels)
                             .expansion(has_expansion(choice))
                             .kernel(choice.integer("kernel"))
                             .stride(i == 0 ? site.stride : 1)
                             .group(choice.integer("group"))
                             .reduced(reduced)
                             .act(activation(choice.text_of("act"))));
    }
    return result;
}

struct MBConvImpl final : CloneableBlock<MBConvImpl> {
    explicit MBConvImpl(const MBConvOptions& options_) : options(options_) {
        for (const InvertedBottleneckOptions& layer : layers_of(options.choice(), options.site())) {
            layers.push_back(
                register_module(fmt::format("layer{}", layers.size()), InvertedBottleneck(layer)));
        }
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        torch::Tensor y = x;
        for (InvertedBottleneck& layer : layers) {
            y = layer->forward(y);
        }
        return y;
    }

    MBConvOptions options;
    std::vector<InvertedBottleneck> layers;
};
TORCH_MODULE(MBConv);

void count(const InvertedBottleneckOptions& layer, CostMeter& meter) {
    const std::int64_t input = layer.residual() ? meter.shape().elements() : 0;
    if (layer.expansion()) {
        meter.convolution(layer.hidden_channels(), 1, 1, 1, false, true);
    }
    // Held once the first convolution has turned the flow into another tensor; without expansion that is the
    // spatial one.
    if (layer.expansion()) {
        meter.hold(input);
    }
    meter.convolution(layer.hidden_channels(), layer.kernel(), layer.stride(),
                      layer.hidden_channels() / layer.group(), false, true);
    if (!layer.expansion()) {
        meter.hold(input);
    }
    if (layer.reduced() > 0) {
        meter.squeeze_excite(layer.reduced());
    }
    meter.convolution(layer.out_channels(), 1, 1, 1, false, true);
    meter.release(input);
}

class MBConvFamily final : public Family {
public:
    std::string_view name() const override { return "mbconv"; }
    const std::vector<Parameter>& parameters() const override {
        using enum Parameter::Kind;
        static const std::vector<Parameter> all{
            {.name = "depth", .kind = integer, .default_value = "1", .low = 1, .high = 8},
            {.name = "kernel", .kind = integer, .default_value = "3", .low = 1, .high = 11, .odd = true},
            {.name = "expand", .kind = integer, .default_value = "6", .low = 1, .high = 12},
            {.name = "width", .kind = number, .default_value = "1", .low = 0.1, .high = 1},
            {.name = "group",
             .kind = integer,
             .default_value = "1",
             .low = 1,
             .high = 4096,
             .aliases = {{"depthwise", "1"}}},
            {.name = "attention", .kind = word, .default_value = "none", .words = {"none", "se"}},
            {.name = "act",
             .kind = word,
             .default_value = "relu",
             .words = {"relu", "relu6", "swish", "hswish"}},
        };
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        const int group = choice.integer("group");
        if (has_expansion(choice) || site.input.prefix > 0) {
            return refuse_class_token(site.input);
        } // the hidden width is made a multiple of the group
        for (const std::int64_t channels :
             {site.input.channels, choice.integer("depth") > 1 ? site.out_channels : 0}) {
            if (channels % group != 0) {
                return fmt::format(
                    "without expansion its {} channels would have to be a multiple of group {}", channels,
                    group);
            }
        }
        return "";
    }
    Costs costs(const Choice& choice, const Site& site) const override {
        CostMeter meter(site.input);
        for (const InvertedBottleneckOptions& layer : layers_of(choice, site)) {
            count(layer, meter);
        }
        return meter.costs();
    }
    std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const override {
        return MBConv(MBConvOptions(choice, site)).ptr();
    }
};

} // namespace

const Family& mbconv_family() {
    static const MBConvFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
