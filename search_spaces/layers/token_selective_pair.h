// Two transformer layers, of which the second sees only the tokens that matter: ToSA (arXiv 2406.08816).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "search_spaces/auxiliary_task.h"
#include "search_spaces/layers/token_selector.h"
#include "search_spaces/layers/transformer_layer.h"

namespace tessera::search_spaces {

struct TokenSelectiveOptions {
    /// A fresh mixer, which has to be a ScoringMixer and to take any number of tokens.
    using MakeMixer = std::function<std::shared_ptr<TokenMixerImpl>()>;
    TokenSelectiveOptions(TokenGrid grid, std::int64_t channels, std::int64_t hidden, std::int64_t keep,
                          MakeMixer mixer)
        : grid_(grid), channels_(channels), hidden_(hidden), keep_(keep), mixer_(std::move(mixer)) {}
    TORCH_ARG(TokenGrid, grid);
    TORCH_ARG(std::int64_t, channels);
    TORCH_ARG(std::int64_t, hidden); ///< of the feed-forward halves
    TORCH_ARG(std::int64_t, keep);   ///< tokens of the grid that go through the second layer; 0: none
    TORCH_ARG(MakeMixer, mixer);
    TORCH_ARG(bool, by_head) = false;   ///< the selector reads every head's map, not their mean
    TORCH_ARG(std::int64_t, width) = 4; ///< the selector's hidden channels
    TORCH_ARG(bool, raw_scores) = true; ///< the selector reads scores before their normalisation

public: // TORCH_ARG ends in a private section
    /// All tokens kept: nothing to select, two plain layers.
    bool plain() const { return keep_ >= grid_.height * grid_.width; }
};

/// A standard layer, whose scores the selector reads to predict the next layer's maps; the tokens with the
/// largest column sums go through that layer, the others pass it by and are put back in their places.
/// B x L x D -> the same.
///
/// While training, the selector learns by KL from the second layer's true maps over all tokens; neither its
/// input nor those maps carry gradients, so the layers around it are frozen to it. For the first
/// `selector_share` of a training all tokens take the second layer, since a selector that has not learnt
/// anything yet would be a random one.
struct TokenSelectivePairImpl final : torch::nn::Module, AuxiliaryTask {
    explicit TokenSelectivePairImpl(const TokenSelectiveOptions& options);
    torch::Tensor forward(const torch::Tensor& tokens);
    /// The second layer on the tokens that `importance` (B x L) prefers.
    torch::Tensor select(const torch::Tensor& tokens, const torch::Tensor& importance);

    struct Standard {
        torch::Tensor tokens, importance;
    };
    /// The first layer and what the selector makes of it, in evaluation: rows of the map at a time, so that
    /// no L x L tensor exists.
    Standard standard(const torch::Tensor& tokens);
    /// The second layer's maps over all tokens: B x heads x L x L.
    torch::Tensor true_maps(const torch::Tensor& tokens);

    void set_progress(double progress) override { progress_ = progress; }
    torch::Tensor take_loss() override { return std::exchange(loss_, {}); }

    static constexpr double selector_share = 0.3;

    TokenSelectiveOptions options;
    TransformerLayer first{nullptr}, second{nullptr};
    TokenSelector selector{nullptr};

private:
    ScoringMixer& scoring(TransformerLayer& layer);
    torch::Tensor read_by_selector(const torch::Tensor& scores, const torch::Tensor& probabilities) const;
    torch::Tensor train_forward(const torch::Tensor& tokens);

    double progress_ = 1;
    torch::Tensor loss_;
};
TORCH_MODULE(TokenSelectivePair);

/// Rows of an attention map that are worked on at a time.
std::int64_t rows_at_once(std::int64_t heads, std::int64_t length);

/// Costs of a pair on the meter's tokens; `mixer` counts the second layer's between its input and its output.
void count_token_selective_pair(CostMeter& meter, const TokenSelectiveOptions& options, std::int64_t heads,
                                const std::function<void(CostMeter&)>& mixer);

} // namespace tessera::search_spaces
