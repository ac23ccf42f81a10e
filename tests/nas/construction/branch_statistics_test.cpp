#include "nas/construction/branch_statistics.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"

namespace tessera::nas::construction {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string head = "stage,cell,branch,mean_square,variance,dead_share,images\n";

std::string refusal(const std::string& text) {
    try {
        parse_statistics_csv(support::parse_csv(text, "s.csv"), "s.csv");
    } catch (const support::RunError& error) { return error.what(); }
    return "";
}

std::string skip_refusal(const std::string& text) {
    try {
        parse_skips_csv(support::parse_csv(text, "k.csv"), "k.csv");
    } catch (const support::RunError& error) { return error.what(); }
    return "";
}

TEST(BranchStatistics, GoThereAndBackToTheBit) {
    const double nan = std::nan("");
    const std::vector<BranchStatistic> statistics = {{0, 0, Operator::conv1, 0.1, 1.0 / 3, 0.25, 500000},
                                                     {0, 1, Operator::separable7, nan, HUGE_VAL, nan, 0},
                                                     {11, 6, Operator::conv5, 1e-300, 0, 1, 7}};
    const std::string text = statistics_csv(statistics).text();
    EXPECT_EQ(text, head + "0,0,1x1,0.1,0.3333333333333333,0.25,500000\n"
                           "0,1,7x7sep,nan,inf,nan,0\n"
                           "11,6,5x5,1e-300,0,1,7\n");
    const auto read = parse_statistics_csv(support::parse_csv(text, "s.csv"), "s.csv");
    ASSERT_EQ(read.size(), 3u);
    EXPECT_EQ(read[0].variance, 1.0 / 3);
    EXPECT_TRUE(std::isnan(read[1].mean_square));
    EXPECT_EQ(read[1].variance, HUGE_VAL);
    EXPECT_EQ(read[2].stage, 11);
    EXPECT_EQ(read[2].branch, Operator::conv5);
    EXPECT_EQ(statistics_csv(read).text(), text);
}

TEST(BranchStatistics, ColumnsMayStandInAnyOrder) {
    const auto read = parse_statistics_csv(
        support::parse_csv("images,dead_share,variance,mean_square,branch,cell,stage\n9,0,2,1,3x3,5,4\n",
                           "s.csv"),
        "s.csv");
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read[0].stage, 4);
    EXPECT_EQ(read[0].cell, 5);
    EXPECT_EQ(read[0].mean_square, 1);
    EXPECT_EQ(read[0].images, 9);
}

TEST(BranchStatistics, RefusesWithFileAndLine) {
    EXPECT_EQ(refusal(head), "");
    EXPECT_THAT(refusal("stage,cell,branch,mean_square,variance,images\n"), HasSubstr("dead_share"));
    EXPECT_THAT(refusal("stage,cell,branch,mean_square,variance,dead_share,images,more\n"),
                HasSubstr("s.csv: the columns of this table are stage, cell, branch"));
    EXPECT_EQ(refusal(head + "0,0,1x1,1,1,0,9\n0,0,3x3spe,1,1,0,9\n"),
              "s.csv:3: '3x3spe' is no branch; did you mean '3x3sep'?");
    EXPECT_THAT(refusal(head + "0,0,1x1,big,1,0,9\n"), StartsWith("s.csv:2: mean_square: expected a number"));
    EXPECT_THAT(refusal(head + "0,0,1x1,-1,1,0,9\n"),
                HasSubstr("s.csv:2: a mean square or variance is not negative"));
    EXPECT_THAT(refusal(head + "0,0,1x1,1,1,1.5,9\n"),
                HasSubstr("s.csv:2: dead_share is from 0 to 1, not 1.5"));
    EXPECT_THAT(refusal(head + "0.5,0,1x1,1,1,0,9\n"), HasSubstr("stage is a whole number"));
    EXPECT_THAT(refusal(head + "0,-1,1x1,1,1,0,9\n"), HasSubstr("cell is a whole number"));
    EXPECT_THAT(refusal(head + "0,nan,1x1,1,1,0,9\n"), HasSubstr("cell is a whole number"));
    EXPECT_THAT(refusal(head + "0,0,1x1,1,1,0,inf\n"), HasSubstr("images is a whole number"));
    EXPECT_EQ(refusal(head + "2,1,1x1,1,1,0,9\n2,1,1x1,1,1,0,9\n"),
              "s.csv:3: stage 2, cell 1, 1x1 is listed twice");
}

TEST(SkipScalars, GoThereAndBackAndAreRefused) {
    const std::string text = "entry,source,scalar\n3,1,0.5125\n7,2,-1e-05\n7,4,nan\n";
    const auto read = parse_skips_csv(support::parse_csv(text, "k.csv"), "k.csv");
    ASSERT_EQ(read.size(), 3u);
    EXPECT_EQ(read[1].entry, 7);
    EXPECT_EQ(read[1].source, 2);
    EXPECT_EQ(read[1].scalar, -1e-5);
    EXPECT_EQ(skips_csv(read).text(), text);
    EXPECT_EQ(skip_refusal("entry,source,scalar\n3,1,1\n3,1,2\n"),
              "k.csv:3: the skip from entry 1 to entry 3 is listed twice");
    EXPECT_THAT(skip_refusal("entry,source,scalar\n3,1.5,1\n"),
                HasSubstr("k.csv:2: source is a whole number"));
}

} // namespace
} // namespace tessera::nas::construction
