// identity: passes the map through, or, where the shape changes, a 1x1 convolution with the block's stride
// and BatchNorm.
#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"

namespace tessera::search_spaces {
namespace {

struct IdentityOptions {
    IdentityOptions(std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride)
        : in_channels_(in_channels), out_channels_(out_channels), stride_(stride) {}
    TORCH_ARG(std::int64_t, in_channels);
    TORCH_ARG(std::int64_t, out_channels);
    TORCH_ARG(std::int64_t, stride);
};

/// x, or norm(conv1x1(x)). B x in x H x W -> B x out x ceil(H/stride) x ceil(W/stride).
struct IdentityImpl final : CloneableBlock<IdentityImpl> {
    explicit IdentityImpl(const IdentityOptions& options_) : options(options_) {
        if (options.stride() != 1 || options.in_channels() != options.out_channels()) {
            project = register_module(
                "project", ConvNormAct(ConvNormActOptions(options.in_channels(), options.out_channels(), 1)
                                           .stride(options.stride())));
        }
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        return project.is_empty() ? x : project->forward(x);
    }

    IdentityOptions options;
    ConvNormAct project{nullptr};
};
TORCH_MODULE(Identity);

class IdentityFamily final : public Family {
public:
    std::string_view name() const override { return "identity"; }
    const std::vector<Parameter>& parameters() const override {
        static const std::vector<Parameter> none;
        return none;
    }
    std::string refuse(const Choice&, const Site& site) const override {
        return site.keeps_shape() ? "" : refuse_class_token(site.input);
    }
    Costs costs(const Choice&, const Site& site) const override {
        CostMeter meter(site.input);
        if (!site.keeps_shape()) {
            meter.convolution(site.out_channels, 1, site.stride, 1, false, true);
        }
        return meter.costs();
    }
    std::shared_ptr<BlockImpl> build(const Choice&, const Site& site) const override {
        return Identity(IdentityOptions(site.input.channels, site.out_channels, site.stride)).ptr();
    }
};

} // namespace

const Family& identity_family() {
    static const IdentityFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
