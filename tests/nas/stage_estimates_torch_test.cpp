#include "nas/stage_estimates.h"

#include <gtest/gtest.h>

namespace tessera::nas {
namespace {

Configuration configuration() {
    return Configuration::read(support::Document::parse(R"(
threads: 1
data: {synthetic: {train: 1000, test: 100, classes: 4, size: 8}}
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 8}
  blocks:
    - {name: a, channels: 8, choices: [conv: {width: [0.5, 1]}, identity: {}]}
    - {name: b, channels: 8, choices: [conv: {width: [0.5, 1]}, identity: {}]}
teach: {epochs: 4}
distil: {batch: 50, learning_rate: 0.001}
sample: {count: 5}
finetune: {pick: [knee, "spread:3"]}
)",
                                                        "test"));
}

class StageEstimates : public ::testing::Test {
protected:
    StageEstimates() {
        speed.teach_step = speed.tune_step = 1e-3;
        speed.teach_forward = speed.tune_forward = speed.single_forward = 1e-4;
        speed.student_step = {{1e-3, 1e-3, 1e-3}, {1e-3, 1e-3, 1e-3}};
        speed.student_forward = {{1e-5, 1e-5, 1e-5}, {1e-5, 1e-5, 1e-5}};
        speed.student_bytes = {{1000, 1000, 1000}, {1000, 1000, 1000}};
    }
    StageEstimate of(const std::string& stage, const Standing& standing = {}) const {
        return estimate_stages(config, speed, {900, 100, 100}, standing).at(stage);
    }
    const Configuration config = configuration();
    Speed speed;
};

TEST_F(StageEstimates, EpochsOfTheReferenceAreSubtracted) {
    Standing standing;
    standing.taught = 0.75;
    EXPECT_DOUBLE_EQ(of("teach", standing).seconds, of("teach").seconds / 4);
    EXPECT_DOUBLE_EQ(of("distil", standing).seconds, of("distil").seconds);
}

TEST_F(StageEstimates, ChoicesInTheLibraryAreSubtracted) {
    Standing all, half, one;
    all.distilled = {{1, 1, 1}, {1, 1, 1}};
    one.distilled = {{1, 1, 1}, {1, 1, 0}};
    half.distilled = {{1, 0.5, 0.5}, {1, 0.5, 0.5}};
    const StageEstimate whole = of("distil");
    EXPECT_LT(of("distil", all).seconds, 0.1 * whole.seconds); // the calibration is done again
    EXPECT_EQ(of("distil", all).disk_bytes, 0);
    EXPECT_GT(of("distil", one).seconds, of("distil", all).seconds);
    EXPECT_LT(of("distil", one).seconds, 0.5 * whole.seconds);
    EXPECT_EQ(of("distil", half).disk_bytes, whole.disk_bytes) << "their entries are still to be stored";
    EXPECT_LT(of("distil", half).seconds, 0.6 * whole.seconds);
    EXPECT_GT(of("distil", half).seconds, 0.2 * whole.seconds);
}

TEST_F(StageEstimates, FineTunedNetworksAreSubtracted) {
    Standing standing;
    standing.samples = TuningProgress{5, 5, 0};
    EXPECT_EQ(of("sample", standing).seconds, 0);
    standing.samples = TuningProgress{5, 3, 0.5};
    EXPECT_DOUBLE_EQ(of("sample", standing).seconds, of("sample").seconds * 1.5 / 5);
    standing.models = TuningProgress{4, 3, 0};
    EXPECT_LT(of("finetune", standing).seconds, of("finetune").seconds);
    EXPECT_EQ(of("finetune", standing).disk_bytes, of("finetune").disk_bytes / 4);
    EXPECT_GT(of("finetune", standing).seconds, 0);
}

} // namespace
} // namespace tessera::nas
