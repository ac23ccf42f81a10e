// The shared layers against their formulas, gradients of in-place activations included.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/layers/activation.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "search_spaces/layers/squeeze_excite.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

using Function = torch::Tensor (*)(const torch::Tensor&);

struct Case {
    std::string name;
    Function formula;
};

const std::vector<Case> cases{
    {"none", [](const torch::Tensor& x) { return x; }},
    {"relu", [](const torch::Tensor& x) { return torch::where(x > 0, x, torch::zeros_like(x)); }},
    {"relu6", [](const torch::Tensor& x) { return torch::clamp(x, 0, 6); }},
    {"swish", [](const torch::Tensor& x) { return x / (1 + torch::exp(-x)); }},
    {"hswish", [](const torch::Tensor& x) { return x * torch::clamp(x + 3, 0, 6) / 6; }},
    {"sigmoid", [](const torch::Tensor& x) { return 1 / (1 + torch::exp(-x)); }},
    {"hsigmoid", [](const torch::Tensor& x) { return torch::clamp(x + 3, 0, 6) / 6; }},
};

TEST(Activation, ValuesAndGradientsFollowTheFormulas) {
    for (const Case& one : cases) {
        // Multiplied first: the activation may work in place on the product, as it does on a BatchNorm's
        // output.
        const torch::Tensor x = (torch::randn({500}, torch::kDouble) * 5).requires_grad_();
        const torch::Tensor twin = x.detach().clone().requires_grad_();
        const torch::Tensor y = activate(activation(one.name), x * 1.25), z = one.formula(twin * 1.25);
        EXPECT_TRUE(torch::allclose(y, z, 1e-9, 1e-9)) << one.name;
        (y * y).sum().backward();
        (z * z).sum().backward();
        EXPECT_TRUE(torch::allclose(x.grad(), twin.grad(), 1e-7, 1e-9)) << one.name;
    }
}

TEST(Activation, UnknownNamesAreRefused) {
    EXPECT_EQ(support::testing::message_of([] { activation("swihs"); }),
              "unknown activation 'swihs'; did you mean 'swish'?");
}

TEST(ConvNormAct, IsItsThreeStepsAndIsClonedFromItsOptions) {
    ConvNormAct layer(ConvNormActOptions(4, 6, 5).stride(2).groups(2).act(Activation::relu));
    const torch::Tensor x = torch::randn({2, 4, 7, 9});
    layer->eval();
    EXPECT_TRUE(torch::equal(layer->forward(x), torch::relu(layer->norm->forward(layer->conv->forward(x)))));
    EXPECT_EQ(layer->forward(x).sizes(), (std::vector<std::int64_t>{2, 6, 4, 5}));
    // A clone is built from the options as they are now.
    layer->options.out_channels(8);
    const auto clone = std::dynamic_pointer_cast<ConvNormActImpl>(ConvNormActImpl(layer->options).clone());
    EXPECT_EQ(clone->forward(x).size(1), 8);
}

TEST(SqueezeExcite, GatesChannelsByTheirMeans) {
    SqueezeExcite layer(SqueezeExciteOptions(6, 2).gate(Activation::hsigmoid));
    const torch::Tensor x = torch::randn({3, 6, 4, 5});
    const auto dense = [](const torch::nn::Conv2d& conv, const torch::Tensor& v) {
        return torch::addmm(conv->bias, v, conv->weight.flatten(1).t());
    };
    const torch::Tensor gate =
        torch::hardsigmoid(dense(layer->expand, torch::relu(dense(layer->reduce, x.mean({2, 3})))));
    EXPECT_TRUE(torch::allclose(layer->forward(x), x * gate.unsqueeze(2).unsqueeze(3), 1e-5, 1e-6));
}

} // namespace
} // namespace tessera::search_spaces
