// ToSA: facts of the method (arXiv 2406.08816) on the real modules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/linear_attention.h"
#include "search_spaces/layers/softmax_attention.h"
#include "search_spaces/layers/token_selective_pair.h"
#include "search_spaces/torchscript.h"
#include "tests/search_spaces/helpers.h"
#include "tests/search_spaces/memory_meter.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;

TokenSelectiveOptions options_of(const TokenGrid& grid, std::int64_t keep, bool softmax = true) {
    const AttentionOptions attention(12, 3);
    return {grid, 12, 24, keep, [=]() -> std::shared_ptr<TokenMixerImpl> {
                if (softmax) {
                    return SoftmaxAttention(attention).ptr();
                }
                return LinearAttention(attention).ptr();
            }};
}

TokenSelectivePair pair_of(const TokenSelectiveOptions& options) {
    TokenSelectivePair pair(options);
    initialise(*pair, 3);
    pair->eval();
    return pair;
}

double difference(const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

TEST(KeptTokens, AreTheMostImportantInTheirOrder) {
    const auto importance = torch::tensor({{9.F, 1.F, 5.F, 2.F, 5.F}, {0.F, 3.F, 3.F, 3.F, 3.F}});
    // Without class tokens; ties go to the front.
    EXPECT_TRUE(torch::equal(kept_tokens(importance, 2, 0), torch::tensor({{0, 2}, {1, 2}})));
    EXPECT_TRUE(torch::equal(kept_tokens(importance, 3, 0), torch::tensor({{0, 2, 4}, {1, 2, 3}})));
    // The first one is a class token: taken on top of them, whatever its importance.
    EXPECT_TRUE(torch::equal(kept_tokens(importance, 2, 1), torch::tensor({{0, 2, 4}, {0, 1, 2}})));
    EXPECT_EQ(kept_tokens(importance, 0, 1).sizes(), (std::vector<std::int64_t>{2, 1}));
}

TEST(Selector, ColumnSumsOfARowStochasticMapTotalItsLength) {
    const auto map = torch::softmax(torch::randn({2, 3, 11, 11}), -1);
    EXPECT_LT(difference(importance_of(map).sum(1), torch::full({2}, 11.F)), 1e-4);
}

TEST(Selector, AnOracleHasNoLossAndTheTrueTopK) {
    const auto truth = torch::softmax(3 * torch::randn({2, 3, 9, 9}), -1);
    EXPECT_NEAR(selector_loss(truth, truth.log()).item<double>(), 0, 1e-6);
    EXPECT_GT(selector_loss(truth, torch::log_softmax(torch::randn({2, 3, 9, 9}), -1)).item<double>(), 0.1);
    // Known: KL((1/2, 1/2, 0) || (1/4, 1/2, 1/4)) = log(2) / 2; a zero in the truth adds nothing.
    const auto known = torch::tensor({0.5F, 0.5F, 0.F}).view({1, 1, 1, 3});
    const auto guess = torch::tensor({0.25F, 0.5F, 0.25F}).view({1, 1, 1, 3}).log();
    EXPECT_NEAR(selector_loss(known, guess).item<double>(), std::log(2.0) / 2, 1e-6);
    const auto sums = truth.sum(2).mean(1);
    EXPECT_TRUE(torch::equal(kept_tokens(importance_of(truth.log().exp()), 4, 0),
                             std::get<0>(std::get<1>(sums.topk(4, 1)).sort(1))));
}

TEST(Selector, ReadsAnyLength) {
    for (const std::int64_t maps : {1, 3}) {
        TokenSelector selector(TokenSelectorOptions(maps, 5));
        initialise(*selector, 1);
        const torch::NoGradGuard no_grad;
        for (const std::int64_t length : {1, 7, 30}) {
            const auto map = torch::randn({2, maps, length, length});
            const auto predicted = selector->log_probabilities(map);
            EXPECT_EQ(predicted.sizes(), map.sizes());
            EXPECT_LT(difference(predicted.exp().sum(-1), torch::ones({2, maps, length})), 1e-5);
            // Rows are independent of each other: pieces of the map give pieces of the prediction.
            EXPECT_LT(difference(selector->log_probabilities(map.slice(2, 0, 1)), predicted.slice(2, 0, 1)),
                      1e-5);
        }
    }
}

TEST(TokenSelectivePair, WithAllTokensIsTwoPlainLayers) {
    auto pair = pair_of(options_of({3, 5, 1}, 15));
    EXPECT_TRUE(pair->selector.is_empty());
    const auto tokens = torch::randn({2, 16, 12});
    const torch::NoGradGuard no_grad;
    EXPECT_TRUE(torch::equal(pair->forward(tokens), pair->second->forward(pair->first->forward(tokens))));
}

TEST(TokenSelectivePair, WithNoTokenTheSecondLayerIsTheIdentity) {
    auto pair = pair_of(options_of({3, 5, 0}, 0));
    const auto tokens = torch::randn({2, 15, 12});
    const torch::NoGradGuard no_grad;
    EXPECT_TRUE(torch::equal(pair->forward(tokens), pair->standard(tokens).tokens));
    // A class token goes through alone.
    auto with_class = pair_of(options_of({3, 5, 1}, 0));
    const auto more = torch::randn({2, 16, 12});
    const auto between = with_class->standard(more).tokens, after = with_class->forward(more);
    EXPECT_TRUE(torch::equal(after.slice(1, 1), between.slice(1, 1)));
    EXPECT_LT(difference(after.slice(1, 0, 1), with_class->second->forward(between.slice(1, 0, 1))), 1e-6);
}

TEST(TokenSelectivePair, BypassedTokensAreBitIdenticalAndInPlace) {
    for (const bool softmax : {true, false}) {
        for (const std::int64_t prefix : {0, 1}) {
            auto pair = pair_of(options_of({4, 5, prefix}, 7, softmax));
            const auto tokens = torch::randn({3, 20 + prefix, 12});
            const torch::NoGradGuard no_grad;
            const auto between = pair->standard(tokens);
            const auto after = pair->forward(tokens);
            const auto places = kept_tokens(between.importance, 7, prefix);
            for (std::int64_t b = 0; b < 3; ++b) {
                const auto through =
                    pair->second->forward(between.tokens[b].index_select(0, places[b]).unsqueeze(0))[0];
                std::int64_t next = 0;
                for (std::int64_t t = 0; t < 20 + prefix; ++t) {
                    if (next < places.size(1) && places[b][next].item<std::int64_t>() == t) {
                        EXPECT_LT(difference(after[b][t], through[next++]), 1e-5);
                    } else {
                        EXPECT_TRUE(torch::equal(after[b][t], between.tokens[b][t]));
                    }
                }
                EXPECT_EQ(next, 7 + prefix);
            }
        }
    }
}

TEST(TokenSelectivePair, StandardLayerIsTheLayerItself) {
    for (const bool softmax : {true, false}) {
        auto pair = pair_of(options_of({4, 5, 0}, 7, softmax));
        const auto tokens = torch::randn({3, 20, 12});
        const torch::NoGradGuard no_grad;
        EXPECT_LT(difference(pair->standard(tokens).tokens, pair->first->forward(tokens)), 1e-5);
    }
}

TEST(TokenSelectivePair, IsEquivariantUnderPermutationsOfPatchTokens) {
    auto pair = pair_of(options_of({1, 20, 1}, 7));
    const auto tokens = torch::randn({1, 21, 12});
    const auto order = torch::cat({torch::zeros({1}, torch::kLong), 1 + torch::randperm(20)});
    const torch::NoGradGuard no_grad;
    EXPECT_LT(difference(pair->forward(tokens).index_select(1, order),
                         pair->forward(tokens.index_select(1, order))),
              1e-5);
}

TEST(TokenSelectivePair, PiecesOfTheMapChangeNothing) {
    // 1 << 18 elements at once: of 1 000 tokens by 3 heads 87 rows; but no fewer than 32 rows.
    EXPECT_EQ(rows_at_once(3, 1000), 87);
    EXPECT_EQ(rows_at_once(3, 4096), 32);
    EXPECT_EQ(rows_at_once(1, 7), 7);
    EXPECT_EQ(rows_at_once(3, 256), 256);
    EXPECT_EQ(rows_at_once(1000, 100'000), 32);
    auto pair = pair_of(options_of({30, 50, 0}, 500));
    const auto tokens = torch::randn({1, 1500, 12});
    const torch::NoGradGuard no_grad;
    const auto pieces = pair->standard(tokens);
    auto& mixer = dynamic_cast<ScoringMixer&>(*pair->first->mixer);
    const Heads heads = mixer.split(pair->first->norm1->forward(tokens));
    const auto scores = mixer.scores(heads.queries, heads.keys);
    const auto whole = importance_of(pair->selector->probabilities(scores.mean(1, true)));
    EXPECT_LT(difference(pieces.importance, whole), 1e-4);
    EXPECT_LT(difference(pieces.tokens, pair->first->forward(tokens)), 1e-4);
}

TEST(TokenSelectivePair, GradientsReachTheLayersByTheOutputAndTheSelectorByItsTask) {
    auto pair = pair_of(options_of({4, 4, 0}, 5));
    pair->train();
    const auto tokens = torch::randn({2, 16, 12});
    const auto touched = [&](torch::nn::Module& module) {
        double sum = 0;
        for (const auto& parameter : module.parameters()) {
            sum += parameter.grad().defined() ? parameter.grad().abs().sum().item<double>() : 0;
        }
        return sum > 0;
    };
    set_progress(*pair, 0.9);
    pair->forward(tokens).square().sum().backward();
    EXPECT_TRUE(touched(*pair->first));
    EXPECT_TRUE(touched(*pair->second));
    EXPECT_FALSE(touched(*pair->selector));
    pair->zero_grad();
    const auto loss = auxiliary_loss(*pair);
    ASSERT_TRUE(loss.defined());
    EXPECT_GT(loss.item<double>(), 0);
    loss.backward();
    EXPECT_FALSE(touched(*pair->first)); // frozen to the selector
    EXPECT_FALSE(touched(*pair->second));
    EXPECT_TRUE(touched(*pair->selector));
    EXPECT_FALSE(auxiliary_loss(*pair).defined()); // handed out once
    // At first every token takes the second layer.
    set_progress(*pair, 0.1);
    EXPECT_LT(difference(pair->forward(tokens), pair->second->forward(pair->first->forward(tokens))), 1e-5);
}

TEST(TokenSelectivePair, MapsAreWorkedOnInPiecesOnly) {
    // Two heads' maps of all rows would be 2 L^2; the pieces are of a fixed number of rows however long.
    const auto alive = [](std::int64_t side) {
        CostMeter meter({12, side, side});
        count_token_selective_pair(meter, options_of({side, side, 0}, side * side / 4), 3,
                                   count_softmax_attention);
        return meter.costs().peak_elements;
    };
    const double grown = static_cast<double>(alive(128)) / static_cast<double>(alive(64));
    EXPECT_LT(grown, 4.1); // four times the tokens
}

TEST(TokenSelectivePair, TheSecondLayersMapsShrinkWithTheSquareOfWhatIsKept) {
    // Fused attention holds no map at all; the same operator unfused holds those of all heads.
    const std::int64_t length = 32 * 32, kept = length / 4;
    auto pair = pair_of(options_of({32, 32, 0}, kept));
    const torch::NoGradGuard no_grad;
    const auto largest = [&](std::int64_t tokens, bool fused) {
        const auto x = torch::randn({1, tokens, 12});
        at::globalContext().setSDPUseFlash(fused);
        const auto meter = testing::metered([&] { pair->second->forward(x); });
        at::globalContext().setSDPUseFlash(true);
        return meter->largest;
    };
    EXPECT_EQ(largest(length, false), 3 * length * length * 4);
    EXPECT_EQ(largest(kept, false) * 16, largest(length, false)); // (K / L)^2
    EXPECT_LT(largest(length, true), 3 * length * length * 4 / 8);
    // In the whole pair, which selects, too: nothing as large as a map of all tokens by all heads.
    const auto x = torch::randn({1, length, 12});
    EXPECT_LT(testing::metered([&] { pair->forward(x); })->largest, 3 * length * length * 4 / 8);
}

const Site square{{12, 6, 6}, 12, 1}, with_class{{12, 6, 5, 1}, 12, 1}, strided{{7, 9, 11}, 12, 2};
const std::vector<const char*> variants{
    "tosa(heads=3,mlp=2)", "tosa(depth=4,heads=2,keep=0.25,selector=heads)",
    "tosa(heads=6,keep=0.75,attention=linear,scores=softmax,width=1)", "tosa(heads=3,keep=1)"};

TEST(Tosa, DeployedFormsAnswerAlikeAtAnyBatch) {
    const torch::NoGradGuard no_grad;
    for (const Site& site : {square, with_class, strided}) {
        for (const char* text : variants) {
            const auto block = build_block(Choice::parse(text), site);
            initialise(*block, 2);
            block->eval();
            auto deployed = deploy(
                *block, [&](const torch::Tensor& x) { return block->forward(x); },
                torch::randn(site.input.sizes(2)));
            for (const std::int64_t batch : {1, 3, 64}) {
                const auto x = torch::randn(site.input.sizes(batch));
                EXPECT_LT(difference(deployed.forward({x}).toTensor(), block->forward(x)), 1e-4) << text;
            }
        }
    }
}

TEST(Tosa, MacsByFormula) {
    // Standard 12 L D^2 + 2 L^2 D, ToSA 12 K D^2 + 2 K^2 D, selector 2 h L^2 for the mean of the heads and
    // 2 h H L^2 for all of them.
    const std::int64_t d = 192, l = 16 * 16, k = 64;
    const Site site{{d, 16, 16}, d, 1};
    const auto macs = [&](const char* text) {
        return family("tosa").costs(complete(Choice::parse(text)), site).macs;
    };
    const std::int64_t layers = 12 * (l + k) * d * d + 2 * (l * l + k * k) * d;
    EXPECT_EQ(macs("tosa(heads=3,keep=0.25,width=5)"), layers + 2 * 5 * l * l);
    EXPECT_EQ(macs("tosa(heads=3,keep=0.25,width=3,selector=heads)"), layers + 2 * 3 * 3 * l * l);
    EXPECT_EQ(macs("tosa(heads=3,keep=1)"), 2 * (12 * l * d * d + 2 * l * l * d)); // no selector at all
    // ceil(r L), the class token on top of it.
    const Site small{{12, 3, 5, 1}, 12, 1};
    const auto second = [&](const char* text, std::int64_t tokens) {
        const std::int64_t all = 16;
        return family("tosa").costs(complete(Choice::parse(text)), small).macs -
               (12 * all * 144 + 2 * all * all * 12) - 2 * 4 * all * all -
               (12 * tokens * 144 + 2 * tokens * tokens * 12);
    };
    EXPECT_EQ(second("tosa(keep=0.5)", 1 + 8), 0);
    EXPECT_EQ(second("tosa(keep=0.2)", 1 + 3), 0); // not 4, which 0.2 * 15 = 3.0000000000000004 would give
    EXPECT_EQ(second("tosa(keep=0.01)", 1 + 1), 0);
}

TEST(Tosa, RefusesWhatLeavesNothing) {
    const auto refused = [](const char* text) {
        return message_of([&] { build_block(Choice::parse(text), square); });
    };
    EXPECT_THAT(refused("tosa(depth=3)"), HasSubstr("without a standard layer before it"));
    EXPECT_THAT(refused("tosa(keep=0)"), HasSubstr("keep 0 leaves no token of 6 x 6"));
    EXPECT_THAT(refused("tosa(keep=1e-12)"), HasSubstr("keep 1e-12 leaves no token of 6 x 6"));
    EXPECT_NO_THROW(build_block(Choice::parse("tosa(keep=1e-6)"), square)); // one
    EXPECT_THAT(refused("tosa(heads=5)"), HasSubstr("5 heads do not divide 12 channels"));
    EXPECT_THAT(refused("tosa(keep=1.5)"), HasSubstr("a number from 0 to 1"));
    EXPECT_THAT(refused("tosa(attention=sofmax)"), HasSubstr("did you mean 'softmax'"));
}

/// Two layers that look for the same thing: what the first attends to says what the second will.
TokenSelectivePair persistent_pair(std::uint64_t seed) {
    auto pair = TokenSelectivePair(options_of({6, 6, 0}, 9));
    initialise(*pair, seed);
    const torch::NoGradGuard no_grad;
    for (const TransformerLayer& layer : {pair->first, pair->second}) {
        auto parameters = layer->named_parameters();
        parameters["mixer.qkv.weight"].mul_(3); // sharp maps: few tokens are looked at by most
        parameters["mixer.project.weight"].mul_(0.2);
        parameters["reduce.weight"].mul_(0.2);
    }
    pair->second->named_parameters()["mixer.qkv.weight"].copy_(
        pair->first->named_parameters()["mixer.qkv.weight"]);
    return pair;
}

TEST(Tosa, AFreshSelectorExpectsTheNextLayerToLookWhereThisOneDid) {
    for (const auto& [maps, width] : {std::pair{1, 4}, std::pair{3, 6}, std::pair{2, 9}}) {
        struct Holder : torch::nn::Module { // selectors belong to blocks, which are initialised as a whole
            Holder(std::int64_t maps, std::int64_t width)
                : selector(register_module("selector", TokenSelector(TokenSelectorOptions(maps, width)))) {}
            TokenSelector selector;
        } holder(maps, width);
        initialise(holder, 5);
        const torch::NoGradGuard no_grad;
        // Columns far apart, so that the order of the tokens is beyond doubt: 4, 1 and then the others.
        const auto columns = torch::tensor({0.F, 2.F, -1.F, 0.5F, 4.F, -2.F, -0.5F});
        const auto scores = columns + 0.3 * torch::randn({2, maps, 7, 7}).clamp(-2, 2);
        const auto probabilities = holder.selector->probabilities(scores);
        EXPECT_LT((probabilities - at::softmax(scores, -1)).abs().max().item<double>(), 0.1) << maps;
        EXPECT_TRUE(
            torch::equal(kept_tokens(importance_of(probabilities), 2, 0), torch::tensor({{1, 4}, {1, 4}})))
            << maps;
    }
}

TEST(Tosa, ALearntRankingBeatsARandomOne) {
    for (const std::uint64_t seed : {1, 2, 3}) {
        auto pair = persistent_pair(seed);
        torch::optim::Adam adam(pair->selector->parameters(), 0.03);
        const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
        const auto tokens_of = [&](std::int64_t count) { return torch::randn({count, 36, 12}, generator); };
        double first = 0, last = 0;
        pair->train();
        for (int step = 0; step < 60; ++step) {
            pair->forward(tokens_of(8));
            adam.zero_grad();
            const auto loss = auxiliary_loss(*pair);
            loss.backward();
            adam.step();
            (step == 0 ? first : last) = loss.item<double>();
        }
        EXPECT_LT(last, 0.8 * first);

        pair->eval();
        const torch::NoGradGuard no_grad;
        const auto test = tokens_of(32);
        const auto between = pair->standard(test);
        const auto truth = importance_of(pair->true_maps(between.tokens));
        const auto overlap = [&](const torch::Tensor& importance) {
            const auto a = kept_tokens(importance, 9, 0), b = kept_tokens(truth, 9, 0);
            return (a.unsqueeze(2) == b.unsqueeze(1)).any(2).to(torch::kFloat).mean().item<double>();
        };
        EXPECT_EQ(overlap(truth), 1);
        EXPECT_GT(overlap(between.importance), overlap(torch::rand({32, 36}, generator)) + 0.1) << seed;
    }
}

} // namespace
} // namespace tessera::search_spaces
