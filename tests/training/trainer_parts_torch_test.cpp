// What surrounds the loop: options, evaluation, the weights' average, checkpoints, histories.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/training/scratch.h"
#include "tests/training/tiny.h"
#include "training/checkpoint.h"
#include "training/layout.h"
#include "training/moving_average.h"
#include "training/state.h"
#include "training/trainer.h"

namespace tessera::training {
namespace {

using ::testing::HasSubstr;

TrainOptions read_options(const std::string& yaml) {
    const auto document = support::Document::parse(yaml);
    support::Section section = document.root();
    TrainOptions options;
    options.read(section);
    section.finish();
    return options;
}

TEST(TrainOptions, AreReadStrictly) {
    const TrainOptions options = read_options(R"(
epochs: 30
batch: 64
ema: 0.999
distillation_weight: 0.5
optimizer: adamw
learning_rate: 0.002
augment: {flip: false, cutout: 4}
)");
    EXPECT_EQ(options.epochs, 30);
    EXPECT_EQ(options.batch, 64);
    EXPECT_EQ(options.ema, 0.999);
    EXPECT_EQ(options.distillation_weight, 0.5);
    EXPECT_EQ(options.optimizer.kind, OptimizerKind::adamw);
    EXPECT_EQ(options.optimizer.learning_rate, 0.002);
    EXPECT_FALSE(options.augment.flip);
    EXPECT_EQ(options.augment.cutout, 4);
    EXPECT_EQ(options.temperature, 1);
    for (const auto* wrong : {"epoch: 3", "epochs: -1", "batch: 1", "learning_rate: 0", "ema: 1",
                              "distillation_weight: 1.5", "optimizer: sdg", "augment: {flop: true}"}) {
        EXPECT_THROW(read_options(wrong), support::UsageError) << wrong;
    }
}

TEST(Evaluate, CountsEveryImageOnce) {
    // 300 images: two whole batches and one that is filled up.
    const Dataset images = tests::tiny_images(300, 4);
    const Normalisation normalisation = tests::tiny_data().normalisation;
    search_spaces::Network network = tests::tiny_network(1);
    const Evaluation evaluation = evaluate(network, images, normalisation, torch::kCPU);
    EXPECT_TRUE(network->is_training()); // as it was

    const torch::NoGradGuard no_grad;
    network->eval();
    std::vector<std::int64_t> all(300);
    std::iota(all.begin(), all.end(), 0);
    const Batch batch = make_batch(images, all, normalisation);
    const torch::Tensor logits = network->forward(batch.images);
    EXPECT_NEAR(evaluation.accuracy,
                (logits.argmax(1) == batch.labels).to(torch::kDouble).mean().item<double>(), 1e-12);
    EXPECT_NEAR(evaluation.loss, torch::nn::functional::cross_entropy(logits, batch.labels).item<double>(),
                1e-6);
}

TEST(Evaluate, TellsWhichClassesAreTakenForWhich) {
    const Dataset images = tests::tiny_images(300, 4);
    const Normalisation normalisation = tests::tiny_data().normalisation;
    search_spaces::Network network = tests::tiny_network(1);
    const Evaluation evaluation = evaluate(network, images, normalisation, torch::kCPU, Confusions::counted);
    const torch::NoGradGuard no_grad;
    network->eval();
    std::vector<std::int64_t> all(300);
    std::iota(all.begin(), all.end(), 0);
    const torch::Tensor guesses = network->forward(make_batch(images, all, normalisation).images).argmax(1);
    ASSERT_EQ(evaluation.confusion.classes(), 3);
    EXPECT_EQ(evaluation.confusion.images(), 300);
    for (std::int64_t truth = 0; truth < 3; ++truth) {
        EXPECT_EQ(evaluation.confusion.images(truth), 100);
        for (std::int64_t predicted = 0; predicted < 3; ++predicted) {
            EXPECT_EQ(evaluation.confusion.count(truth, predicted),
                      ((images.labels == truth) & (guesses == predicted)).sum().item<std::int64_t>());
        }
    }
    EXPECT_DOUBLE_EQ(evaluation.confusion.accuracy(), evaluation.accuracy);
    EXPECT_EQ(evaluate(network, images, normalisation, torch::kCPU).confusion.classes(), 0)
        << "not asked for";
}

TEST(Evaluate, OfNoImagesIsUnknown) {
    search_spaces::Network network = tests::tiny_network(1);
    const Evaluation evaluation = evaluate(network, {}, tests::tiny_data().normalisation, torch::kCPU);
    EXPECT_TRUE(std::isnan(evaluation.accuracy));
    EXPECT_TRUE(std::isnan(evaluation.loss));
    EXPECT_EQ(evaluation.confusion.classes(), 0);
}

TEST(Evaluate, TheNumberOfThreadsDoesNotChangeTheBits) {
    const Dataset images = tests::tiny_images(200, 4);
    search_spaces::Network network = tests::tiny_network(1);
    to_channels_last(*network);
    std::vector<double> losses;
    for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        losses.push_back(evaluate(network, images, tests::tiny_data().normalisation, torch::kCPU).loss);
    }
    EXPECT_EQ(losses[0], losses[1]);
}

TEST(MovingAverage, ByHand) {
    torch::nn::Linear module(torch::nn::LinearOptions(1, 1).bias(false));
    const torch::NoGradGuard no_grad;
    module->weight.fill_(1);
    MovingAverage average(*module, 0.2);
    module->weight.fill_(2);
    average.update(0); // decay 1/10
    EXPECT_FLOAT_EQ(average.state().at("weight").item<float>(), 1.9F);
    module->weight.fill_(4);
    average.update(100); // decay 0.2
    EXPECT_FLOAT_EQ(average.state().at("weight").item<float>(), 0.2F * 1.9F + 0.8F * 4);
    {
        const AveragedWeights averaged(average);
        EXPECT_FLOAT_EQ(module->weight.item<float>(), 3.58F);
    }
    EXPECT_EQ(module->weight.item<float>(), 4);
}

TEST(MovingAverage, BatchNormStatisticsAreAveragedAndCountersAreNot) {
    torch::nn::BatchNorm2d module(2);
    MovingAverage average(*module, 0.5);
    EXPECT_TRUE(average.state().contains("running_var"));
    EXPECT_FALSE(average.state().contains("num_batches_tracked"));
    EXPECT_TRUE(MovingAverage(*module, 0).state().empty());
}

TEST(Checkpoint, ComesBackToTheBit) {
    const tests::Scratch scratch;
    const auto file = scratch.path() / "c.safetensors";
    Checkpoint checkpoint;
    checkpoint.history = {{1, 0.1, 1.0 / 3, 0.25, 0.5, std::numeric_limits<double>::quiet_NaN(), 12.5}};
    checkpoint.tensors["model.w"] = torch::ones({2});
    checkpoint.share = 0.25;
    write_checkpoint(file, "abc", "a", checkpoint);
    const auto back = read_checkpoint(file, "abc");
    ASSERT_TRUE(back.has_value());
    ASSERT_EQ(back->history.size(), 1);
    EXPECT_EQ(back->history[0].train_loss, 1.0 / 3);
    EXPECT_TRUE(std::isnan(back->history[0].validation_loss));
    EXPECT_TRUE(torch::equal(back->tensors.at("model.w"), torch::ones({2})));
    EXPECT_FALSE(read_checkpoint(file, "abd").has_value());
    EXPECT_FALSE(read_checkpoint(scratch.path() / "absent", "abc").has_value());
    EXPECT_FALSE(read_checkpoint({}, "abc").has_value());

    EXPECT_EQ(checkpoint_share(file, "a"), 0.25);
    EXPECT_EQ(checkpoint_share(file, "b"), 0);
    EXPECT_EQ(checkpoint_share(scratch.path() / "absent", "a"), 0);
    std::filesystem::resize_file(file, 20);
    EXPECT_EQ(checkpoint_share(file, "a"), 0);
}

TEST(History, AsTextAndCurve) {
    const std::vector<EpochMetrics> history{{1, 0.1, 2.5, 0.25, 0.5, 1.75, 12.5},
                                            {2, 0.05, 1.5, 0.5, 0.625, 1, 12}};
    EXPECT_EQ(history_csv(history),
              "epoch,learning_rate,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds\n"
              "1,0.1,2.5,0.25,1.75,0.5,12.5\n"
              "2,0.05,1.5,0.5,1,0.625,12\n");
    const std::string svg = history_svg(history, "a < b");
    EXPECT_THAT(svg, HasSubstr("a &lt; b"));
    EXPECT_THAT(svg, HasSubstr("validation"));
}

TEST(Layout, ChannelsLastKeepsValues) {
    torch::nn::Conv2d module(4, 8, 3);
    const TensorMap before = state_of(*module);
    to_channels_last(*module);
    EXPECT_TRUE(module->weight.is_contiguous(torch::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(module->weight.requires_grad());
    EXPECT_TRUE(torch::equal(state_of(*module).at("weight"), before.at("weight")));
}

} // namespace
} // namespace tessera::training
