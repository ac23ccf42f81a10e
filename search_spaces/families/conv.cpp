// conv: plain residual units of two dense convolutions (He et al., 2016).
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"

namespace tessera::search_spaces {
namespace {

struct ResidualUnitOptions {
    ResidualUnitOptions(std::int64_t in_channels, std::int64_t mid_channels, std::int64_t out_channels)
        : in_channels_(in_channels), mid_channels_(mid_channels), out_channels_(out_channels) {}
    TORCH_ARG(std::int64_t, in_channels);
    TORCH_ARG(std::int64_t, mid_channels);
    TORCH_ARG(std::int64_t, out_channels);
    TORCH_ARG(std::int64_t, kernel) = 3;
    TORCH_ARG(std::int64_t, stride) = 1;
};

/// relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)); the shortcut is x or, where the shape changes, a
/// strided 1x1 convolution with BatchNorm. B x in x H x W -> B x out x ceil(H/stride) x ceil(W/stride).
struct ResidualUnitImpl : torch::nn::Cloneable<ResidualUnitImpl> {
    explicit ResidualUnitImpl(const ResidualUnitOptions& options_) : options(options_) { reset(); }
    void reset() override {
        const auto& o = options;
        first = register_module("first",
                                ConvNormAct(ConvNormActOptions(o.in_channels(), o.mid_channels(), o.kernel())
                                                .stride(o.stride())
                                                .act(Activation::relu)));
        second = register_module(
            "second", ConvNormAct(ConvNormActOptions(o.mid_channels(), o.out_channels(), o.kernel())));
        if (o.stride() != 1 || o.in_channels() != o.out_channels()) {
            shortcut = register_module(
                "shortcut",
                ConvNormAct(ConvNormActOptions(o.in_channels(), o.out_channels(), 1).stride(o.stride())));
        }
    }
    torch::Tensor forward(const torch::Tensor& x) {
        torch::Tensor y = second->forward(first->forward(x));
        y += shortcut.is_empty() ? x : shortcut->forward(x);
        return activate(Activation::relu, y);
    }

    ResidualUnitOptions options;
    ConvNormAct first{nullptr}, second{nullptr}, shortcut{nullptr};
};
TORCH_MODULE(ResidualUnit);

struct ConvOptions {
    ConvOptions(Choice choice, Site site) : choice_(std::move(choice)), site_(site) {}
    TORCH_ARG(Choice, choice);
    TORCH_ARG(Site, site);
};

/// Units of a block in order; the first one carries the stride and the change of channels.
std::vector<ResidualUnitOptions> units(const Choice& choice, const Site& site) {
    const double width = choice.number("width");
    const std::int64_t mid =
        std::max<std::int64_t>(1, std::llround(static_cast<double>(site.out_channels) * width));
    std::vector<ResidualUnitOptions> result;
    for (int i = 0; i < choice.integer("depth"); ++i) {
        result.push_back(
            ResidualUnitOptions(i == 0 ? site.input.channels : site.out_channels, mid, site.out_channels)
                .kernel(choice.integer("kernel"))
                .stride(i == 0 ? site.stride : 1));
    }
    return result;
}

struct ConvBlockImpl final : CloneableBlock<ConvBlockImpl> {
    explicit ConvBlockImpl(const ConvOptions& options_) : options(options_) {
        for (const ResidualUnitOptions& unit : units(options.choice(), options.site())) {
            layers.push_back(register_module(fmt::format("layer{}", layers.size()), ResidualUnit(unit)));
        }
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        torch::Tensor y = x;
        for (ResidualUnit& layer : layers) {
            y = layer->forward(y);
        }
        return y;
    }

    ConvOptions options;
    std::vector<ResidualUnit> layers;
};
TORCH_MODULE(ConvBlock);

void count(const ResidualUnitOptions& unit, CostMeter& meter) {
    const Shape input = meter.shape();
    meter.convolution(unit.mid_channels(), unit.kernel(), unit.stride(), 1, false, true);
    meter.hold(input.elements());
    meter.convolution(unit.out_channels(), unit.kernel(), 1, 1, false, true);
    if (unit.stride() != 1 || unit.in_channels() != unit.out_channels()) {
        meter.side_convolution(input, unit.out_channels(), 1, unit.stride(), 1, true);
    }
    meter.release(input.elements());
}

class ConvFamily final : public Family {
public:
    std::string_view name() const override { return "conv"; }
    const std::vector<Parameter>& parameters() const override {
        using enum Parameter::Kind;
        static const std::vector<Parameter> all{
            {.name = "depth", .kind = integer, .default_value = "1", .low = 1, .high = 8},
            {.name = "kernel", .kind = integer, .default_value = "3", .low = 1, .high = 11, .odd = true},
            {.name = "width", .kind = number, .default_value = "1", .low = 0.05, .high = 4},
        };
        return all;
    }
    std::string refuse(const Choice&, const Site& site) const override {
        return refuse_class_token(site.input);
    }
    Costs costs(const Choice& choice, const Site& site) const override {
        CostMeter meter(site.input);
        for (const ResidualUnitOptions& unit : units(choice, site)) {
            count(unit, meter);
        }
        return meter.costs();
    }
    std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const override {
        return ConvBlock(ConvOptions(choice, site)).ptr();
    }
};

} // namespace

const Family& conv_family() {
    static const ConvFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
