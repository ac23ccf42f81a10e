#include "predictors/swapped_quality.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/support/helpers.h"
#include "training/batches.h"
#include "training/device.h"
#include "training/layout.h"
#include "training/state.h"
#include "training/trainer.h"

namespace tessera::predictors {
namespace {

/// Three blocks of an identity, a narrower and the reference's convolution; entries with random weights.
class SwappedQualityTest : public testing::Test {
protected:
    SwappedQualityTest()
        : space(read_space()), library(folder / "library", space, "f"), network(space, space.reference()) {
        training::use_threads(1);
        training::DataOptions options;
        options.synthetic_train = 200;
        options.synthetic_test = 40;
        options.synthetic_classes = 4;
        options.synthetic_size = 8;
        options.validation = 0.5;
        data = training::load_datasets(options, 3, 8, 8, 4);
        search_spaces::initialise(*network, 5);
        training::to_channels_last(*network);
        network->eval();
        state = training::state_of(*network);
        for (std::size_t b = 0; b < 3; ++b) {
            for (std::size_t m = 0; m < 3; ++m) {
                auto module =
                    search_spaces::build_block(space.blocks()[b].choices[m], space.blocks()[b].site);
                search_spaces::initialise(*module, 10 * b + m);
                library.store(b, m,
                              {m == 0 ? EntryStatus::reference : EntryStatus::trained,
                               0.5,
                               0.1,
                               m == 0
                                   ? training::with_prefix_removed(state, "block" + std::to_string(b) + ".")
                                   : training::state_of(*module),
                               {}});
            }
        }
    }

    static search_spaces::SearchSpace read_space() {
        std::string yaml = "input: [3, 8, 8]\nclasses: 4\nstem: {channels: 8}\nhead: {}\nblocks:\n";
        for (const char* block : {"{name: a, channels: 8, stride: 1", "{name: b, channels: 12, stride: 2",
                                  "{name: c, channels: 12, stride: 1"}) {
            yaml += std::string("  - ") + block +
                    ", choices: [identity: , conv: {width: [0.5, 1]}], reference: conv(width=1)}\n";
        }
        return search_spaces::SearchSpace::read(support::Document::parse(yaml, "s.yaml").root());
    }

    std::vector<std::vector<SwappedQuality>> measure(int workers, bool statistics = false) {
        return swapped_qualities(space, network, library, data.validation, data.normalisation, torch::kCPU,
                                 workers, statistics);
    }

    const support::testing::TemporaryFolder folder;
    const search_spaces::SearchSpace space;
    const BlockLibrary library;
    search_spaces::Network network;
    training::Datasets data;
    training::TensorMap state;
};

TEST_F(SwappedQualityTest, IsThatOfTheReferenceWithOneBlockExchanged) {
    const auto qualities = measure(2);
    const auto whole = training::evaluate(network, data.validation, data.normalisation, torch::kCPU);
    const torch::NoGradGuard no_gradients;
    std::vector<std::int64_t> rows(100);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = static_cast<std::int64_t>(i);
    }
    const auto images = training::make_batch(data.validation, rows, data.normalisation).images;
    const auto maps = network->boundaries(images);
    const auto noise = [](const torch::Tensor& y, const torch::Tensor& f) {
        const auto error = (y - f).to(torch::kDouble).square().mean({0, 2, 3});
        return (error / y.to(torch::kDouble).var({0, 2, 3}, false)).mean().item<double>();
    };
    for (std::size_t b = 0; b < 3; ++b) {
        EXPECT_EQ(qualities[b][0].nsr, 0);
        EXPECT_EQ(qualities[b][0].accuracy_drop, 0);
        for (std::size_t m = 1; m < 3; ++m) {
            std::vector<int> genome(3, 0);
            genome[b] = static_cast<int>(m);
            auto swapped = assemble(space, space.architecture(genome), library, state);
            const auto evaluation =
                training::evaluate(swapped, data.validation, data.normalisation, torch::kCPU);
            const auto others = swapped->boundaries(images);
            const auto& q = qualities[b][m];
            EXPECT_NEAR(q.nsr, noise(maps[b + 1], others[b + 1]), 1e-4 * q.nsr) << b << " " << m;
            EXPECT_NEAR(q.propagated_nsr, noise(maps[3], others[3]), 1e-4 * q.propagated_nsr);
            EXPECT_NEAR(
                q.relative_error,
                ((maps[b + 1] - others[b + 1]).square().sum() / maps[b + 1].square().sum()).item<double>(),
                1e-4 * q.relative_error);
            EXPECT_NEAR(q.accuracy_drop, std::max(0.0, whole.accuracy - evaluation.accuracy), 1e-9);
            EXPECT_NEAR(q.loss_rise, std::max(0.0, evaluation.loss - whole.loss), 1e-4);
        }
        EXPECT_GT(qualities[2][1].nsr, 0);
        EXPECT_EQ(qualities[2][1].nsr, qualities[2][1].propagated_nsr); // nothing comes after the last block
    }
}

TEST_F(SwappedQualityTest, FilterStatisticsAreThoseOfTheChoice) {
    EXPECT_TRUE(std::isnan(measure(1)[1][0].dead_share));
    // Three of the first reference block's filters, eight in each of two layers, never answer.
    auto weights = library.weights(0, 0);
    const torch::NoGradGuard no_gradients;
    weights.at("layer0.first.norm.weight").slice(0, 0, 3).zero_();
    weights.at("layer0.first.norm.bias").slice(0, 0, 3).fill_(-1);
    library.store(0, 0, {EntryStatus::reference, 0, 0.1, weights, {}});
    training::load_state(*network->blocks[0], weights, "weights");
    const auto qualities = measure(2, true);
    EXPECT_DOUBLE_EQ(qualities[0][0].dead_share, 3.0 / 16);
    EXPECT_EQ(qualities[0][0].variance_loss, 0);
    EXPECT_EQ(qualities[0][0].nsr, 0);
    EXPECT_EQ(qualities[0][0].loss_rise, 0);

    std::vector<std::int64_t> rows(100);
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    const auto maps =
        network->boundaries(training::make_batch(data.validation, rows, data.normalisation).images);
    const auto spread = [](const torch::Tensor& map) {
        return map.to(torch::kDouble).var(0, false).mean().item<double>();
    };
    for (std::size_t m = 1; m < 3; ++m) {
        auto choice = search_spaces::build_block(space.blocks()[1].choices[m], space.blocks()[1].site);
        training::load_state(*choice, library.weights(1, m), "weights");
        choice->eval();
        const double expected = std::abs(1 - spread(choice->forward(maps[1])) / spread(maps[2]));
        EXPECT_GT(expected, 1e-3);
        EXPECT_NEAR(qualities[1][m].variance_loss, expected, 1e-4 * expected) << m;
    }
}

TEST_F(SwappedQualityTest, DoesNotDependOnWorkers) {
    const auto one = measure(1), three = measure(3);
    for (std::size_t b = 0; b < 3; ++b) {
        for (std::size_t m = 0; m < 3; ++m) {
            EXPECT_EQ(one[b][m].propagated_nsr, three[b][m].propagated_nsr);
            EXPECT_EQ(one[b][m].loss_rise, three[b][m].loss_rise);
        }
    }
}

TEST_F(SwappedQualityTest, UnusableEntriesHaveNone) {
    library.store(1, 2, {EntryStatus::unusable, std::nan(""), 0.1, {}, {}});
    EXPECT_TRUE(std::isnan(measure(1)[1][2].loss_rise));
    std::filesystem::remove(library.file(0, 1));
    EXPECT_THROW(measure(1), support::RunError);
}

} // namespace
} // namespace tessera::predictors
