// Watching the filters of real modules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "predictors/statistics_collector.h"
#include "search_spaces/block_module.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "support/error.h"
#include "tests/search_spaces/helpers.h"
#include "training/layout.h"

namespace tessera::predictors {
namespace {

using search_spaces::ConvNormAct;
using search_spaces::ConvNormActOptions;
using torch::Tensor;

/// mean over positions of E_i[x^2] and of Var_i[x], in double, by LibTorch's operators.
std::pair<Tensor, Tensor> by_hand(const Tensor& maps) {
    const Tensor x = maps.to(torch::kDouble);
    return {x.square().mean({0, 2, 3}), x.var(0, false).mean({1, 2})};
}

void expect_statistics(const std::vector<FilterStatistic>& seen, const std::pair<Tensor, Tensor>& expected,
                       double tolerance = 1e-6) {
    ASSERT_EQ(static_cast<std::int64_t>(seen.size()), expected.first.numel());
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const double square = expected.first[static_cast<std::int64_t>(i)].item<double>();
        EXPECT_NEAR(seen[i].mean_square, square, tolerance * square) << i;
        const double variance = expected.second[static_cast<std::int64_t>(i)].item<double>();
        // Values far from zero are rounded to 2^-24 of themselves before anybody sees them.
        EXPECT_NEAR(seen[i].variance, variance, 10 * tolerance * variance) << i;
    }
}

struct Layer {
    Layer() {
        search_spaces::initialise(*module, 3);
        module->eval();
        const torch::NoGradGuard no_grad;
        module->norm->bias[2] = -100; // never above zero
        module->norm->bias[3] = 1000; // far from zero: nothing may be lost to cancellation
    }
    ConvNormAct module{ConvNormActOptions(3, 5, 3).act(search_spaces::Activation::relu)};
};

TEST(StatisticsCollector, SeesWhatLibTorchComputes) {
    Layer layer;
    const torch::NoGradGuard no_grad;
    const Tensor images = torch::randn({37, 3, 19, 23}); // enough for a second thread, and for pieces
    const auto expected = by_hand(layer.module->forward(images));
    for (const bool channels_last : {false, true}) {
        for (const int threads : {1, 2}) {
            for (const std::int64_t batch : {1, 5, 37}) {
                StatisticsCollector collector(*layer.module, threads);
                for (std::int64_t i = 0; i < 37; i += batch) {
                    const Tensor part = images.slice(0, i, std::min<std::int64_t>(37, i + batch));
                    layer.module->forward(channels_last ? part.contiguous(at::MemoryFormat::ChannelsLast)
                                                        : part);
                }
                const auto layers = collector.layers();
                ASSERT_EQ(layers.size(), 1U);
                EXPECT_EQ(layers[0].moments.images, 37);
                // Convolutions of other batches and layouts round otherwise.
                expect_statistics(layers[0].moments.per_filter(), expected, 1e-5);
                EXPECT_TRUE(layers[0].moments.per_filter()[2].dead);
                EXPECT_GT(layers[0].moments.per_filter()[3].variance, 0);
            }
        }
    }
    StatisticsCollector collector(*layer.module, 2);
    layer.module->forward(images);
    expect_statistics(collector.layers()[0].moments.per_filter(), expected);
    EXPECT_DOUBLE_EQ(collector.branches("")[0].dead_share, 0.2);
}

TEST(StatisticsCollector, OtherDevicesComputeTheSame) {
    for (const Tensor& maps : {torch::randn({7, 5, 6, 9}), torch::randn({3, 11, 4}) + 100}) {
        const FilterMoments here = moments_of(maps, 2), there = moments_by_operators(maps);
        EXPECT_EQ(there.images, here.images);
        EXPECT_EQ(there.filters, here.filters);
        EXPECT_EQ(there.positions, here.positions);
        for (std::size_t i = 0; i < here.mean.size(); ++i) {
            EXPECT_NEAR(there.mean[i], here.mean[i], 1e-5 * (1 + std::abs(here.mean[i])));
            EXPECT_NEAR(there.deviations[i], here.deviations[i], 1e-4 * here.deviations[i]);
        }
    }
}

TEST(StatisticsCollector, ThreadsChangeNoBit) {
    Layer layer;
    const torch::NoGradGuard no_grad;
    const Tensor images = torch::randn({16, 3, 32, 32});
    std::vector<double> first;
    for (const int threads : {1, 2, 3}) {
        StatisticsCollector collector(*layer.module, threads);
        layer.module->forward(images);
        const auto deviations = collector.layers()[0].moments.deviations;
        first = first.empty() ? deviations : first;
        EXPECT_EQ(deviations, first);
    }
}

TEST(StatisticsCollector, LooksOnlyWhenToldAndLetsGoAtTheEnd) {
    Layer layer;
    const Tensor images = torch::randn({2, 3, 4, 4});
    {
        StatisticsCollector collector(*layer.module);
        collector.look(false);
        layer.module->forward(images);
        EXPECT_EQ(collector.layers()[0].moments.images, 0);
        EXPECT_EQ(collector.branches("")[0].mean_square, 0);
        collector.look(true);
        layer.module->forward(images);
        EXPECT_EQ(collector.layers()[0].moments.images, 2);
        const auto copy = std::dynamic_pointer_cast<search_spaces::ConvNormActImpl>(layer.module->clone());
        copy->forward(images); // nobody looks at a copy
        EXPECT_EQ(collector.layers()[0].moments.images, 2);
    }
    layer.module->forward(images); // no observer that is gone
}

TEST(StatisticsCollector, EveryFamilyHasFilters) {
    for (const search_spaces::Family* family : search_spaces::families()) {
        const bool convolution = family->name() != "widener";
        const search_spaces::Site site{{12, 12, 12}, convolution ? 12 : 20, convolution ? 1 : 2};
        const auto choice = search_spaces::complete(search_spaces::Choice(std::string(family->name()), {}));
        const auto block = build_block(choice, site);
        search_spaces::initialise(*block, 1);
        const StatisticsCollector collector(*block);
        block->forward(torch::randn({3, 12, 12, 12}));
        const auto layers = collector.layers();
        EXPECT_EQ(layers.empty(), family->name() == "identity") << family->name();
        for (const auto& layer : layers) {
            EXPECT_EQ(layer.moments.images, 3) << family->name() << " " << layer.name;
            EXPECT_GT(layer.moments.per_filter()[0].mean_square, 0) << family->name() << " " << layer.name;
        }
    }
}

TEST(StatisticsCollector, BranchesOfACellHaveTheirOwn) {
    const auto block =
        build_block(search_spaces::Choice::parse("envelope(branches=1x1+3x3+5x5sep)"), {{4, 6, 6}, 8, 1});
    search_spaces::initialise(*block, 4);
    const torch::NoGradGuard no_grad;
    const StatisticsCollector collector(*block);
    const Tensor map = block->forward(torch::randn({7, 4, 6, 6})); // dropout 0: what is seen
    const auto branches = collector.branches("cell");
    ASSERT_EQ(branches.size(), 3U);
    EXPECT_EQ(branches[0].branch, "1x1");
    EXPECT_EQ(branches[2].branch, "5x5sep");
    EXPECT_NEAR(branches[0].mean_square, map.slice(1, 0, 3).square().mean().item<double>(), 1e-5);
    EXPECT_NEAR(branches[2].mean_square, map.slice(1, 6, 8).square().mean().item<double>(), 1e-5);
    EXPECT_THROW(collector.branches("nowhere"), std::out_of_range);
}

TEST(StatisticsCollector, WatchesWhatItIsToldAndKnowsWhatCameFirst) {
    const auto block =
        build_block(search_spaces::Choice::parse("envelope(branches=1x1+3x3)"), {{4, 6, 6}, 8, 1});
    search_spaces::initialise(*block, 4);
    const auto orders = [](const StatisticsCollector& collector) {
        std::map<std::string, std::int64_t> result;
        for (const auto& layer : collector.layers()) {
            result[layer.name] = layer.order;
        }
        return result;
    };
    using Orders = std::map<std::string, std::int64_t>;
    {
        const StatisticsCollector all(*block);
        EXPECT_EQ(orders(all), (Orders{{"cell", 0}, {"cell.bottleneck", 0}})); // nothing seen yet
        block->forward(torch::randn({2, 4, 6, 6}));
        block->forward(torch::randn({2, 4, 6, 6}));
        EXPECT_EQ(orders(all), (Orders{{"cell", 2}, {"cell.bottleneck", 1}}));
    }
    const StatisticsCollector one(*block, 1, [](const std::string& name) { return name == "cell"; });
    block->forward(torch::randn({2, 4, 6, 6}));
    EXPECT_EQ(orders(one), (Orders{{"cell", 1}}));
    EXPECT_EQ(one.images("cell"), 2);
    EXPECT_THROW(one.images("cell.bottleneck"), std::out_of_range);
}

TEST(StatisticsCollector, GoesOnFromItsState) {
    Layer layer;
    const torch::NoGradGuard no_grad;
    const Tensor a = torch::randn({4, 3, 6, 6}), b = torch::randn({3, 3, 6, 6});
    StatisticsCollector whole(*layer.module);
    const auto untouched = whole.state();
    layer.module->forward(a);
    const auto state = whole.state();
    layer.module->forward(b);
    const auto expected = whole.layers()[0].moments;
    {
        Layer other;
        StatisticsCollector resumed(*other.module);
        resumed.load(state, "checkpoint");
        other.module->forward(b);
        EXPECT_EQ(resumed.layers()[0].moments.deviations, expected.deviations);
        EXPECT_EQ(resumed.layers()[0].moments.mean, expected.mean);
        EXPECT_EQ(resumed.layers()[0].moments.images, 7);
        resumed.load(untouched, "checkpoint");
        EXPECT_EQ(resumed.layers()[0].moments.images, 0);
        auto damaged = state;
        damaged[".mean"] = torch::zeros({2, 2}, torch::kFloat64);
        EXPECT_THAT(
            support::testing::message_of<support::RunError>([&] { resumed.load(damaged, "file.st"); }),
            ::testing::HasSubstr("file.st: its filter statistics do not fit"));
        EXPECT_EQ(resumed.layers()[0].moments.images, 0); // as it was
    }
}

} // namespace
} // namespace tessera::predictors
