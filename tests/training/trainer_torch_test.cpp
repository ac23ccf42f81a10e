#include "training/trainer.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/training/scratch.h"
#include "tests/training/tiny.h"
#include "training/checkpoint.h"
#include "training/losses.h"
#include "training/state.h"

namespace tessera::training {
namespace {

using search_spaces::Network;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::tiny_data;
using tests::tiny_network;

TrainOptions tiny_options() {
    TrainOptions options;
    options.epochs = 4;
    options.batch = 24;
    options.optimizer.learning_rate = 0.05;
    options.augment.pad = 1;
    return options;
}

bool same(const TensorMap& a, const TensorMap& b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (const auto& [name, tensor] : a) {
        if (!torch::equal(tensor, b.at(name))) {
            return false;
        }
    }
    return true;
}

/// The weights after a training that starts from the same network every time.
TensorMap trained(const TrainOptions& options, const TrainContext& context) {
    Network network = tiny_network(5);
    train(network, tiny_data(), options, context);
    return state_of(*network);
}

template <class Exception>
std::string message_of(const std::function<void()>& body) {
    try {
        body();
    } catch (const Exception& error) { return error.what(); }
    return "no such exception";
}

TEST(Trainer, Learns) {
    Network network = tiny_network(5);
    const Datasets data = tiny_data();
    const double before = evaluate(network, data.validation, data.normalisation, torch::kCPU).accuracy;
    TrainOptions options = tiny_options();
    options.epochs = 8;
    const TrainResult result = train(network, data, options, {});
    ASSERT_EQ(result.history.size(), 8);
    EXPECT_LT(before, 0.7);
    EXPECT_GT(result.validation_accuracy, 0.9);
    EXPECT_LT(result.history.back().train_loss, 0.5 * result.history.front().train_loss);
    EXPECT_EQ(result.history[2].epoch, 3);
    EXPECT_EQ(result.history.back().validation_accuracy, result.validation_accuracy);
    EXPECT_FALSE(network->is_training());
    const Evaluation after = evaluate(network, data.validation, data.normalisation, torch::kCPU);
    EXPECT_EQ(after.accuracy, result.validation_accuracy);
    EXPECT_EQ(after.loss, result.history.back().validation_loss);
}

TEST(Trainer, ASeedFixesEveryBit) {
    TrainContext context;
    context.seed = 11;
    const TensorMap first = trained(tiny_options(), context);
    torch::rand({7}); // nothing depends on the global generator
    EXPECT_TRUE(same(first, trained(tiny_options(), context)));
    context.seed = 12;
    EXPECT_FALSE(same(first, trained(tiny_options(), context)));
}

class Resuming : public ::testing::Test {
protected:
    Resuming() {
        context_.seed = 3;
        context_.checkpoint = scratch_.path() / "checkpoint.safetensors";
        context_.fingerprint = "space and data";
        options_.ema = 0.9;
        options_.optimizer.kind = OptimizerKind::adamw;
        options_.optimizer.learning_rate = 0.01;
    }
    /// Stops after `epochs` of them, as a killed process would.
    void stop_after(std::int64_t epochs) {
        std::filesystem::remove(context_.checkpoint);
        TrainContext context = context_;
        context.after_epoch = [&](const std::vector<EpochMetrics>& so_far) {
            if (static_cast<std::int64_t>(so_far.size()) == epochs) {
                throw std::runtime_error("killed");
            }
        };
        EXPECT_EQ(message_of<std::runtime_error>([&] { trained(options_, context); }), "killed");
    }
    TensorMap uninterrupted() {
        TrainContext context = context_;
        context.checkpoint.clear();
        return trained(options_, context);
    }

    tests::Scratch scratch_;
    TrainContext context_;
    TrainOptions options_ = tiny_options();
};

TEST_F(Resuming, GivesTheBitsOfTheUninterruptedTraining) {
    Network straight = tiny_network(5);
    TrainContext unstored = context_;
    unstored.checkpoint.clear();
    const TrainResult expected = train(straight, tiny_data(), options_, unstored);
    for (const std::int64_t epochs : {1, 3, 4}) {
        stop_after(epochs);
        Network resumed = tiny_network(99); // its first weights do not matter
        const TrainResult result = train(resumed, tiny_data(), options_, context_);
        EXPECT_TRUE(same(state_of(*straight), state_of(*resumed))) << "stopped after epoch " << epochs;
        ASSERT_EQ(result.history.size(), 4);
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_EQ(result.history[i].train_loss, expected.history[i].train_loss);
            EXPECT_EQ(result.history[i].validation_loss, expected.history[i].validation_loss);
            EXPECT_EQ(result.history[i].learning_rate, expected.history[i].learning_rate);
        }
        EXPECT_EQ(result.validation_accuracy, expected.validation_accuracy);
    }
}

TEST_F(Resuming, ACheckpointOfSomethingElseIsIgnored) {
    stop_after(2);
    context_.fingerprint = "other data";
    EXPECT_TRUE(same(trained(options_, context_), uninterrupted()));
    context_.fingerprint = "space and data";
    stop_after(2);
    options_.epochs = 3; // another schedule from the first step on
    EXPECT_TRUE(same(trained(options_, context_), uninterrupted()));
}

TEST_F(Resuming, ADamagedCheckpointIsIgnored) {
    const TensorMap expected = uninterrupted();
    stop_after(2);
    std::filesystem::resize_file(context_.checkpoint, std::filesystem::file_size(context_.checkpoint) - 9);
    EXPECT_TRUE(same(trained(options_, context_), expected));

    stop_after(2); // a whole file that lacks a part: nothing of it may be used
    SafetensorsFile file = read_safetensors(context_.checkpoint);
    ASSERT_EQ(file.tensors.erase("optimizer.steps"), 1);
    write_safetensors(context_.checkpoint, file.tensors, file.metadata);
    EXPECT_TRUE(same(trained(options_, context_), expected));

    stop_after(2); // one bit of the weights
    {
        std::fstream bytes(context_.checkpoint, std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekg(-50, std::ios::end);
        const auto byte = static_cast<char>(bytes.get() ^ 1);
        bytes.seekp(-50, std::ios::end);
        bytes.put(byte);
    }
    EXPECT_TRUE(same(trained(options_, context_), expected));

    std::ofstream(context_.checkpoint) << "not a checkpoint at all";
    EXPECT_TRUE(same(trained(options_, context_), expected));
}

TEST_F(Resuming, AnIncompleteBatchWaitsUnlessThereIsNoOther) {
    const auto steps = [&](std::int64_t batch, std::int64_t limit) {
        options_.epochs = 2;
        options_.batch = batch;
        options_.train_limit = limit;
        std::filesystem::remove(context_.checkpoint);
        trained(options_, context_);
        return read_safetensors(context_.checkpoint).tensors.at("optimizer.steps").item<std::int64_t>();
    };
    EXPECT_EQ(steps(24, 0), 8); // 100 images: 4 batches an epoch
    EXPECT_EQ(steps(128, 0), 2);
    EXPECT_EQ(steps(24, 50), 4);
}

TEST(Trainer, ATeacherIsImitated) {
    const Datasets data = tiny_data();
    Network teacher = tiny_network(1);
    train(teacher, data, tiny_options(), {});
    TrainOptions options = tiny_options();
    options.distillation_weight = 1;
    options.temperature = 2;
    TrainContext context;
    context.teacher = teacher;
    Network student = tiny_network(2);
    const torch::Tensor images =
        make_batch(data.validation, epoch_order(50, 1, 1), data.normalisation).images;
    const auto divergence = [&] {
        const torch::NoGradGuard no_grad;
        student->eval();
        return distillation_loss(student->forward(images), teacher->forward(images), 2).item<double>();
    };
    const TensorMap before = state_of(*teacher);
    const double first = divergence();
    train(student, data, options, context);
    EXPECT_LT(divergence(), 0.5 * first);
    EXPECT_TRUE(same(state_of(*teacher), before));
}

TEST(Trainer, ATeacherIsNeededForDistillation) {
    TrainOptions options = tiny_options();
    options.distillation_weight = 0.5;
    EXPECT_EQ(message_of<support::UsageError>([&] { trained(options, {}); }),
              "teach: teach.distillation_weight is 0.5, but there is no teacher");
    TrainContext context;
    context.teacher = tiny_network(1); // still in training mode
    EXPECT_THROW(trained(options, context), std::logic_error);
}

TEST(Trainer, ALossThatIsNotFiniteSaysWhere) {
    TrainOptions options = tiny_options();
    options.schedule.warmup = 0;
    options.optimizer.learning_rate = 1e38;
    TrainContext context;
    context.label = "finetune";
    const std::string message = message_of<support::RunError>([&] { trained(options, context); });
    EXPECT_THAT(message, StartsWith("finetune: the loss is not finite in epoch 1, step "));
    EXPECT_THAT(message, HasSubstr("; lower learning_rate or set clip"));
}

TEST(Trainer, ZeroEpochsEvaluateAlone) {
    Network network = tiny_network(5);
    const TensorMap before = state_of(*network);
    TrainOptions options = tiny_options();
    options.epochs = 0;
    const TrainResult result = train(network, tiny_data(), options, {});
    EXPECT_TRUE(result.history.empty());
    EXPECT_TRUE(same(state_of(*network), before));
    const Datasets data = tiny_data();
    EXPECT_EQ(result.validation_accuracy,
              evaluate(network, data.validation, data.normalisation, torch::kCPU).accuracy);
}

TEST(Trainer, WithoutValidationImagesTheMetricsAreUnknown) {
    Datasets data = tiny_data();
    data.validation = {};
    Network network = tiny_network(5);
    EXPECT_TRUE(std::isnan(train(network, data, tiny_options(), {}).validation_accuracy));
}

TEST(Trainer, ValidatesAsSeldomAsIsAsked) {
    const Datasets data = tiny_data();
    const std::int64_t steps = data.train.size() / tiny_options().batch; // of an epoch
    TrainContext context;
    const auto validated = [&](std::int64_t every) {
        context.validate_every = every;
        Network network = tiny_network(5);
        std::vector<std::int64_t> epochs;
        for (const EpochMetrics& m : train(network, data, tiny_options(), context).history) {
            EXPECT_EQ(std::isnan(m.validation_accuracy), std::isnan(m.validation_loss));
            if (!std::isnan(m.validation_accuracy)) {
                epochs.push_back(m.epoch);
            }
        }
        return epochs;
    };
    EXPECT_THAT(validated(1), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(validated(2 * steps), ElementsAre(2, 4));
    EXPECT_THAT(validated(3 * steps), ElementsAre(3, 4)); // after the last in any case
    EXPECT_THAT(validated(1000 * steps), ElementsAre(4));
}

/// Has seen enough after so many steps.
struct Watch final : TrainingObserver {
    explicit Watch(std::int64_t steps) : wanted(steps) {}
    void before_step(std::int64_t) override {}
    void after_step(std::int64_t done) override { seen = done; }
    bool enough() const override { return seen >= wanted; }
    bool makes_do() const override { return modest; }
    TensorMap state() const override { return {}; }
    void load(const TensorMap&, const std::string&) override {}

    std::int64_t wanted, seen = 0;
    bool modest = false;
};

TEST(Trainer, TheHistoryHasTheEpochInWhichAnObserverHasSeenEnough) {
    const Datasets data = tiny_data();
    const std::int64_t steps = data.train.size() / tiny_options().batch;
    ASSERT_GT(steps, 1);
    Network whole = tiny_network(5);
    const auto expected = train(whole, data, tiny_options(), {});
    for (const std::int64_t wanted : {std::int64_t{1}, steps, steps + 1}) {
        Watch watch(wanted);
        TrainContext context;
        context.observer = &watch;
        Network network = tiny_network(5);
        const auto result = train(network, data, tiny_options(), context);
        EXPECT_EQ(watch.seen, wanted);
        ASSERT_EQ(result.history.size(), wanted > steps ? 2U : 1U);
        const EpochMetrics& last = result.history.back();
        EXPECT_EQ(last.epoch, wanted > steps ? 2 : 1);
        EXPECT_TRUE(std::isfinite(last.train_loss));
        EXPECT_EQ(std::isnan(last.validation_accuracy), wanted % steps != 0); // of whole epochs
        if (wanted >= steps) {
            EXPECT_EQ(result.history[0].train_loss, expected.history[0].train_loss);
            EXPECT_EQ(result.history[0].train_accuracy, expected.history[0].train_accuracy);
        }
    }
}

TEST(Trainer, AnObserverMayMakeDoWithWhatItSawBeforeTheLossWasNotFinite) {
    TrainOptions options = tiny_options();
    options.schedule.warmup = 0;
    options.optimizer.learning_rate = 1e38;
    Watch watch(1000);
    TrainContext context;
    context.observer = &watch;
    EXPECT_THROW(trained(options, context), support::RunError);
    watch.modest = true;
    watch.seen = 0;
    Network network = tiny_network(5);
    const TrainResult result = train(network, tiny_data(), options, context);
    EXPECT_TRUE(result.diverged);
    EXPECT_GE(watch.seen, 1);
    EXPECT_LT(watch.seen, 10);
    EXPECT_TRUE(std::isnan(result.validation_accuracy));
    EXPECT_FALSE(network->is_training());

    // It may show only in the weights that the last step left.
    options.optimizer.learning_rate = 1e30;
    options.optimizer.weight_decay = 1e10;
    Watch last(1);
    last.modest = true;
    context.observer = &last;
    Network other = tiny_network(5);
    EXPECT_TRUE(train(other, tiny_data(), options, context).diverged);
    EXPECT_EQ(last.seen, last.wanted);
}

TEST(Trainer, TooFewImagesAreRefused) {
    Datasets data = tiny_data();
    data.train = data.train.subset({0});
    Network network = tiny_network(5);
    EXPECT_THROW(train(network, data, tiny_options(), {}), support::RunError);
}

TEST(Trainer, AutocastDoesNothingOnTheCpu) {
    TrainOptions options = tiny_options();
    const TensorMap expected = trained(options, {});
    options.autocast = true;
    EXPECT_TRUE(same(trained(options, {}), expected));
}

} // namespace
} // namespace tessera::training
