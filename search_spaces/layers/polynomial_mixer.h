// The polynomials that PADRe is an instance of, as are Conv2Former, Hyena and linear attention: the
// definition itself, to be read and compared with rather than to be fast.
#pragma once

#include <vector>

#include <torch/torch.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/token_mixer.h"

namespace tessera::search_spaces {

/// What mixes tokens: a linear map from a sequence to a sequence, for each channel alone.
struct TokenMap {
    enum Kind {
        identity,
        depthwise,  ///< a convolution on the grid or along the sequence, "same"; passes the prefix by
        causal,     ///< a sum over this and all earlier tokens, weighted by their distance (Toeplitz), per
                    ///< channel
        global_sum, ///< every token receives the sum of all; nothing to learn
        full,       ///< any L x L matrix, the same for all channels
    };
    Kind kind = identity;
    std::int64_t kernel = 3; ///< of `depthwise`, odd
    bool bias = false;       ///< one number a channel is added
};

/// What mixes channels: a linear map at each token alone.
struct ChannelMap {
    enum Kind {
        identity,
        diagonal, ///< a factor per channel
        full,     ///< any D x D matrix
    };
    Kind kind = identity;
    bool bias = false; ///< one number a channel is added
};

/// A map's parameters: "weight" (depthwise: D x 1 x k x k; causal: D x L, nearest first; full: L x L or out x
/// in; diagonal: D) and "bias" (D), as far as the map has them.
struct TokenMapImpl : torch::nn::Module {
    TokenMapImpl(const TokenMap& map, std::int64_t dim, const TokenGrid& grid);
    torch::Tensor forward(const torch::Tensor& tokens);
    TokenMap map;
    TokenGrid grid;
    torch::Tensor weight, bias;
};
struct ChannelMapImpl : torch::nn::Module {
    ChannelMapImpl(const ChannelMap& map, std::int64_t dim);
    torch::Tensor forward(const torch::Tensor& tokens);
    ChannelMap map;
    torch::Tensor weight, bias;
};

struct PolynomialMixerOptions {
    PolynomialMixerOptions(std::int64_t dim, TokenGrid grid) : dim_(dim), grid_(grid) {}
    /// PadreOptions' polynomial.
    static PolynomialMixerOptions vision(std::int64_t dim, TokenGrid grid, std::int64_t degree,
                                         std::int64_t kernel);
    TORCH_ARG(std::int64_t, dim);
    TORCH_ARG(TokenGrid, grid);
    TORCH_ARG(std::vector<TokenMap>, a);   ///< one a factor: as many as the degree
    TORCH_ARG(std::vector<ChannelMap>, b); ///< likewise
    TORCH_ARG(std::vector<TokenMap>, c);   ///< one a product: one fewer
    TORCH_ARG(std::vector<ChannelMap>, d); ///< likewise
    TORCH_ARG(bool, coefficients) = false; ///< P sums all Z_i with coefficients; otherwise it is the last
    TORCH_ARG(TokenMap, u);
    TORCH_ARG(ChannelMap, v);
};

/// With tokens X (L x D for each image), PADRe's general form (arXiv 2407.11306):
///     Y_i = A_i X B_i   (i = 1..degree),   Z_1 = Y_1,   Z_{i+1} = (C_i Z_i D_i) * Y_{i+1}
///     P = sum_i W_i * Z_i + bias,   result U P V
/// where * multiplies element by element. Channels are mixed before tokens. W_i is L x D and the bias D
/// ("coefficient<i>", "bias"; they start as 1 and 0). Submodules: "a<i>", "b<i>", "c<i>", "d<i>", "u", "v".
/// Throws where the numbers of maps do not fit together.
struct PolynomialMixerImpl : TokenMixerImpl, SelfInitialising {
    explicit PolynomialMixerImpl(const PolynomialMixerOptions& options);
    std::shared_ptr<torch::nn::Module>
    clone(const std::optional<torch::Device>& device = std::nullopt) const override;
    void initialise_own(at::Generator generator) override;
    torch::Tensor forward(const torch::Tensor& tokens) override;

    PolynomialMixerOptions options;
    std::vector<std::shared_ptr<TokenMapImpl>> a, c;
    std::vector<std::shared_ptr<ChannelMapImpl>> b, d;
    std::shared_ptr<TokenMapImpl> u;
    std::shared_ptr<ChannelMapImpl> v;
    std::vector<torch::Tensor> coefficients;
    torch::Tensor bias;
};
TORCH_MODULE(PolynomialMixer);

} // namespace tessera::search_spaces
