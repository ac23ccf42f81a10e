// A block of a vision transformer: a group of layers of one width.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "search_spaces/family.h"
#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "search_spaces/layers/transformer_layer.h"

namespace tessera::search_spaces {

struct TransformerBlockOptions {
    using MakeMixer = std::function<std::shared_ptr<TokenMixerImpl>()>;
    TransformerBlockOptions(Site site, std::int64_t depth, std::int64_t hidden, MakeMixer mixer)
        : site_(site), depth_(depth), hidden_(hidden), mixer_(std::move(mixer)) {}
    TORCH_ARG(Site, site);
    TORCH_ARG(std::int64_t, depth);
    TORCH_ARG(std::int64_t, hidden); ///< width of the feed-forward halves
    TORCH_ARG(MakeMixer, mixer);     ///< a fresh one of each layer, for the site's output
};

/// Where the site changes the map's shape, a strided convolution with BatchNorm; then `depth` layers on its
/// positions as tokens. B x C x H x W -> B x out x H' x W', or sequences with a class token.
struct TransformerBlockImpl final : CloneableBlock<TransformerBlockImpl> {
    explicit TransformerBlockImpl(const TransformerBlockOptions& options);
    torch::Tensor forward(const torch::Tensor& x) override;

    TransformerBlockOptions options;
    ConvNormAct embed{nullptr};
    std::vector<TransformerLayer> layers;
};
TORCH_MODULE(TransformerBlock);

/// The convolution that fits a map to its tokens' width and grid, or an empty holder where nothing changes.
ConvNormAct token_embedding(const Site& site);
void count_token_embedding(CostMeter& meter, const Site& site);

/// Depth, heads and feed-forward ratio: what all families of transformer layers have. `heads` is left out
/// where a mixer has none.
std::vector<Parameter> transformer_parameters(bool heads);
/// Why the site is none for tokens, or empty.
std::string refuse_tokens(const Site& site);
/// The same, and why its width cannot be split into the choice's heads.
std::string refuse_heads(const Choice& choice, const Site& site);
/// Feed-forward width of a choice.
std::int64_t hidden_width(const Choice& choice, const Site& site);

/// A family whose layers are all alike: it differs from others in the mixer.
class TransformerFamily : public Family {
public:
    Costs costs(const Choice& choice, const Site& site) const final;
    std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const final;

protected:
    /// For the tokens of the site's output.
    virtual std::shared_ptr<TokenMixerImpl> mixer(const Choice& choice, const Site& site) const = 0;
    /// Its costs between input and output, on the meter's tokens.
    virtual void count(const Choice& choice, CostMeter& meter) const = 0;
};

} // namespace tessera::search_spaces
