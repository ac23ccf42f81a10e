// A signal in the middle of an epoch, in a process of its own: the flag that a signal leaves cannot be taken
// back.
#include <csignal>
#include <cstdlib>

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

TEST(InterruptDeathTest, ResumingGoesOnWithinTheInterruptedEpoch) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // The second process runs this test from its beginning: the folder's name has to be the same there.
    const auto folder = std::filesystem::temp_directory_path() / "tessera-interrupt-test";
    const auto checkpoint = folder / "checkpoint.safetensors";
    EXPECT_EXIT(train_until_signal(checkpoint), ::testing::ExitedWithCode(143), "");

    TrainContext context;
    search_spaces::Network straight = tests::tiny_network(5), resumed = tests::tiny_network(5);
    const TrainResult whole = train(straight, tests::tiny_data(), options(), context);
    ASSERT_TRUE(std::filesystem::exists(checkpoint));
    context.checkpoint = checkpoint;
    EXPECT_THAT(read_safetensors(checkpoint).metadata.at("open"), ::testing::HasSubstr(R"("steps":1)"));
    const TrainResult result = train(resumed, tests::tiny_data(), options(), context);
    ASSERT_EQ(result.history.size(), 3);
    EXPECT_EQ(result.history[2].train_loss, whole.history[2].train_loss);
    EXPECT_EQ(result.history[2].train_accuracy, whole.history[2].train_accuracy);
    const TensorMap expected = state_of(*straight);
    for (const auto& [name, tensor] : state_of(*resumed)) {
        EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
    }
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace tessera::training
