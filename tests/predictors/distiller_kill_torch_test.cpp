// A shared pass that is killed: what is done stays, and the end is the same.
#include <filesystem>

#include "predictors/pass_checkpoints.h"
#include "tests/predictors/distilling.h"

namespace tessera::predictors {
namespace {

using DistillerKillTest = DistillerTest;

TEST_F(DistillerKillTest, AKillBetweenTwoEntriesCostsNoTraining) {
    const SearchSpace space = all_choices();
    const auto straight = distilled("straight", space, 2);
    BlockLibrary library(folder_ / "killed", space, "fingerprint");
    killed_at(library.file(1, 1), "killed", space);
    EXPECT_TRUE(library.has(0, 1));
    EXPECT_FALSE(library.has(1, 2));
    DistilReport report;
    distilled("killed", space, 3, &report);
    EXPECT_EQ(report.skipped, 4);
    EXPECT_EQ(report.student_steps, 0);
    expect_same(straight, library, space);
}

TEST_F(DistillerKillTest, AKillWithinACheckpointIsMadeGoodInOtherGroups) {
    const SearchSpace space = all_choices();
    const auto straight = distilled("straight", space, 2);
    BlockLibrary library(folder_ / "killed", space, "fingerprint");
    options_.checkpoint_seconds = 0;
    killed_at(checkpoint_of(library, 1, 1), "killed", space);
    EXPECT_EQ(checkpoints_in(library), 4U); // after one step of ten
    std::filesystem::copy(library.folder(), folder_ / "tight", std::filesystem::copy_options::recursive);
    DistilReport report;
    distilled("killed", space, 3, &report);
    EXPECT_EQ(report.groups, 2); // those that have made a step and those that have not
    EXPECT_EQ(report.student_steps, 4 * 9 + 4 * 10);
    expect_same(straight, library, space);
    options_.memory_mb = 1;
    options_.checkpoint_seconds = 1e9;
    expect_same(straight, distilled("tight", space, 1, &report), space);
    EXPECT_EQ(report.groups, 8);
    EXPECT_EQ(report.student_steps, 4 * 9 + 4 * 10);
}

TEST_F(DistillerKillTest, AKillInTheSecondTryDoesNotRepeatTheFirst) {
    const SearchSpace space = few_choices();
    options_.clip = 0;
    // A rate that is far too large, a tenth of which is not.
    DistilReport report;
    double tenth = 0;
    for (double rate = 96; tenth == 0 && rate < 1e4; rate *= 2) {
        options_.learning_rate = rate;
        std::filesystem::remove_all(folder_ / "straight");
        const auto entry = distilled("straight", space, 2, &report).entry(0, 1);
        tenth = entry.status == EntryStatus::trained && entry.learning_rate < rate ? entry.learning_rate : 0;
    }
    ASSERT_GT(tenth, 0);
    ASSERT_GT(report.student_steps, 40);
    const BlockLibrary straight(folder_ / "straight", space, "fingerprint");

    BlockLibrary after(folder_ / "after", space, "fingerprint"); // its second try is over
    killed_at(after.file(0, 1), "after", space);
    distilled("after", space, 2, &report);
    EXPECT_LE(report.student_steps, 30); // of others that had to be tried again
    expect_same(straight, after, space);

    std::filesystem::copy(straight.folder(), folder_ / "before", std::filesystem::copy_options::recursive);
    BlockLibrary before(folder_ / "before", space, "fingerprint"); // the second try has not begun
    std::filesystem::remove(before.file(0, 1));
    PassCheckpoints(before, space).begin(0, 1, tenth);
    distilled("before", space, 2, &report);
    EXPECT_EQ(report.student_steps, 10);
    expect_same(straight, before, space);
}

} // namespace
} // namespace tessera::predictors
