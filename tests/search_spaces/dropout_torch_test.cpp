// Dropout whose masks are hashes.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "search_spaces/layers/dropout.h"

namespace tessera::search_spaces {
namespace {

torch::Tensor ones() { return torch::ones({8, 16, 31, 33}).contiguous(at::MemoryFormat::ChannelsLast); }

TEST(SeededDropout, KeepsItsShareAndTheMean) {
    for (const double p : {0.1, 0.2, 0.5, 0.9}) {
        SeededDropout dropout{SeededDropoutOptions(p)};
        dropout->reseed(7);
        const torch::Tensor y = dropout->forward(ones());
        const double n = static_cast<double>(y.numel()), share = (y == 0).sum().item<double>() / n;
        EXPECT_NEAR(share, p, 5 * std::sqrt(p * (1 - p) / n)) << p;
        EXPECT_NEAR(y.max().item<double>(), 1 / (1 - p), 1e-3) << p;
        // No pattern along channels, rows or columns.
        for (const int d : {0, 1, 2, 3}) {
            const torch::Tensor shares = (y == 0).to(torch::kDouble).transpose(0, d).flatten(1).mean(1);
            const double each = n / static_cast<double>(shares.numel());
            EXPECT_LT((shares - p).abs().max().item<double>(), 5 * std::sqrt(p * (1 - p) / each))
                << p << " " << d;
        }
        // Neighbours in memory are drawn apart: two in a row go as often as chance has it.
        const torch::Tensor flat = (y == 0).permute({0, 2, 3, 1}).flatten().to(torch::kDouble);
        const double both = (flat.slice(0, 1) * flat.slice(0, 0, -1)).mean().item<double>();
        EXPECT_NEAR(both, p * p, 5 * std::sqrt(p * p * (1 - p * p) / n)) << p;
    }
}

TEST(SeededDropout, IsTheSameForAnyNumberOfThreads) {
    torch::Tensor first;
    for (const int threads : {1, 2, 3}) {
        at::set_num_threads(threads);
        SeededDropout dropout{SeededDropoutOptions(0.3)};
        dropout->reseed(3);
        dropout->forward(torch::ones({5})); // a mask that is no multiple of anything
        const torch::Tensor y = dropout->forward(ones());
        first = first.defined() ? first : y;
        EXPECT_TRUE(torch::equal(y, first));
    }
    at::set_num_threads(1);
}

TEST(SeededDropout, MasksDifferAndComeAgainWithTheSeed) {
    SeededDropout dropout{SeededDropoutOptions(0.5)};
    dropout->reseed(1);
    const torch::Tensor a = dropout->forward(ones()), b = dropout->forward(ones());
    EXPECT_FALSE(torch::equal(a, b));
    dropout->reseed(1);
    EXPECT_TRUE(torch::equal(dropout->forward(ones()), a));
    dropout->reseed(2);
    EXPECT_FALSE(torch::equal(dropout->forward(ones()), a));
    dropout->eval();
    const torch::Tensor x = ones();
    EXPECT_TRUE(dropout->forward(x).is_same(x));
}

TEST(SeededDropout, GradientsAndKindsOfNumbers) {
    SeededDropout dropout{SeededDropoutOptions(0.25)};
    const torch::Tensor x = torch::randn({40, 40}).requires_grad_();
    const torch::Tensor y = dropout->forward(x);
    y.sum().backward();
    EXPECT_TRUE(torch::equal(x.grad(), (y != 0).to(torch::kFloat) * 65536.0F / 49152.0F));
    EXPECT_EQ(dropout->forward(torch::ones({3, 3}, torch::kBFloat16)).scalar_type(), torch::kBFloat16);
    EXPECT_EQ(dropout->forward(torch::ones({3, 3}, torch::kDouble)).scalar_type(), torch::kDouble);
    EXPECT_EQ(dropout->forward(torch::empty({0, 3})).numel(), 0);
}

} // namespace
} // namespace tessera::search_spaces
