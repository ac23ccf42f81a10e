#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/support/helpers.h"
#include "training/losses.h"
#include "training/trainer.h"

namespace tessera::training {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;
using torch::Tensor;

Tensor depths(std::initializer_list<double> values, std::int64_t images) {
    return torch::tensor(std::vector<double>(values), torch::kFloat64).view({images, 1, 1, -1});
}

TEST(ScaleInvariantLogLoss, ByHand) {
    const double e = std::exp(1.0);
    // Differences of logarithms 1 and 3; 1 and 1; 1 and -1.
    const Tensor truth = depths({1, 1, 1, 1, 1, 1}, 3), found = depths({e, e * e * e, e, e, e, 1 / e}, 3);
    const Tensor losses = scale_invariant_log_loss(found, truth);
    EXPECT_EQ(losses.sizes(), std::vector<std::int64_t>{3});
    EXPECT_NEAR(losses[0].item<double>(), 5 - 0.5 * 4, 1e-12);
    EXPECT_NEAR(losses[1].item<double>(), 0.5, 1e-12); // a wrong scale alone
    EXPECT_NEAR(losses[2].item<double>(), 1, 1e-12);   // as much, but not of the scale
    EXPECT_EQ(scale_invariant_log_loss(truth * 7, truth * 7).sum().item<double>(), 0);
    EXPECT_TRUE(torch::allclose(scale_invariant_log_loss(found * 3, truth * 3), losses)); // whatever the unit
}

TEST(ScaleInvariantLogLoss, ItsGradient) {
    const Tensor truth = depths({1, 2, 4}, 1);
    Tensor found = depths({2, 2, 2}, 1).requires_grad_();
    scale_invariant_log_loss(found, truth).sum().backward();
    // d = log 2, 0, -log 2: mean 0, so 2 d / (3 depth).
    const double step = 2 * std::log(2.0) / 6;
    EXPECT_TRUE(torch::allclose(found.grad(), depths({step, 0, -step}, 1)));
    const Tensor numeric = torch::empty({3}, torch::kFloat64);
    Tensor other = depths({1.3, 0.7, 5}, 1);
    for (std::int64_t i = 0; i < 3; ++i) {
        const auto at = [&](double move) {
            Tensor moved = other.clone();
            moved.view({3})[i] += move;
            return scale_invariant_log_loss(moved, truth).item<double>();
        };
        numeric[i] = (at(1e-6) - at(-1e-6)) / 2e-6;
    }
    other.requires_grad_();
    scale_invariant_log_loss(other, truth).sum().backward();
    EXPECT_TRUE(torch::allclose(other.grad().view({3}), numeric, 1e-5, 1e-8));
}

TEST(DepthTask, HitsAndErrorsByHand) {
    const Task& task = depth_task();
    // Ratios 1, 1.2, 1/1.2, 1.25 (not less), 1.3, 1/2.
    const Tensor truth = depths({1, 1, 1.2, 4, 1, 2}, 2), found = depths({1, 1.2, 1, 5, 1.3, 1}, 2);
    EXPECT_EQ(task.hits(found, truth).item<std::int64_t>(), 3);
    const auto tally = task.tally(Confusions::left_out);
    tally->add(found.slice(0, 0, 1), truth.slice(0, 0, 1));
    tally->add(found.slice(0, 1), truth.slice(0, 1));
    const Evaluation result = tally->result();
    EXPECT_DOUBLE_EQ(result.accuracy, 0.5);
    EXPECT_EQ(result.confusion.classes(), 0);
    ASSERT_TRUE(result.depth.has_value());
    EXPECT_NEAR(result.depth->abs_rel, (0 + 0.2 + 0.2 / 1.2 + 0.25 + 0.3 + 0.5) / 6, 1e-12);
    EXPECT_NEAR(result.depth->rmse, std::sqrt((0.04 + 0.04 + 1 + 0.09 + 1) / 6), 1e-12);
    EXPECT_NEAR(result.loss, scale_invariant_log_loss(found, truth).mean().item<double>(), 1e-12);
    EXPECT_NEAR(task.loss(found, truth, at::Reduction::Sum).item<double>(), 2 * result.loss, 1e-12);
}

TEST(DepthTask, AStudentIsComparedInLogarithms) {
    const double e = std::exp(1.0);
    const Tensor teacher = depths({1, 2, 3, 4}, 2), student = depths({e, 2, 3 / e, 4 * e * e}, 2);
    EXPECT_NEAR(depth_task().imitation(student, teacher, 4).item<double>(), 1, 1e-12); // (1 + 0 + 1 + 2) / 4
}

TEST(DepthTask, TaskOfImages) {
    Dataset data;
    data.labels = torch::zeros({1}, torch::kInt64);
    EXPECT_EQ(task_of(data).accuracy_name(), "accuracy");
    data.targets = torch::ones({1, 1, 2, 3});
    data.images = torch::zeros({1, 3, 2, 3}, torch::kUInt8);
    EXPECT_EQ(task_of(data).accuracy_name(), "delta < 1.25");
    EXPECT_EQ(task_of(data).places(data), 6);
}

class DepthTraining : public ::testing::Test {
protected:
    DepthTraining() {
        DataOptions options;
        options.kind = DatasetKind::synthetic_depth;
        options.synthetic_train = 200;
        options.synthetic_test = 50;
        options.synthetic_size = 16;
        options.validation = 0.25;
        data = load_datasets(options, 3, 16, 16, 1);
        train_options.epochs = 3;
        train_options.batch = 25;
        train_options.augment.pad = 0;
        train_options.optimizer.kind = OptimizerKind::adamw;
        train_options.optimizer.learning_rate = 0.01;
    }
    static search_spaces::SearchSpace space() {
        const auto document = support::Document::parse(R"(
input: [3, 16, 16]
stem: {kind: patch, channels: 16, stride: 4, positions: learned}
blocks:
  - {name: a, channels: 16, choices: [attention: {heads: 2, mlp: 2}]}
head: {kind: depth, norm: layer, channels: 16}
)");
        return search_spaces::SearchSpace::read(document.root());
    }
    static search_spaces::Network network() {
        search_spaces::Network result(space(), space().reference());
        search_spaces::initialise(*result, 1);
        return result;
    }
    Datasets data;
    TrainOptions train_options;
};

TEST_F(DepthTraining, Learns) {
    search_spaces::Network one = network();
    const Evaluation before = evaluate(one, data.validation, data.normalisation, torch::kCPU);
    const TrainResult result = train(one, data, train_options, {});
    const Evaluation after = evaluate(one, data.validation, data.normalisation, torch::kCPU);
    EXPECT_EQ(after.accuracy, result.validation_accuracy);
    EXPECT_LT(after.loss, 0.4 * before.loss);
    EXPECT_GT(after.accuracy, before.accuracy + 0.1);
    EXPECT_LT(after.depth->rmse, before.depth->rmse);
    EXPECT_LT(after.depth->abs_rel, before.depth->abs_rel);
    for (const EpochMetrics& epoch : result.history) {
        EXPECT_GT(epoch.train_accuracy, 0);
        EXPECT_LT(epoch.train_accuracy, 1);
    }
}

TEST_F(DepthTraining, EvaluationHasTheSameBitsForAnyNumberOfThreads) {
    search_spaces::Network one = network();
    torch::set_num_threads(1);
    const Evaluation alone = evaluate(one, data.train, data.normalisation, torch::kCPU);
    torch::set_num_threads(2);
    const Evaluation two = evaluate(one, data.train, data.normalisation, torch::kCPU);
    EXPECT_EQ(alone.loss, two.loss);
    EXPECT_EQ(alone.accuracy, two.accuracy);
    EXPECT_EQ(alone.depth->rmse, two.depth->rmse);
    EXPECT_EQ(alone.depth->abs_rel, two.depth->abs_rel);
}

TEST_F(DepthTraining, ATeacherIsImitated) {
    search_spaces::Network teacher = network(), student = network();
    train(teacher, data, train_options, {});
    train_options.distillation_weight = 1;
    TrainContext context;
    context.teacher = teacher;
    const Datasets without_truth = [&] {
        Datasets changed = data;
        changed.train.targets = torch::ones_like(data.train.targets); // not looked at
        return changed;
    }();
    const auto distance = [&] { // from the teacher's depths
        Dataset images = data.validation;
        const torch::NoGradGuard no_grad;
        std::vector<std::int64_t> rows(static_cast<std::size_t>(images.size()));
        std::iota(rows.begin(), rows.end(), 0);
        const Tensor input = make_batch(images, rows, data.normalisation).images;
        student->eval();
        return depth_task().imitation(student->forward(input), teacher->forward(input), 1).item<double>();
    };
    const double before = distance();
    train(student, without_truth, train_options, context);
    EXPECT_LT(distance(), 0.6 * before);
}

TEST_F(DepthTraining, RefusesChangesThatLeaveNoDepth) {
    search_spaces::Network one = network();
    train_options.augment.pad = 2;
    EXPECT_THAT(message_of([&] { train(one, data, train_options, {}); }),
                HasSubstr("augment.pad: 2: what padding shows has no depth; 0"));
    train_options.augment.pad = 0;
    train_options.augment.random_resized_crop = true;
    EXPECT_THAT(message_of([&] { train(one, data, train_options, {}); }),
                HasSubstr("augment.random_resized_crop: true changes the sizes"));
}

} // namespace
} // namespace tessera::training
