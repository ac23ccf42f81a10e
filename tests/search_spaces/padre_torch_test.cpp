// PADRe's vision instance: what makes it a polynomial, its reach, its memory, its deployed form.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/deployed_operators.h"
#include "search_spaces/layers/padre.h"
#include "search_spaces/torchscript.h"
#include "tests/search_spaces/memory_meter.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

using testing::metered;

Padre padre(const PadreOptions& options, std::uint64_t seed = 3) {
    Padre layer(options);
    initialise(*layer, seed);
    return layer;
}

/// Biases away from 0, so that none is missed.
Padre lived_in_padre(const PadreOptions& options) {
    Padre layer = padre(options);
    const torch::NoGradGuard no_grad;
    torch::manual_seed(8);
    for (auto& item : layer->named_parameters()) {
        if (item.key().ends_with("bias")) {
            item.value().add_(torch::randn_like(item.value()), 0.3);
        }
    }
    return layer;
}

void without_biases(Padre& layer) {
    const torch::NoGradGuard no_grad;
    for (auto& item : layer->named_parameters()) {
        if (item.key().ends_with("bias")) {
            item.value().zero_();
        }
    }
}

double relative(const torch::Tensor& a, const torch::Tensor& b) {
    return ((a - b).abs().max() / b.abs().max()).item<double>();
}

TEST(Padre, IsTheRecurrenceOfThePaper) {
    torch::manual_seed(1);
    for (const TokenGrid grid : {TokenGrid{5, 9, 1}, TokenGrid{1, 23, 0}}) {
        Padre layer = lived_in_padre(PadreOptions(6, grid).degree(3).kernel(5));
        layer->to(torch::kDouble);
        const torch::NoGradGuard no_grad;
        const torch::Tensor x = torch::randn({2, grid.length(), 6}, torch::kDouble);
        const auto mix = [&](const torch::Tensor& tokens, const torch::Tensor& weight,
                             const torch::Tensor& bias) {
            const torch::Tensor prefix = tokens.slice(1, 0, grid.prefix), rest = tokens.slice(1, grid.prefix);
            const torch::Tensor map = rest.transpose(1, 2).contiguous().view({2, 6, grid.height, grid.width});
            const torch::Tensor mixed =
                at::conv2d(map, weight, {}, 1, {weight.size(2) / 2, weight.size(3) / 2}, 1, 6);
            return torch::cat({prefix, mixed.flatten(2).transpose(1, 2)}, 1) + bias;
        };
        std::vector<torch::Tensor> y;
        for (std::int64_t i = 0; i < 3; ++i) {
            const auto own = [&](const torch::Tensor& t) { return t.narrow(0, 6 * i, 6); };
            const torch::Tensor mixed =
                torch::matmul(x, own(layer->channel_mix->weight).t()) + own(layer->channel_mix->bias);
            y.push_back(mix(mixed, own(layer->token_mix->weight), own(layer->token_mix->bias)));
        }
        torch::Tensor z = y[0];
        for (std::size_t i = 0; i < 2; ++i) {
            const auto& channels = layer->chain_channel_mix[i];
            const auto& tokens = layer->chain_token_mix[i];
            z = mix(torch::matmul(z, channels->weight.t()) + channels->bias, tokens->weight, tokens->bias) *
                y[i + 1];
        }
        EXPECT_LT(relative(layer->forward(x), z), 1e-12);
        layer->to(torch::kFloat);
        EXPECT_LT(relative(layer->forward(x.to(torch::kFloat)).to(torch::kDouble), z), 2e-5);
    }
}

TEST(Padre, WithoutBiasesItIsHomogeneousOfItsDegree) {
    torch::manual_seed(2);
    const torch::NoGradGuard no_grad;
    for (const std::int64_t degree : {1, 2, 3}) {
        Padre layer = padre(PadreOptions(8, {4, 6, 1}).degree(degree).kernel(3));
        without_biases(layer);
        layer->to(torch::kDouble);
        const torch::Tensor x = torch::randn({2, 25, 8}, torch::kDouble);
        for (const double t : {-1.0, 0.5, 3.0}) {
            EXPECT_LT(relative(layer->forward(t * x), std::pow(t, degree) * layer->forward(x)), 1e-12)
                << degree;
        }
    }
}

TEST(Padre, ItsDifferencesBeyondTheDegreeVanishAlongAnyLine) {
    torch::manual_seed(3);
    const torch::NoGradGuard no_grad;
    for (const std::int64_t degree : {1, 2, 3}) { // degree 1: affine
        Padre layer = lived_in_padre(PadreOptions(8, {5, 3, 0}).degree(degree).kernel(5));
        layer->to(torch::kDouble);
        const torch::Tensor x = torch::randn({1, 15, 8}, torch::kDouble), step = torch::randn_like(x);
        std::vector<torch::Tensor> differences;
        for (std::int64_t i = 0; i <= degree + 1; ++i) {
            differences.push_back(layer->forward(x + static_cast<double>(i) * step));
        }
        const double scale = differences.back().abs().max().item<double>();
        for (std::int64_t order = 1; order <= degree + 1; ++order) {
            for (std::size_t i = 0; i + 1 < differences.size(); ++i) {
                differences[i] = differences[i + 1] - differences[i];
            }
            differences.pop_back();
            const double left = differences[0].abs().max().item<double>() / scale;
            if (order == degree + 1) {
                EXPECT_LT(left, 1e-12) << degree;
            } else if (order == degree) {
                EXPECT_GT(left, 1e-3) << degree;
            }
        }
    }
}

/// The largest distance, in rows or columns, at which a place still sees another.
std::int64_t reach(std::int64_t degree, std::int64_t kernel, const TokenGrid& grid, std::int64_t row,
                   std::int64_t column, std::int64_t& seen) {
    Padre layer = padre(PadreOptions(4, grid).degree(degree).kernel(kernel));
    layer->to(torch::kDouble);
    const torch::Tensor x = torch::randn({1, grid.length(), 4}, torch::kDouble).requires_grad_();
    layer->forward(x)[0][grid.prefix + row * grid.width + column].sum().backward();
    const torch::Tensor places = x.grad()[0].abs().sum(1).nonzero();
    seen = places.size(0);
    std::int64_t far = 0;
    for (std::int64_t i = 0; i < seen; ++i) {
        const std::int64_t place = places[i].item<std::int64_t>() - grid.prefix;
        far = std::max({far, std::abs(place / grid.width - row), std::abs(place % grid.width - column)});
    }
    return far;
}

TEST(Padre, APlaceSeesAsFarAsDegreeTimesHalfTheKernel) {
    torch::manual_seed(4);
    std::int64_t seen = 0;
    EXPECT_EQ(reach(1, 3, {15, 15, 0}, 7, 7, seen), 1);
    EXPECT_EQ(reach(2, 5, {15, 15, 0}, 7, 7, seen), 4);
    EXPECT_EQ(seen, 81);
    EXPECT_EQ(reach(3, 3, {1, 31, 0}, 0, 15, seen), 3);
    EXPECT_EQ(seen, 7);
    // Degree 3 with kernel 11 is global on 14 x 14, from any corner too; degree 2 is not.
    EXPECT_EQ(reach(3, 11, {14, 14, 0}, 0, 0, seen), 13);
    EXPECT_EQ(seen, 196);
    EXPECT_EQ(reach(2, 11, {14, 14, 0}, 0, 0, seen), 10);
    EXPECT_EQ(seen, 121);
}

TEST(Padre, AClassTokenMixesItsChannelsOnly) {
    torch::manual_seed(5);
    const torch::NoGradGuard no_grad;
    Padre layer = lived_in_padre(PadreOptions(8, {4, 4, 1}).degree(3).kernel(3));
    const torch::Tensor x = torch::randn({1, 17, 8});
    torch::Tensor other = x.clone();
    other.narrow(1, 1, 16).normal_();
    EXPECT_TRUE(torch::allclose(layer->forward(x)[0][0], layer->forward(other)[0][0], 1e-5, 1e-6));
    other.copy_(x);
    other.select(1, 0).add_(1);
    EXPECT_FALSE(torch::allclose(layer->forward(x)[0][0], layer->forward(other)[0][0], 1e-2, 1e-2));
    EXPECT_TRUE(torch::allclose(layer->forward(x).narrow(1, 1, 16), layer->forward(other).narrow(1, 1, 16),
                                1e-5, 1e-6));
}

TEST(Padre, MemoryIsLinearInTheNumberOfTokens) {
    const auto measured = [](std::int64_t side, bool learn) {
        Padre layer = padre(PadreOptions(8, {side, side, 0}).degree(3));
        const torch::Tensor x = torch::randn({1, side * side, 8});
        return metered([&] {
            const torch::AutoGradMode mode(learn);
            const torch::Tensor y = layer->forward(x);
            if (learn) {
                y.sum().backward();
            }
        });
    };
    for (const bool learn : {false, true}) {
        const auto small = measured(32, learn), large = measured(64, learn);
        EXPECT_LT(static_cast<double>(large->peak), 4.1 * static_cast<double>(small->peak));
        EXPECT_LE(large->largest,
                  64 * 64 * 3 * 8 * 4 + 64);            // the merged channels; L x L would be 21 times that
        EXPECT_GE(large->largest, 64 * 64 * 3 * 8 * 4); // the meter sees something
    }
}

TEST(Padre, StartsWithTheVarianceOfItsInputAndWithEvenGradients) {
    for (const std::int64_t degree : {1, 2, 3}) {
        for (const TokenGrid grid : {TokenGrid{24, 24, 0}, TokenGrid{1, 300, 0}}) {
            Padre layer = padre(PadreOptions(64, grid).degree(degree).kernel(5), 17);
            torch::manual_seed(6);
            const torch::Tensor x = torch::randn({4, grid.length(), 64}).requires_grad_();
            const torch::Tensor y = layer->forward(x);
            EXPECT_THAT(y.var().item<double>(), ::testing::AllOf(::testing::Gt(0.6), ::testing::Lt(1.8)))
                << degree;
            y.backward(torch::randn_like(y));
            EXPECT_THAT(x.grad().var().item<double>(),
                        ::testing::AllOf(::testing::Gt(0.6), ::testing::Lt(2.5)))
                << degree;
        }
    }
}

TEST(Padre, BFloat16FollowsFloat) {
    torch::manual_seed(7);
    const torch::NoGradGuard no_grad;
    Padre layer = lived_in_padre(PadreOptions(16, {7, 9, 1}).degree(3).kernel(5));
    const torch::Tensor x = torch::randn({2, 64, 16});
    const torch::Tensor exact = layer->forward(x);
    layer->to(torch::kBFloat16);
    const torch::Tensor rough = layer->forward(x.to(torch::kBFloat16));
    EXPECT_EQ(rough.scalar_type(), torch::kBFloat16);
    EXPECT_LT(((rough.to(torch::kFloat) - exact).norm() / exact.norm()).item<double>(), 0.02);
}

TEST(Padre, AClonePreservesItsOriginalAndDoesNotFollowIt) {
    const torch::NoGradGuard no_grad;
    Padre layer = lived_in_padre(PadreOptions(8, {3, 4, 1}).degree(2).kernel(7));
    const auto copy = std::dynamic_pointer_cast<PadreImpl>(layer->clone());
    const torch::Tensor x = torch::randn({2, 13, 8}), before = layer->forward(x);
    EXPECT_TRUE(torch::equal(copy->forward(x), before));
    layer->token_mix->weight.mul_(2);
    EXPECT_TRUE(torch::equal(copy->forward(x), before));
    EXPECT_FALSE(torch::equal(layer->forward(x), before));
}

TEST(Padre, TheDeployedFormIsPlainAndTakesAnyBatch) {
    torch::manual_seed(8);
    const torch::NoGradGuard no_grad;
    for (const TokenGrid grid : {TokenGrid{7, 5, 1}, TokenGrid{1, 21, 0}}) {
        Padre layer = lived_in_padre(PadreOptions(24, grid).degree(3).kernel(5));
        const auto script = deploy(
            *layer, [&](const torch::Tensor& x) { return layer->forward(x); },
            torch::randn({2, grid.length(), 24}));
        for (const std::int64_t batch : {1, 3, 64}) {
            const torch::Tensor x = torch::randn({batch, grid.length(), 24});
            auto deployed = script;
            EXPECT_LT(relative(deployed.forward({x}).toTensor(), layer->forward(x)), 1e-5);
        }
        EXPECT_THAT(unlisted_operators(script), ::testing::IsEmpty());
    }
}

/// Every kernel that the family takes, as a block: against its own double precision, with its gradients, and
/// deployed.
TEST(Padre, EveryKernelOfTheFamilyGoesTheWholeWay) {
    torch::manual_seed(9);
    const Parameter& kernels = parameter(family("padre"), "kernel");
    const Site site{{6, 12, 13}, 6, 1};
    int seen = 0;
    for (auto kernel = static_cast<int>(kernels.low); kernel <= static_cast<int>(kernels.high); kernel += 2) {
        SCOPED_TRACE(kernel);
        const Choice choice = complete(Choice::parse(fmt::format("padre(degree=3,kernel={},mlp=1)", kernel)));
        ASSERT_EQ(family("padre").refuse(choice, site), "");
        const auto block = build_block(choice, site), exact = build_block(choice, site);
        initialise(*block, 5);
        initialise(*exact, 5);
        exact->to(torch::kDouble);
        const torch::Tensor x = torch::randn(site.input.sizes(2)),
                            seed = torch::randn(site.output().sizes(2));
        const torch::Tensor y = block->forward(x), truth = exact->forward(x.to(torch::kDouble));
        EXPECT_LT(relative(y.to(torch::kDouble), truth), 2e-5);
        y.backward(seed);
        truth.backward(seed.to(torch::kDouble));
        const auto names = exact->named_parameters();
        for (const auto& item : block->named_parameters()) {
            ASSERT_TRUE(item.value().grad().defined()) << item.key();
            EXPECT_LT(relative(item.value().grad().to(torch::kDouble), names[item.key()].grad()), 1e-4)
                << item.key();
        }
        const torch::NoGradGuard no_grad;
        block->eval();
        auto deployed = deploy(
            *block, [&](const torch::Tensor& input) { return block->forward(input); }, x);
        EXPECT_LT(relative(deployed.forward({x}).toTensor(), block->forward(x)), 1e-5);
        EXPECT_THAT(unlisted_operators(deployed), ::testing::IsEmpty());
        ++seen;
    }
    EXPECT_EQ(seen, 5); // 3, 5, 7, 9, 11
}

TEST(Padre, ImpossibleOptionsAreRefused) {
    EXPECT_THROW(Padre(PadreOptions(8, {4, 4, 0}).degree(0)), c10::Error);
    EXPECT_THROW(Padre(PadreOptions(8, {4, 4, 0}).degree(4)), c10::Error);
    EXPECT_THROW(Padre(PadreOptions(8, {4, 4, 0}).kernel(4)), c10::Error);
    EXPECT_THROW(Padre(PadreOptions(8, {4, 4, 0}).kernel(1)), c10::Error);
    EXPECT_THROW(Padre(PadreOptions(8, {4, 4, 0}).kernel(13)), c10::Error);
}

} // namespace
} // namespace tessera::search_spaces
