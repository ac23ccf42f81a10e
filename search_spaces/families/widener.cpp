// widener: the step between the stages of an EnvelopeNet (Kamath et al., arXiv 1803.06744).
#include <fmt/format.h>

#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"

namespace tessera::search_spaces {
namespace {

/// [max-pool(x), relu(3x3 convolution with bias)] on channels, both with the block's stride: the pooled map
/// keeps its channels, the convolution adds the rest. B x in x H x W -> B x out x ceil(H/s) x ceil(W/s).
struct WidenerImpl final : CloneableBlock<WidenerImpl> {
    explicit WidenerImpl(const Site& site)
        : options(site),
          conv(register_module(
              "conv",
              ConvNormAct(ConvNormActOptions(site.input.channels, site.out_channels - site.input.channels, 3)
                              .stride(site.stride)
                              .act(Activation::relu)
                              .norm(false)))) {}
    torch::Tensor forward(const torch::Tensor& x) override {
        const std::int64_t side = options.stride;
        return torch::cat({at::max_pool2d(x, {side, side}, {side, side}, {0, 0}, {1, 1}, /*ceil_mode=*/true),
                           conv->forward(x)},
                          1);
    }

    Site options;
    ConvNormAct conv;
};

class WidenerFamily final : public Family {
public:
    std::string_view name() const override { return "widener"; }
    const std::vector<Parameter>& parameters() const override {
        static const std::vector<Parameter> none;
        return none;
    }
    std::string refuse(const Choice&, const Site& site) const override {
        if (site.out_channels <= site.input.channels) {
            return fmt::format(
                "a widener keeps the {} channels that it receives and adds some; the block has {}",
                site.input.channels, site.out_channels);
        }
        return refuse_class_token(site.input);
    }
    Costs costs(const Choice&, const Site& site) const override {
        const Shape out = site.output();
        const std::int64_t added = out.channels - site.input.channels;
        CostMeter meter(site.input);
        const std::int64_t pooled = out.elements() - site.input.strided(added, site.stride).elements();
        meter.hold(pooled);
        meter.side_convolution(site.input, added, 3, site.stride, 1, false);
        meter.parameters(added);
        meter.work(0, site.input.strided(added, site.stride).elements() + out.elements());
        meter.release(pooled);
        meter.become(out);
        return meter.costs();
    }
    std::shared_ptr<BlockImpl> build(const Choice&, const Site& site) const override {
        return std::make_shared<WidenerImpl>(site);
    }
};

} // namespace

const Family& widener_family() {
    static const WidenerFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
