#include "predictors/pass_checkpoints.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config.h"
#include "support/error.h"
#include "support/files.h"
#include "tests/training/scratch.h"

namespace tessera::predictors {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

search_spaces::SearchSpace one_block() {
    const auto document = support::Document::parse(R"(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 4, kernel: 3, stride: 1}
  blocks:
    - name: b1
      channels: 4
      stride: 1
      reference: conv(depth=1,kernel=3,width=1)
      choices: [{conv: {depth: 1, kernel: 3, width: [0.5, 1]}}, {identity: {}}]
  head: {}
)");
    return search_spaces::SearchSpace::read(document.root().section("space", ""));
}

class PassCheckpointsTest : public testing::Test {
protected:
    Student student(double rate = 1e-3) const { return {space_, 0, 1, rate, 1, 7}; }
    void learn(Student& student, int steps) const {
        for (int i = 0; i < steps; ++i) {
            torch::manual_seed(static_cast<std::uint64_t>(i));
            const auto x = torch::randn({4, 4, 8, 8}), y = torch::randn({4, 4, 8, 8});
            student.learn(x, y, torch::ones({4}), 1);
        }
    }
    void expect_equal(const Student& a, const Student& b) const {
        const auto expected = a.tensors(), found = b.tensors();
        ASSERT_EQ(expected.size(), found.size());
        for (const auto& [name, tensor] : expected) {
            EXPECT_TRUE(torch::equal(tensor, found.at(name))) << name;
        }
    }
    std::filesystem::path only_file() const {
        return library_.file(0, 1).replace_extension(".pass.safetensors");
    }
    const search_spaces::SearchSpace space_ = one_block();
    const tests::Scratch scratch_;
    const BlockLibrary library_{scratch_.path(), space_, "fingerprint"};
    const PassCheckpoints checkpoints_{library_, space_};
};

TEST_F(PassCheckpointsTest, AStudentGoesOnWithTheSameBits) {
    Student straight = student(), killed = student(), resumed = student();
    learn(straight, 5);
    learn(killed, 5);
    checkpoints_.save(killed, 5);
    const auto standing = checkpoints_.find(0, 1);
    ASSERT_TRUE(standing);
    EXPECT_EQ(standing->step, 5);
    EXPECT_EQ(standing->learning_rate, 1e-3);
    checkpoints_.load(resumed);
    expect_equal(straight, resumed);
    learn(straight, 3);
    learn(resumed, 3);
    expect_equal(straight, resumed);
}

TEST_F(PassCheckpointsTest, BeforeTheFirstStepOnlyTheRateIsKept) {
    checkpoints_.begin(0, 1, 1e-4);
    const auto standing = checkpoints_.find(0, 1);
    ASSERT_TRUE(standing);
    EXPECT_EQ(standing->step, 0);
    EXPECT_EQ(standing->learning_rate, 1e-4);
    checkpoints_.remove(0, 1);
    EXPECT_FALSE(checkpoints_.find(0, 1));
    EXPECT_FALSE(std::filesystem::exists(only_file()));
}

TEST_F(PassCheckpointsTest, WhatIsAnothersOrDamagedIsNotUsed) {
    EXPECT_FALSE(checkpoints_.find(0, 1));
    checkpoints_.save(student(), 3);
    EXPECT_FALSE(checkpoints_.find(0, 2));
    const BlockLibrary other(scratch_.path(), space_, "another fingerprint");
    EXPECT_FALSE(PassCheckpoints(other, space_).find(0, 1));
    std::filesystem::resize_file(only_file(), std::filesystem::file_size(only_file()) - 1);
    EXPECT_FALSE(checkpoints_.find(0, 1));
    checkpoints_.begin(0, 1, 1e-3);
    Student fresh = student();
    EXPECT_THAT([&] { checkpoints_.load(fresh); },
                ThrowsMessage<support::RunError>(HasSubstr("delete it to train this choice")));
}

TEST_F(PassCheckpointsTest, DivergenceIsRememberedAndIsNotMereIgnorance) {
    Student far = student(), begun = student();
    EXPECT_FALSE(begun.diverged(5));
    EXPECT_TRUE(begun.diverged(11)); // above ten times the larger of 1 and where it began, here unknown
    EXPECT_TRUE(begun.diverged(NAN));
    // A loss that begins at hundreds and ends at fifty has learnt, if not enough.
    const auto x = torch::randn({4, 4, 8, 8});
    far.learn(x, 30 * torch::randn({4, 4, 8, 8}), torch::ones({4}), 1);
    EXPECT_FALSE(far.diverged(50));
    EXPECT_TRUE(far.diverged(1e5));
    checkpoints_.save(far, 1);
    Student resumed = student();
    checkpoints_.load(resumed);
    EXPECT_FALSE(resumed.diverged(50));
    far.learn(x, torch::full({4, 4, 8, 8}, INFINITY), torch::ones({4}), 1);
    EXPECT_TRUE(far.diverged(0.5));
    EXPECT_FALSE(far.active());
    checkpoints_.save(far, 2);
    checkpoints_.load(resumed);
    EXPECT_TRUE(resumed.diverged(0.5));
}

} // namespace
} // namespace tessera::predictors
