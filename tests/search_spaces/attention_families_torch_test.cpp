// What holds for every family that mixes tokens: gradients, half precision, odd and oblong grids.
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/auxiliary_task.h"
#include "search_spaces/block_module.h"
#include "search_spaces/layers/token_map.h"
#include "search_spaces/layers/token_selective_pair.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

const std::vector<const char*> mixers{"attention(heads=2,mlp=1)",
                                      "linear_attention(heads=2,mlp=1)",
                                      "padre(degree=1,kernel=3,mlp=1)",
                                      "padre(degree=2,kernel=3,mlp=1)",
                                      "padre(degree=3,kernel=3,mlp=1)",
                                      "tosa(heads=2,mlp=1)",
                                      "tosa(heads=2,mlp=1,attention=linear,selector=heads)"};
/// Odd, oblong, a sequence, with a class token, strided into shape.
const std::vector<Site> grids{{{4, 3, 5}, 4, 1}, {{4, 1, 7}, 4, 1}, {{4, 4, 3, 1}, 4, 1}, {{3, 7, 5}, 4, 2}};

std::shared_ptr<BlockImpl> block_of(const char* text, const Site& site) {
    const auto block = build_block(Choice::parse(text), site);
    initialise(*block, 7);
    return block;
}

/// Of a weighted sum of the outputs, by the parameters and by the input, against central differences. In
/// evaluation the selection of tokens is constant around the point, so its gradient is that of the layers.
TEST(AttentionFamilies, GradientsAreThoseOfFiniteDifferences) {
    for (const char* text : mixers) {
        for (const Site& site : grids) {
            if (!family(Choice::parse(text).family()).refuse(complete(Choice::parse(text)), site).empty()) {
                continue;
            }
            SCOPED_TRACE(fmt::format("{} on {} x {}", text, site.input.height, site.input.width));
            const auto block = block_of(text, site);
            block->to(torch::kDouble);
            block->eval();
            const auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
            auto x = torch::randn(site.input.sizes(2), generator, torch::kDouble).requires_grad_();
            const auto weight = torch::randn(site.output().sizes(2), generator, torch::kDouble);
            const auto value = [&] { return (block->forward(x) * weight).sum(); };
            value().backward();
            std::vector<torch::Tensor> all{x};
            for (const auto& item : block->named_parameters()) {
                // The selector's are its own task's: nothing reaches it here, and everything else.
                const bool selects = item.key().find("selector.") != std::string::npos;
                ASSERT_EQ(item.value().grad().defined(), !selects) << item.key();
                if (!selects) {
                    all.push_back(item.value());
                }
            }
            const torch::NoGradGuard no_grad;
            for (torch::Tensor& tensor : all) {
                const auto direction = torch::randn(tensor.sizes(), generator, torch::kDouble);
                const double slope = (tensor.grad() * direction).sum().item<double>(), step = 1e-6;
                tensor.add_(direction, step);
                const double above = value().item<double>();
                tensor.sub_(direction, 2 * step);
                const double below = value().item<double>();
                tensor.add_(direction, step);
                EXPECT_NEAR(slope, (above - below) / (2 * step), 1e-5 * (1 + std::abs(slope)));
            }
        }
    }
}

TEST(AttentionFamilies, WorkInHalfPrecision) {
    const torch::NoGradGuard no_grad;
    torch::manual_seed(3);
    for (const char* text : mixers) {
        const Site site{{4, 4, 3, 0}, 4, 1};
        // Which tokens are selected may hang on a rounding: with all of them kept nothing does.
        const std::string choice =
            std::string_view(text).starts_with("tosa") ? "tosa(heads=2,mlp=1,keep=1)" : text;
        const auto block = block_of(choice.c_str(), site);
        block->eval();
        const auto x = torch::randn(site.input.sizes(2));
        const auto exact = block->forward(x);
        block->to(torch::kBFloat16);
        const auto half = block->forward(x.to(torch::kBFloat16));
        EXPECT_EQ(half.scalar_type(), torch::kBFloat16);
        const double error = (half.to(torch::kFloat) - exact).abs().mean().item<double>();
        EXPECT_LT(error, 0.04 * exact.abs().mean().item<double>()) << text;
        EXPECT_GT(error, 0) << text;
    }
}

TEST(AttentionFamilies, SelectsInHalfPrecisionAsInSingle) {
    const torch::NoGradGuard no_grad;
    torch::manual_seed(3);
    for (const char* text : {"tosa(heads=2,mlp=1)", "tosa(heads=2,mlp=1,attention=linear,selector=heads)"}) {
        const auto block = block_of(text, {{16, 4, 3}, 16, 1}), half = block_of(text, {{16, 4, 3}, 16, 1});
        block->eval();
        half->eval();
        half->to(torch::kBFloat16);
        const auto x = torch::randn({64, 16, 4, 3}), rounded = x.to(torch::kBFloat16);
        const auto pair_of = [](BlockImpl& of) {
            return std::dynamic_pointer_cast<TokenSelectivePairImpl>(of.named_children()["pair0"]);
        };
        const auto near = [&](const torch::Tensor& found, const torch::Tensor& wanted) {
            EXPECT_EQ(found.scalar_type(), torch::kBFloat16);
            EXPECT_LT((found.to(torch::kFloat) - wanted).abs().mean().item<double>(),
                      0.02 * wanted.abs().mean().item<double>())
                << text;
        };
        const auto standard = pair_of(*block)->standard(to_tokens(x)),
                   rough = pair_of(*half)->standard(to_tokens(rounded));
        near(rough.tokens, standard.tokens);
        near(rough.importance, standard.importance);
        // The same tokens are selected unless their importances differ by a rounding; where they are, the
        // outputs are the same.
        const auto same = (kept_tokens(rough.importance, 6, 0) == kept_tokens(standard.importance, 6, 0))
                              .all(1)
                              .nonzero()
                              .squeeze(1);
        EXPECT_GE(same.size(0), 16) << text;
        near(half->forward(rounded).index_select(0, same), block->forward(x).index_select(0, same));
    }
}

TEST(AttentionFamilies, TrainOnEveryGrid) {
    for (const char* text : mixers) {
        for (const Site& site : grids) {
            if (!family(Choice::parse(text).family()).refuse(complete(Choice::parse(text)), site).empty()) {
                continue;
            }
            const auto block = block_of(text, site);
            for (const double progress : {0.0, 0.9}) {
                set_progress(*block, progress);
                block->zero_grad();
                auto loss = block->forward(torch::randn(site.input.sizes(2))).square().mean();
                if (const auto own = auxiliary_loss(*block); own.defined()) {
                    loss = loss + own;
                }
                loss.backward();
                for (const auto& item : block->named_parameters()) {
                    ASSERT_TRUE(item.value().grad().defined()) << text << " " << item.key();
                    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>())
                        << text << " " << item.key();
                }
            }
        }
    }
}

} // namespace
} // namespace tessera::search_spaces
