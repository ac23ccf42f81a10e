// The general polynomial against its special cases, each written down directly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/layers/padre.h"
#include "search_spaces/layers/polynomial_mixer.h"

namespace tessera::search_spaces {
namespace {

const ChannelMap any_channels{ChannelMap::full, false};

void set(torch::Tensor& parameter, const torch::Tensor& value) {
    ASSERT_EQ(parameter.sizes(), value.sizes());
    parameter.copy_(value);
}

double distance(const torch::Tensor& a, const torch::Tensor& b) {
    return ((a - b).abs().max() / b.abs().max()).item<double>();
}

TEST(PolynomialMixer, ContainsTheVisionInstance) {
    torch::manual_seed(1);
    const torch::NoGradGuard no_grad;
    for (const TokenGrid grid : {TokenGrid{6, 9, 1}, TokenGrid{1, 25, 0}}) {
        for (const std::int64_t degree : {1, 2, 3}) {
            const std::int64_t dim = 20;
            Padre padre(PadreOptions(dim, grid).degree(degree).kernel(5));
            for (auto& item : padre->named_parameters()) {
                item.value().add_(torch::randn_like(item.value()), 0.1);
            }
            PolynomialMixer general(PolynomialMixerOptions::vision(dim, grid, degree, 5));
            const auto share = [&](const torch::Tensor& t, std::size_t i) {
                return t.narrow(0, static_cast<std::int64_t>(i) * dim, dim);
            };
            for (std::size_t i = 0; i < general->a.size(); ++i) {
                set(general->a[i]->weight, share(padre->token_mix->weight, i));
                set(general->a[i]->bias, share(padre->token_mix->bias, i));
                set(general->b[i]->weight, share(padre->channel_mix->weight, i));
                set(general->b[i]->bias, share(padre->channel_mix->bias, i));
            }
            for (std::size_t i = 0; i < general->c.size(); ++i) {
                set(general->c[i]->weight, padre->chain_token_mix[i]->weight);
                set(general->c[i]->bias, padre->chain_token_mix[i]->bias);
                set(general->d[i]->weight, padre->chain_channel_mix[i]->weight);
                set(general->d[i]->bias, padre->chain_channel_mix[i]->bias);
            }
            const torch::Tensor x = torch::randn({3, grid.length(), dim});
            EXPECT_LT(distance(padre->forward(x), general->forward(x)), 1e-5) << degree;
        }
    }
}

TEST(PolynomialMixer, ContainsConv2Former) {
    torch::manual_seed(2);
    const torch::NoGradGuard no_grad;
    const TokenGrid grid{7, 8, 0};
    PolynomialMixer mixer(PolynomialMixerOptions(12, grid)
                              .a({{TokenMap::depthwise, 11, false}, {}})
                              .b({any_channels, any_channels})
                              .c({TokenMap{}})
                              .d({ChannelMap{}})
                              .v(any_channels));
    // Hou et al., 2022 (arXiv 2211.11943) on images, without the GELU: W_3 (DWConv(W_1 X) * W_2 X).
    const torch::Tensor x = torch::randn({2, 56, 12}), image = x.transpose(1, 2).reshape({2, 12, 7, 8});
    const auto pointwise = [](const torch::Tensor& map, const torch::Tensor& weight) {
        return at::conv2d(map, weight.view({12, 12, 1, 1}));
    };
    const torch::Tensor gate =
        at::conv2d(pointwise(image, mixer->b[0]->weight), mixer->a[0]->weight, {}, 1, 5, 1, 12);
    const torch::Tensor want = pointwise(gate * pointwise(image, mixer->b[1]->weight), mixer->v->weight);
    EXPECT_LT(distance(mixer->forward(x), want.flatten(2).transpose(1, 2)), 1e-5);
}

TEST(PolynomialMixer, ContainsHyena) {
    torch::manual_seed(3);
    const torch::NoGradGuard no_grad;
    const std::int64_t length = 17, dim = 5;
    const TokenMap narrow{TokenMap::depthwise, 3, false}, causal{TokenMap::causal, 0, false};
    PolynomialMixer mixer(PolynomialMixerOptions(dim, {1, length, 0})
                              .a({narrow, narrow, narrow})
                              .b({any_channels, any_channels, any_channels})
                              .c({causal, causal})
                              .d({ChannelMap{}, ChannelMap{}}));
    const torch::Tensor x = torch::randn({2, length, dim});
    // Poli et al., 2023 (arXiv 2302.10866): z <- x_n * (h_n convolved with z), token by token.
    const auto projection = [&](std::size_t i) {
        const torch::Tensor mixed = torch::matmul(x, mixer->b[i]->weight.t());
        torch::Tensor result = torch::zeros_like(mixed);
        for (std::int64_t t = 0; t < length; ++t) {
            for (std::int64_t k = -1; k <= 1; ++k) {
                if (t + k >= 0 && t + k < length) {
                    result.select(1, t) +=
                        mixer->a[i]->weight.select(3, k + 1).flatten() * mixed.select(1, t + k);
                }
            }
        }
        return result;
    };
    torch::Tensor z = projection(0);
    for (std::size_t n = 0; n < 2; ++n) {
        torch::Tensor sum = torch::zeros_like(z);
        for (std::int64_t t = 0; t < length; ++t) {
            for (std::int64_t s = 0; s <= t; ++s) {
                sum.select(1, t) += mixer->c[n]->weight.select(1, t - s) * z.select(1, s);
            }
        }
        z = projection(n + 1) * sum;
    }
    EXPECT_LT(distance(mixer->forward(x), z), 1e-5);
}

TEST(PolynomialMixer, LinearAttentionIsASumOfChainsOfDegreeThree) {
    torch::manual_seed(4);
    const torch::NoGradGuard no_grad;
    const std::int64_t length = 19, dim = 6;
    const torch::Tensor x = torch::randn({2, length, dim}), query = torch::randn({dim, dim}),
                        key = torch::randn({dim, dim}), value = torch::randn({dim, dim});
    // A chain for each channel of query and key, which its second and third factor hold in all their
    // channels.
    torch::Tensor sum = torch::zeros_like(x);
    for (std::int64_t channel = 0; channel < dim; ++channel) {
        PolynomialMixer chain(PolynomialMixerOptions(dim, {1, length, 0})
                                  .a({TokenMap{}, TokenMap{}, TokenMap{}})
                                  .b({any_channels, any_channels, any_channels})
                                  .c({TokenMap{}, TokenMap{TokenMap::global_sum}})
                                  .d({ChannelMap{}, ChannelMap{}}));
        const auto repeated = [&](const torch::Tensor& matrix) {
            return matrix.select(1, channel).unsqueeze(0).expand({dim, dim});
        };
        set(chain->b[0]->weight, value.t());
        set(chain->b[1]->weight, repeated(key));
        set(chain->b[2]->weight, repeated(query));
        sum += chain->forward(x);
    }
    const torch::Tensor want =
        torch::matmul(torch::matmul(torch::matmul(x, query), torch::matmul(x, key).transpose(1, 2)),
                      torch::matmul(x, value));
    EXPECT_LT(distance(sum, want), 1e-5);
}

TEST(PolynomialMixer, CoefficientsWeighEveryDegree) {
    torch::manual_seed(5);
    const torch::NoGradGuard no_grad;
    PolynomialMixer mixer(PolynomialMixerOptions(3, {1, 4, 0})
                              .a({TokenMap{}, {TokenMap::full}, TokenMap{}})
                              .b({ChannelMap{}, ChannelMap{}, ChannelMap{}})
                              .c({TokenMap{}, TokenMap{}})
                              .d({{ChannelMap::diagonal, true}, ChannelMap{}})
                              .coefficients(true)
                              .u({TokenMap::full}));
    mixer->initialise_own({});
    for (auto& item : mixer->named_parameters()) {
        item.value().add_(torch::randn_like(item.value()), 0.5);
    }
    const torch::Tensor x = torch::randn({1, 4, 3});
    const torch::Tensor z2 =
        (x * mixer->d[0]->weight + mixer->d[0]->bias) * torch::matmul(mixer->a[1]->weight, x);
    const auto& w = mixer->coefficients;
    const torch::Tensor p = w[0] * x + w[1] * z2 + w[2] * (z2 * x) + mixer->bias;
    EXPECT_LT(distance(mixer->forward(x), torch::matmul(mixer->u->weight, p)), 1e-5);
    const auto copy = std::dynamic_pointer_cast<PolynomialMixerImpl>(mixer->clone());
    EXPECT_TRUE(torch::equal(copy->forward(x), mixer->forward(x)));
    initialise(*mixer, 1); // every parameter has a rule
    EXPECT_TRUE(torch::equal(mixer->coefficients[2], torch::ones({4, 3})));
}

TEST(PolynomialMixer, NumbersOfMapsThatDoNotFitAreRefused) {
    EXPECT_THROW(PolynomialMixer(PolynomialMixerOptions(4, {1, 4, 0})), c10::Error);
    EXPECT_THROW(
        PolynomialMixer(PolynomialMixerOptions(4, {1, 4, 0}).a({TokenMap{}, TokenMap{}}).b({ChannelMap{}})),
        c10::Error);
}

} // namespace
} // namespace tessera::search_spaces
