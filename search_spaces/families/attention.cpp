// attention: transformer layers with softmax attention over all tokens (Dosovitskiy et al., arXiv
// 2010.11929).
#include "search_spaces/layers/softmax_attention.h"
#include "search_spaces/layers/transformer_block.h"

namespace tessera::search_spaces {
namespace {

class AttentionFamily final : public TransformerFamily {
public:
    std::string_view name() const override { return "attention"; }
    const std::vector<Parameter>& parameters() const override {
        static const std::vector<Parameter> all = transformer_parameters(/*heads=*/true);
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        return refuse_heads(choice, site);
    }

private:
    std::shared_ptr<TokenMixerImpl> mixer(const Choice& choice, const Site& site) const override {
        return SoftmaxAttention(AttentionOptions(site.out_channels, choice.integer("heads"))).ptr();
    }
    void count(const Choice&, CostMeter& meter) const override { count_softmax_attention(meter); }
};

} // namespace

const Family& attention_family() {
    static const AttentionFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
