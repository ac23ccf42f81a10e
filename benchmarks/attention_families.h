// Token mixers that the attention benchmarks compare: projections included, batch 1, heads of 64
// channels.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/linear_attention.h"
#include "search_spaces/layers/padre.h"
#include "search_spaces/layers/softmax_attention.h"
#include "search_spaces/layers/token_selective_pair.h"

namespace tessera::benchmarks {

struct Mixer {
    std::function<torch::Tensor(const torch::Tensor&)> forward; ///< B x L x D -> B x L x D
    std::vector<torch::Tensor> parameters;
    double flops; ///< of the bare arithmetic, forward, batch 1: two a multiplication and addition
};

struct Family {
    std::string name;
    std::function<Mixer(std::int64_t tokens, std::int64_t dim)> make;
    std::int64_t most_tokens = 16384; ///< beyond them the quadratic ones take too much memory
};

/// The most even grid: 64 = 8 x 8, 128 = 8 x 16.
inline search_spaces::TokenGrid grid_of(std::int64_t tokens) {
    std::int64_t height = 1;
    for (std::int64_t i = 1; i * i <= tokens; ++i) {
        height = tokens % i == 0 ? i : height;
    }
    return {height, tokens / height, 0};
}

/// softmax(Q K^T / 8) V, by its definition or by LibTorch's fused operator.
inline Mixer attention(std::int64_t tokens, std::int64_t dim, bool fused) {
    torch::nn::Linear qkv(dim, 3 * dim), out(dim, dim);
    const std::int64_t heads = dim / 64;
    const auto forward = [=](const torch::Tensor& x) mutable {
        const auto parts =
            qkv->forward(x).view({x.size(0), x.size(1), 3, heads, 64}).permute({2, 0, 3, 1, 4}).unbind(0);
        const torch::Tensor mixed =
            fused ? at::scaled_dot_product_attention(parts[0], parts[1], parts[2])
                  : at::matmul(at::softmax(at::matmul(parts[0] * 0.125, parts[1].transpose(2, 3)), 3),
                               parts[2]);
        return out->forward(mixed.transpose(1, 2).reshape(x.sizes()));
    };
    std::vector<torch::Tensor> parameters = qkv->parameters();
    for (const auto& p : out->parameters()) {
        parameters.push_back(p);
    }
    const auto l = static_cast<double>(tokens), d = static_cast<double>(dim);
    return {forward, parameters, 2 * (4 * l * d * d + 2 * l * l * d)};
}

/// Kernel 11 on the grid. Taps that reach beyond the image are not counted.
inline Mixer padre(std::int64_t tokens, std::int64_t dim, std::int64_t degree) {
    const auto grid = grid_of(tokens);
    search_spaces::Padre layer(search_spaces::PadreOptions(dim, grid).degree(degree).kernel(11));
    search_spaces::initialise(*layer, 1);
    const auto taps = [](std::int64_t side) {
        double sum = 0;
        for (std::int64_t i = 0; i < side; ++i) {
            sum += static_cast<double>(std::min(i, std::int64_t{5}) +
                                       std::min(side - 1 - i, std::int64_t{5}) + 1);
        }
        return sum;
    };
    const auto l = static_cast<double>(tokens), d = static_cast<double>(dim), n = static_cast<double>(degree);
    return {[=](const torch::Tensor& x) mutable { return layer->forward(x); }, layer->parameters(),
            2 * (2 * n - 1) * (l * d * d + d * taps(grid.height) * taps(grid.width)) + (n - 1) * l * d};
}

inline Mixer linear(std::int64_t tokens, std::int64_t dim) {
    const std::int64_t heads = dim / 64;
    search_spaces::LinearAttention layer(search_spaces::AttentionOptions(dim, heads));
    search_spaces::initialise(*layer, 1);
    const auto l = static_cast<double>(tokens), d = static_cast<double>(dim);
    return {[=](const torch::Tensor& x) mutable { return layer->forward(x); }, layer->parameters(),
            2 * (4 * l * d * d + 2 * l * d * 64)};
}

/// A pair of layers, of which the second sees a share of the tokens, with feed-forward halves of width 1:
/// what mixing costs in two layers. Its time stands for two mixers', so halves of the tables' figures
/// compare.
inline Mixer tosa(std::int64_t tokens, std::int64_t dim, double share) {
    const std::int64_t heads = dim / 64,
                       keep = static_cast<std::int64_t>(share * static_cast<double>(tokens)), width = 4;
    const search_spaces::AttentionOptions options(dim, heads);
    search_spaces::TokenSelectivePair pair(
        search_spaces::TokenSelectiveOptions(grid_of(tokens), dim, 1, keep, [=] {
            return search_spaces::SoftmaxAttention(options).ptr();
        }).width(width));
    search_spaces::initialise(*pair, 1);
    const auto forward = [=](const torch::Tensor& x) mutable {
        const bool train = at::GradMode::is_enabled();
        pair->train(train);
        const torch::Tensor out = pair->forward(x);
        return train ? out + pair->take_loss() : out;
    };
    const auto l = static_cast<double>(tokens), d = static_cast<double>(dim), k = static_cast<double>(keep);
    return {forward, pair->parameters(),
            2 * (4 * (l + k) * d * d + 2 * (l * l + k * k) * d + 2 * static_cast<double>(width) * l * l)};
}

/// Adding a family is one line here.
inline const std::vector<Family>& families() {
    static const std::vector<Family> all{
        {"naive", [](auto l, auto d) { return attention(l, d, false); }, 4096},
        {"fused", [](auto l, auto d) { return attention(l, d, true); }},
        {"linear", linear},
        {"padre2", [](auto l, auto d) { return padre(l, d, 2); }},
        {"padre3", [](auto l, auto d) { return padre(l, d, 3); }},
        {"tosa25", [](auto l, auto d) { return tosa(l, d, 0.25); }, 4096},
        {"tosa50", [](auto l, auto d) { return tosa(l, d, 0.5); }, 4096},
        {"tosa75", [](auto l, auto d) { return tosa(l, d, 0.75); }, 4096},
    };
    return all;
}

inline torch::Tensor tokens_of(std::int64_t tokens, std::int64_t dim) {
    torch::manual_seed(1);
    return torch::randn({1, tokens, dim});
}

/// One inference, or one step's forward and backward pass.
inline void pass(Mixer& mixer, const torch::Tensor& x, bool train) {
    if (!train) {
        const torch::NoGradGuard no_grad;
        mixer.forward(x);
        return;
    }
    for (auto& parameter : mixer.parameters) {
        parameter.mutable_grad().reset();
    }
    const torch::Tensor input = x.detach().requires_grad_();
    mixer.forward(input).sum().backward();
}

} // namespace tessera::benchmarks
