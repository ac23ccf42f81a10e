#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/error.h"
#include "training/losses.h"

namespace tessera::training {
namespace {

using torch::Tensor;

Tensor population_variance(const Tensor& map) { return map.var({0, 2, 3}, /*unbiased=*/false); }

TEST(CrossEntropy, ByHand) {
    const Tensor logits =
        torch::tensor({{std::log(3.0F), 0.0F}, {0.0F, 0.0F}}); // probabilities 3/4, 1/4 and 1/2, 1/2
    const Tensor labels = torch::tensor({0, 1});
    EXPECT_NEAR(cross_entropy(logits, labels, 0).item<double>(), (std::log(4.0 / 3) + std::log(2.0)) / 2,
                1e-6);
    // Smoothing 0.2 over two classes: 0.9 of the label, 0.1 of the other.
    const double first = 0.9 * std::log(4.0 / 3) + 0.1 * std::log(4.0);
    EXPECT_NEAR(cross_entropy(logits, labels, 0.2).item<double>(), (first + std::log(2.0)) / 2, 1e-6);
}

TEST(DistillationLoss, ByHand) {
    const Tensor student = torch::zeros({1, 2}), teacher = torch::tensor({{2 * std::log(3.0F), 0.0F}});
    // At temperature 2 the teacher says 3/4, 1/4 and the student 1/2, 1/2; the factor is 4.
    const double divergence = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);
    EXPECT_NEAR(distillation_loss(student, teacher, 2).item<double>(), 4 * divergence, 1e-6);
    EXPECT_NEAR(distillation_loss(student.repeat({3, 1}), teacher.repeat({3, 1}), 2).item<double>(),
                4 * divergence, 1e-6);
    EXPECT_NEAR(distillation_loss(teacher, teacher, 3).item<double>(), 0, 1e-7);
}

TEST(DistillationLoss, ACertainTeacherGivesANumber) {
    const Tensor teacher = torch::tensor({{1000.0F, 0.0F}});
    EXPECT_NEAR(distillation_loss(torch::zeros({1, 2}), teacher, 1).item<double>(), std::log(2.0), 1e-6);
}

TEST(NoiseToSignal, ByHand) {
    const Tensor target = torch::zeros({1, 2, 1, 2});
    const Tensor output = torch::tensor({1.0F, 3.0F, 2.0F, 2.0F}).view({1, 2, 1, 2});
    // Channel 0: (1 + 9) / 2 / 5 = 1; channel 1: (4 + 4) / 2 / 8 = 0.5.
    EXPECT_NEAR(noise_to_signal(output, target, torch::tensor({5.0F, 8.0F})).item<double>(), 0.75, 1e-6);
}

TEST(NoiseToSignal, ZeroForTheTargetAndOneForItsMeans) {
    torch::manual_seed(1);
    const Tensor target = torch::randn({8, 6, 5, 5}) * torch::arange(1, 7).view({1, 6, 1, 1}) + 3;
    const Tensor variance = population_variance(target);
    EXPECT_EQ(noise_to_signal(target, target, variance).item<double>(), 0);
    const Tensor means = target.mean({0, 2, 3}, true).expand_as(target);
    EXPECT_NEAR(noise_to_signal(means, target, variance).item<double>(), 1, 1e-5);
}

TEST(NoiseToSignal, DoesNotSeeAffineMapsOfChannels) {
    torch::manual_seed(2);
    const Tensor target = torch::randn({4, 3, 6, 6}), output = target + torch::randn_like(target) * 0.3;
    const Tensor scale = torch::tensor({-2.0F, 0.01F, 50.0F}).view({1, 3, 1, 1});
    const Tensor shift = torch::tensor({1.0F, 0.5F, -3.0F}).view({1, 3, 1, 1});
    const Tensor mapped = target * scale + shift;
    EXPECT_NEAR(noise_to_signal(output * scale + shift, mapped, population_variance(mapped)).item<double>(),
                noise_to_signal(output, target, population_variance(target)).item<double>(), 1e-4);
}

TEST(NoiseToSignal, ItsGradientIsAutogradsOfTheFormula) {
    torch::manual_seed(3);
    for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
        const Tensor target = torch::randn({4, 3, 6, 6}, torch::kDouble).contiguous(layout);
        const Tensor variance = torch::rand({3}, torch::kDouble) + 0.1;
        const Tensor ours = torch::randn({4, 3, 6, 6}, torch::kDouble).contiguous(layout).requires_grad_();
        const Tensor plain = ours.detach().clone().requires_grad_();
        const Tensor loss = noise_to_signal(ours, target, variance);
        const Tensor formula = ((target - plain).square().mean({0, 2, 3}) / variance).mean();
        EXPECT_NEAR(loss.item<double>(), formula.item<double>(), 1e-12);
        (loss * 3).backward();
        (formula * 3).backward();
        EXPECT_LT((ours.grad() - plain.grad()).abs().max().item<double>(), 1e-12);
        EXPECT_EQ(ours.grad().strides(), ours.strides());
    }
}

TEST(NoiseToSignal, TheNumberOfThreadsDoesNotChangeTheBits) {
    torch::manual_seed(4);
    const Tensor target = torch::randn({128, 32, 16, 16}).contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor output = torch::randn({128, 32, 16, 16}).contiguous(torch::MemoryFormat::ChannelsLast);
    std::vector<float> results;
    for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        results.push_back(noise_to_signal(output, target, torch::ones({32})).item<float>());
    }
    EXPECT_EQ(results[0], results[1]);
}

TEST(ChannelVariance, MergingBatchesIsOnePass) {
    torch::manual_seed(5);
    const Tensor map = torch::randn({24, 5, 4, 4}) * 2 + 100;
    ChannelVariance whole, parts;
    whole.add(map);
    for (const Tensor& part : map.split_with_sizes({1, 3, 20})) {
        parts.add(part.contiguous(torch::MemoryFormat::ChannelsLast));
    }
    EXPECT_LT((whole.variance() - parts.variance()).abs().max().item<double>(), 1e-6);
    EXPECT_LT((whole.mean() - parts.mean()).abs().max().item<double>(), 1e-5);
    const Tensor exact = population_variance(map.to(torch::kDouble));
    EXPECT_LT((parts.variance() - exact).abs().max().item<double>(), 1e-6);
}

TEST(ChannelVariance, FloorsDeadChannels) {
    // Variances 4, 4 and 0: mean 8/3.
    const Tensor map = torch::tensor({{1.0F, 5.0F}, {-2.0F, 2.0F}, {7.0F, 7.0F}}).view({1, 3, 1, 2});
    ChannelVariance variance;
    variance.add(map);
    EXPECT_EQ(variance.dead(), 1);
    EXPECT_FLOAT_EQ(variance.variance()[0].item<float>(), 4); // floored, not shifted
    EXPECT_FLOAT_EQ(variance.variance()[2].item<float>(), 8e-6F / 3);
    EXPECT_FLOAT_EQ(variance.variance(0.5)[2].item<float>(), 4.0F / 3);
    EXPECT_FLOAT_EQ(variance.mean()[2].item<float>(), 7);
}

TEST(ChannelVariance, ConstantMapsStayDivisible) {
    ChannelVariance variance;
    variance.add(torch::ones({2, 3, 2, 2}));
    EXPECT_EQ(variance.dead(), 3);
    EXPECT_GT(variance.variance().min().item<float>(), 0);
    EXPECT_EQ(noise_to_signal(torch::ones({2, 3, 2, 2}), torch::ones({2, 3, 2, 2}), variance.variance())
                  .item<float>(),
              0);
}

TEST(ChannelVariance, NothingAddedIsAnError) {
    EXPECT_THROW(ChannelVariance().variance(), support::RunError);
}

} // namespace
} // namespace tessera::training
