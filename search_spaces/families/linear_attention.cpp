// linear_attention: transformer layers with attention in time linear in the tokens (Katharopoulos et al.,
// arXiv 2006.16236).
#include "search_spaces/layers/linear_attention.h"
#include "search_spaces/layers/transformer_block.h"

namespace tessera::search_spaces {
namespace {

class LinearAttentionFamily final : public TransformerFamily {
public:
    std::string_view name() const override { return "linear_attention"; }
    const std::vector<Parameter>& parameters() const override {
        static const std::vector<Parameter> all = transformer_parameters(/*heads=*/true);
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        return refuse_heads(choice, site);
    }

private:
    std::shared_ptr<TokenMixerImpl> mixer(const Choice& choice, const Site& site) const override {
        return LinearAttention(AttentionOptions(site.out_channels, choice.integer("heads"))).ptr();
    }
    void count(const Choice& choice, CostMeter& meter) const override {
        count_linear_attention(meter, choice.integer("heads"));
    }
};

} // namespace

const Family& linear_attention_family() {
    static const LinearAttentionFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
