// A signal in the middle of an epoch, in a process of its own: the flag that a signal leaves cannot be taken
// back.
#include <csignal>
#include <cstdlib>

#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "support/interrupt.h"
#include "tests/training/scratch.h"
#include "tests/training/tiny.h"
#include "training/state.h"
#include "training/trainer.h"

namespace tessera::training {
namespace {

TrainOptions options() {
    TrainOptions result;
    result.epochs = 3;
    result.batch = 10;
    result.ema = 0.9;
    result.optimizer.kind = OptimizerKind::adamw;
    return result;
}

/// Trains until SIGTERM comes, which it sends to itself after the second epoch; ends with the signal's exit
/// status.
[[noreturn]] void train_until_signal(const std::filesystem::path& checkpoint) {
    support::install_signal_handlers();
    TrainContext context;
    context.checkpoint = checkpoint;
    context.after_epoch = [](const std::vector<EpochMetrics>& so_far) {
        if (so_far.size() == 2) {
            std::raise(SIGTERM); // remembered; noticed, and stored, after the third epoch's first step
        }
    };
    try {
        search_spaces::Network network = tests::tiny_network(5);
        train(network, tests::tiny_data(), options(), context);
    } catch (const support::Interrupted& interrupted) { std::_Exit(static_cast<int>(interrupted.code())); }
    std::_Exit(0);
}

/// Continues from the checkpoint and compares with a training that was never stopped.
void expect_same_result(const std::filesystem::path& checkpoint, const Datasets& data,
                        const TrainOptions& options) {
    TrainContext context;
    search_spaces::Network straight = tests::tiny_network(5), resumed = tests::tiny_network(5);
    const TrainResult whole = train(straight, data, options, context);
    ASSERT_TRUE(std::filesystem::exists(checkpoint));
    context.checkpoint = checkpoint;
    const TrainResult result = train(resumed, data, options, context);
    ASSERT_EQ(result.history.size(), whole.history.size());
    for (std::size_t i = 0; i < whole.history.size(); ++i) {
        EXPECT_EQ(result.history[i].train_loss, whole.history[i].train_loss);
        EXPECT_EQ(result.history[i].train_accuracy, whole.history[i].train_accuracy);
        EXPECT_EQ(result.history[i].learning_rate, whole.history[i].learning_rate);
        EXPECT_EQ(result.history[i].validation_loss, whole.history[i].validation_loss);
    }
    const TensorMap expected = state_of(*straight);
    for (const auto& [name, tensor] : state_of(*resumed)) {
        EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
    }
}

TEST(InterruptDeathTest, ResumingGoesOnWithinTheInterruptedEpoch) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // The second process runs this test from its beginning: the folder's name has to be the same there.
    const auto folder = std::filesystem::temp_directory_path() / "tessera-interrupt-test";
    const auto checkpoint = folder / "checkpoint.safetensors";
    EXPECT_EXIT(train_until_signal(checkpoint), ::testing::ExitedWithCode(143), "");

    ASSERT_TRUE(std::filesystem::exists(checkpoint));
    EXPECT_THAT(read_safetensors(checkpoint).metadata.at("open"), ::testing::HasSubstr(R"("steps":1)"));
    expect_same_result(checkpoint, tests::tiny_data(), options());
    std::filesystem::remove_all(folder);
}

/// Three batches of validation images.
Datasets validated_at_length() {
    Datasets data = tests::tiny_data();
    data.validation = tests::tiny_images(300, 2);
    return data;
}

/// SIGTERM comes while the first epoch is validated, which the loss without gradients tells.
[[noreturn]] void train_until_signal_in_validation(const std::filesystem::path& checkpoint) {
    support::install_signal_handlers();
    at::addGlobalCallback(at::RecordFunctionCallback([](const at::RecordFunction& call)
                                                         -> std::unique_ptr<at::ObserverContext> {
                              if (std::string_view(call.name()).ends_with("log_softmax") &&
                                  !torch::GradMode::is_enabled()) {
                                  std::raise(SIGTERM);
                              }
                              return nullptr;
                          }).scopes({at::RecordScope::FUNCTION}));
    TrainContext context;
    context.checkpoint = checkpoint;
    try {
        search_spaces::Network network = tests::tiny_network(5);
        train(network, validated_at_length(), options(), context);
    } catch (const support::Interrupted& interrupted) { std::_Exit(static_cast<int>(interrupted.code())); }
    std::_Exit(0);
}

TEST(InterruptDeathTest, ValidationIsInterruptedAndTheEpochIsKept) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto folder = std::filesystem::temp_directory_path() / "tessera-interrupt-validation-test";
    const auto checkpoint = folder / "checkpoint.safetensors";
    std::filesystem::remove_all(folder);
    EXPECT_EXIT(train_until_signal_in_validation(checkpoint), ::testing::ExitedWithCode(143), "");
    ASSERT_TRUE(std::filesystem::exists(checkpoint));
    const auto metadata = read_safetensors(checkpoint).metadata;
    EXPECT_EQ(metadata.at("epoch"), "0");
    EXPECT_THAT(metadata.at("open"), ::testing::HasSubstr(R"("steps":10)"));
    expect_same_result(checkpoint, validated_at_length(), options());
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace tessera::training
