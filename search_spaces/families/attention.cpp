// attention: transformer layers with softmax attention over all tokens (Dosovitskiy et al., arXiv
// 2010.11929).
#include "search_spaces/layers/softmax_attention.h"
#include "search_spaces/layers/transformer_block.h"

namespace tessera::search_spaces {
namespace {

class AttentionFamily final : public Family {
public:
    std::string_view name() const override { return "attention"; }
    const std::vector<Parameter>& parameters() const override {
        static const std::vector<Parameter> all = transformer_parameters(/*heads=*/true);
        return all;
    }
    std::string refuse(const Choice& choice, const Site& site) const override {
        return refuse_heads(choice, site);
    }
    Costs costs(const Choice& choice, const Site& site) const override {
        return transformer_costs(choice, site, count_softmax_attention);
    }
    std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const override {
        const AttentionOptions options(site.out_channels, choice.integer("heads"));
        return TransformerBlock(TransformerBlockOptions(site, choice.integer("depth"),
                                                        hidden_width(choice, site),
                                                        [=] { return SoftmaxAttention(options).ptr(); }))
            .ptr();
    }
};

} // namespace

const Family& attention_family() {
    static const AttentionFamily instance;
    return instance;
}

} // namespace tessera::search_spaces
