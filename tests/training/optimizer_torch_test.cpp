#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/error.h"
#include "training/optimizer.h"

namespace tessera::training {
namespace {

using torch::Tensor;
using Named = std::vector<std::pair<std::string, Tensor>>;

constexpr double rate(int step) { return 0.05 / (1 + step); }

/// Weights alone, so that LibTorch's own optimisers, which decay everything, do the same.
Named weights() {
    torch::manual_seed(3);
    Named result;
    for (const auto& shape : {std::vector<std::int64_t>{5, 3, 3, 3}, {5, 1, 3, 3}, {7, 5}}) {
        result.emplace_back("w" + std::to_string(result.size()), torch::randn(shape).requires_grad_());
    }
    return result;
}

Named copies(const Named& named) {
    Named result;
    for (const auto& [name, tensor] : named) {
        result.emplace_back(name, tensor.detach().clone().requires_grad_());
    }
    return result;
}

/// Sets the same gradients of step `step` everywhere, in another memory order than the parameters'.
void set_gradients(const Named& named, int step) {
    torch::manual_seed(static_cast<std::uint64_t>(100 + step));
    for (const auto& item : named) {
        Tensor gradient = torch::randn(item.second.sizes()) * 3;
        if (gradient.dim() == 4) {
            gradient = gradient.contiguous(torch::MemoryFormat::ChannelsLast);
        }
        Tensor(item.second).mutable_grad() = gradient;
    }
}

std::vector<Tensor> tensors(const Named& named) {
    std::vector<Tensor> result;
    for (const auto& item : named) {
        result.push_back(item.second);
    }
    return result;
}

template <class Reference, class Options>
void expect_like(Reference& reference, const Named& theirs, const OptimizerOptions& options) {
    const Named ours = copies(theirs);
    Optimizer optimizer(ours, options);
    for (int step = 0; step < 20; ++step) {
        set_gradients(ours, step);
        set_gradients(theirs, step);
        optimizer.step(rate(step));
        for (auto& group : reference.param_groups()) {
            static_cast<Options&>(group.options()).lr(rate(step));
        }
        reference.step();
        for (std::size_t i = 0; i < ours.size(); ++i) {
            ASSERT_LT((ours[i].second - theirs[i].second).abs().max().item<double>(), 1e-6)
                << "step " << step;
        }
    }
}

TEST(Optimizer, SgdIsLibTorchs) {
    const Named theirs = weights();
    torch::optim::SGD reference(
        tensors(theirs), torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(0.01));
    expect_like<torch::optim::SGD, torch::optim::SGDOptions>(reference, theirs, {.weight_decay = 0.01});
}

TEST(Optimizer, SgdWithoutMomentumIsLibTorchs) {
    const Named theirs = weights();
    torch::optim::SGD reference(tensors(theirs), torch::optim::SGDOptions(0.1).weight_decay(0.01));
    expect_like<torch::optim::SGD, torch::optim::SGDOptions>(reference, theirs,
                                                             {.momentum = 0, .weight_decay = 0.01});
}

TEST(Optimizer, AdamIsLibTorchs) {
    const Named theirs = weights();
    torch::optim::Adam reference(tensors(theirs), torch::optim::AdamOptions(0.1).weight_decay(0.01));
    expect_like<torch::optim::Adam, torch::optim::AdamOptions>(
        reference, theirs, {.kind = OptimizerKind::adam, .weight_decay = 0.01});
}

TEST(Optimizer, AdamWIsLibTorchs) {
    const Named theirs = weights();
    torch::optim::AdamW reference(tensors(theirs), torch::optim::AdamWOptions(0.1).weight_decay(0.05));
    expect_like<torch::optim::AdamW, torch::optim::AdamWOptions>(
        reference, theirs, {.kind = OptimizerKind::adamw, .weight_decay = 0.05});
}

TEST(Optimizer, SgdByHand) {
    // v1 = g, w1 = w - lr (g + m v1); v2 = m v1 + g, w2 = w1 - lr (g + m v2), with g = 1, m = 0.9, lr = 0.1.
    Tensor w = torch::tensor({1.0F}).requires_grad_();
    Optimizer optimizer({{"bias", w}}, {});
    w.mutable_grad() = torch::ones({1});
    optimizer.step(0.1);
    EXPECT_NEAR(w.item<double>(), 1 - 0.19, 1e-7);
    optimizer.step(0.1);
    EXPECT_NEAR(w.item<double>(), 1 - 0.19 - 0.1 * (1 + 0.9 * 1.9), 1e-7);
}

TEST(Optimizer, BiasesAndNormalisationAreNotDecayed) {
    for (const auto kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
        const Tensor weight = torch::ones({2, 2}).requires_grad_(), bias = torch::ones({2}).requires_grad_();
        Optimizer optimizer({{"weight", weight}, {"bias", bias}}, {.kind = kind, .weight_decay = 0.5});
        Tensor(weight).mutable_grad() = torch::zeros({2, 2});
        Tensor(bias).mutable_grad() = torch::zeros({2});
        optimizer.step(0.1);
        EXPECT_TRUE(torch::equal(bias, torch::ones({2})));
        EXPECT_LT(weight.max().item<float>(), 0.96);
    }
}

TEST(Optimizer, ClipsTheNormOfTheWholeGradient) {
    Tensor a = torch::zeros({1}).requires_grad_(), b = torch::zeros({1, 1}).requires_grad_();
    Optimizer optimizer({{"a", a}, {"b", b}}, {.momentum = 0, .weight_decay = 0, .clip = 1});
    a.mutable_grad() = torch::full({1}, 3.0F);
    b.mutable_grad() = torch::full({1, 1}, 4.0F);
    EXPECT_NEAR(optimizer.step(1), 5, 1e-6);
    EXPECT_NEAR(a.item<double>(), -0.6, 1e-6);
    EXPECT_NEAR(b.item<double>(), -0.8, 1e-6);
    a.mutable_grad() = torch::full({1}, 0.3F); // below the limit: untouched
    b.mutable_grad() = torch::full({1, 1}, 0.4F);
    EXPECT_NEAR(optimizer.step(1), 0.5, 1e-6);
    EXPECT_NEAR(a.item<double>(), -0.9, 1e-6);
}

TEST(Optimizer, ClipsTheNormOfEachGradient) {
    Tensor a = torch::zeros({2}).requires_grad_(), b = torch::zeros({1, 1}).requires_grad_();
    Optimizer optimizer({{"a", a}, {"b", b}},
                        {.momentum = 0, .weight_decay = 0, .clip = 1, .clip_each = true});
    a.mutable_grad() = torch::tensor({3.0F, -4.0F});
    b.mutable_grad() = torch::full({1, 1}, 0.5F); // below the limit: untouched
    EXPECT_NEAR(optimizer.step(1), std::sqrt(25.25), 1e-6);
    EXPECT_NEAR(a[0].item<double>(), -0.6, 1e-6);
    EXPECT_NEAR(a[1].item<double>(), 0.8, 1e-6);
    EXPECT_NEAR(b.item<double>(), -0.5, 1e-6);
}

TEST(Optimizer, DecaysEverythingWhereItIsTold) {
    const Tensor bias = torch::ones({2}).requires_grad_();
    Optimizer optimizer({{"bias", bias}}, {.momentum = 0, .weight_decay = 0.5, .decay_all = true});
    Tensor(bias).mutable_grad() = torch::zeros({2});
    optimizer.step(0.1);
    EXPECT_NEAR(bias[1].item<double>(), 0.95, 1e-6);
}

TEST(Optimizer, ParametersWithoutGradientStay) {
    Tensor a = torch::ones({2, 2}).requires_grad_(), b = torch::ones({2, 2}).requires_grad_();
    Optimizer optimizer({{"a", a}, {"b", b}}, {});
    EXPECT_EQ(optimizer.step(1), 0);
    a.mutable_grad() = torch::ones({2, 2});
    optimizer.step(0.1);
    EXPECT_TRUE(torch::equal(b, torch::ones({2, 2})));
    optimizer.zero_grad();
    EXPECT_FALSE(a.grad().defined());
}

TEST(Optimizer, AStoredStateContinuesWithTheSameBits) {
    for (const auto kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
        const OptimizerOptions options{.kind = kind, .clip = 2};
        const Named straight = weights();
        Optimizer first(straight, options);
        for (int step = 0; step < 5; ++step) {
            set_gradients(straight, step);
            first.step(rate(step));
        }
        const Named resumed = copies(straight);
        Optimizer second(resumed, options);
        second.load(first.state(), "file");
        for (int step = 5; step < 9; ++step) {
            set_gradients(straight, step);
            first.step(rate(step));
            set_gradients(resumed, step);
            second.step(rate(step));
        }
        for (std::size_t i = 0; i < straight.size(); ++i) {
            EXPECT_TRUE(torch::equal(straight[i].second, resumed[i].second));
        }
    }
}

TEST(Optimizer, AStateOfAnotherKindIsRefused) {
    Optimizer sgd(weights(), {}), adam(weights(), {.kind = OptimizerKind::adam});
    EXPECT_THROW(sgd.load(adam.state(), "file"), support::RunError);
    EXPECT_THROW(adam.load(sgd.state(), "file"), support::RunError);
}

TEST(Optimizer, TheNumberOfThreadsDoesNotChangeTheBits) {
    std::vector<Tensor> results;
    for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        torch::manual_seed(1);
        Tensor w = torch::randn({401, 503}).requires_grad_();
        Optimizer optimizer({{"w", w}}, {.kind = OptimizerKind::adamw});
        for (int step = 0; step < 3; ++step) {
            w.mutable_grad() = torch::randn({401, 503});
            optimizer.step(0.01);
        }
        results.push_back(w.detach());
    }
    EXPECT_TRUE(torch::equal(results[0], results[1]));
}

} // namespace
} // namespace tessera::training
