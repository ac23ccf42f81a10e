// ToSA's token selector: from the attention maps of one layer to those of the next (arXiv 2406.08816).
#pragma once

#include <torch/torch.h>

#include "search_spaces/self_initialising.h"

namespace tessera::search_spaces {

struct TokenSelectorOptions {
    TokenSelectorOptions(std::int64_t maps, std::int64_t width) : maps_(maps), width_(width) {}
    /// Attention maps that it reads and predicts: all heads, or 1 for their mean, which is far cheaper.
    TORCH_ARG(std::int64_t, maps);
    TORCH_ARG(std::int64_t, width); ///< hidden channels
};

/// One of the selector's two layers. At first their units come in pairs, relu(x) and relu(-x) of a map, which
/// the second layer puts together again: what goes in comes out, up to a little noise, so that a selector
/// that has learnt nothing yet expects the next layer to look where this one did. (From random weights half
/// of them rank tokens the wrong way round, and a distillation of a few dozen steps does not turn that.)
struct SelectorLayerImpl : torch::nn::LinearImpl, SelfInitialising {
    SelectorLayerImpl(std::int64_t in, std::int64_t out, bool reads)
        : torch::nn::LinearImpl(torch::nn::LinearOptions(in, out)), reads_(reads) {}
    void initialise_own(at::Generator generator) override;

private:
    bool reads_; ///< the first of the two
};
TORCH_MODULE(SelectorLayer);

/// softmax(conv(relu(conv(map)))) over the keys, both convolutions 1x1 over the maps as channels, so that
/// nothing depends on the number of tokens. B x maps x R x L, any R rows of the map, -> the same shape. The
/// convolutions are matrix products: of so few channels LibTorch's are thirty times slower on several
/// threads.
struct TokenSelectorImpl : torch::nn::Module {
    explicit TokenSelectorImpl(const TokenSelectorOptions& options);
    torch::Tensor probabilities(const torch::Tensor& map);
    torch::Tensor log_probabilities(const torch::Tensor& map);

    TokenSelectorOptions options;
    SelectorLayer read{nullptr}, predict{nullptr};

private:
    torch::Tensor logits(const torch::Tensor& map);
};
TORCH_MODULE(TokenSelector);

/// KL(truth || predicted), mean over batch, maps and rows. Truth: probabilities; predicted: their logarithms.
torch::Tensor selector_loss(const torch::Tensor& truth, const torch::Tensor& predicted);

/// How much the tokens are looked at: column sums of B x maps x R x L probabilities, mean over the maps;
/// B x L. Over all rows of a map they add up to L.
torch::Tensor importance_of(const torch::Tensor& probabilities);

/// Indices of the `keep` most important tokens behind the first `prefix`, which are always taken, in the
/// order of their places: B x (prefix + keep). Of equal tokens those further in front are kept.
torch::Tensor kept_tokens(const torch::Tensor& importance, std::int64_t keep, std::int64_t prefix);

} // namespace tessera::search_spaces
