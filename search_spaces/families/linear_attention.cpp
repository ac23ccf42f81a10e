// linear_attention: transformer layers with attention in time linear in the tokens (Katharopoulos et al.,
// arXiv 2006.16236).
#include "search_spaces/layers/linear_attention.h"
#include "search_spaces/layers/transformer_block.h"

namespace tessera::search_spaces {
namespace {

class LinearAttentionFamily final : public Family {
public:
    std::string_view name() const override { return "linear_attention"; }
    const std::vector<Parameter>& parameters() const override {
        static const std::vector<Parameter> all = transformer_parameters(/*heads=*/true);
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        return refuse_heads(choice, site);
    }
    Costs costs(const Choice& choice, const Site& site) const override {
        return transformer_costs(choice, site, [heads = choice.integer("heads")](CostMeter& meter) {
            count_linear_attention(meter, heads);
        });
    }
    std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const override {
        const AttentionOptions options(site.out_channels, choice.integer("heads"));
        return TransformerBlock(TransformerBlockOptions(site, choice.integer("depth"),
                                                        hidden_width(choice, site),
                                                        [=] { return LinearAttention(options).ptr(); }))
            .ptr();
    }
};

} // namespace

const Family& linear_attention_family() {
    static const LinearAttentionFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
