#include "predictors/block_library.h"

#include <cmath>
#include <filesystem>

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

search_spaces::SearchSpace two_blocks() {
    const auto document = support::Document::parse(R"YAML(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 4, kernel: 3, stride: 1}
  blocks:
    - {name: b1, channels: 4, stride: 1, reference: &r "conv(depth=1,kernel=3,width=1)", choices: [&c {conv: {depth: 1, kernel: 3, width: 1}}, {identity: {}}]}
    - {name: b2, channels: 8, stride: 2, reference: *r, choices: [*c]}
  head: {}
)YAML");
    return search_spaces::SearchSpace::read(document.root().section("space", ""));
}

class QualityTable : public testing::Test {
protected:
    std::vector<std::vector<double>> read(const std::string& rows) {
        support::write_atomically(file_, "block,choice,nsr\n" + rows);
        return read_quality(file_, space_);
    }
    void refuse(const std::string& rows, const std::string& why) {
        EXPECT_THAT([&] { read(rows); }, ThrowsMessage<support::RunError>(HasSubstr("library.csv: " + why)));
    }
    const search_spaces::SearchSpace space_ = two_blocks();
    const tests::Scratch scratch_;
    const std::filesystem::path file_ = scratch_.path() / "library.csv";
    const std::string first_ = "b1,\"conv(depth=1,kernel=3,width=1)\",0\n", second_ = "b1,identity,0.25\n",
                      third_ = "b2,\"conv(depth=1,kernel=3,width=1)\",nan\n";
};

TEST_F(QualityTable, IsReadInTheOrderOfTheSpace) {
    const auto quality = read(third_ + second_ + first_);
    ASSERT_EQ(quality.size(), 2U);
    EXPECT_EQ(quality[0], (std::vector<double>{0, 0.25}));
    ASSERT_EQ(quality[1].size(), 1U);
    EXPECT_TRUE(std::isnan(quality[1][0]));
}

TEST_F(QualityTable, OfAnotherSpaceIsRefusedWithTheRow) {
    refuse(first_ + second_, "no row for block b2 and choice conv(depth=1,kernel=3,width=1)");
    refuse(first_ + second_ + "b2,identity,1\n" + third_,
           "row 3: the space has no block b2 with choice identity");
    refuse(first_ + second_ + third_ + "b9,identity,1\n", "row 4: the space has no block b9");
    refuse(first_ + second_ + second_ + third_, "row 3: block b1 and choice identity are in row 2 already");
    refuse(first_ + "b1,identity,much\n" + third_, "row 2: nsr");
    refuse(first_ + "b1,identity,-3\n" + third_, "row 2: nsr is -3, not a number from 0");
    refuse(first_ + "b1,identity,inf\n" + third_, "row 2: nsr is inf");
}

TEST_F(QualityTable, HasTheRiseOfTheLossOrNot) {
    const std::string conv = "\"conv(depth=1,kernel=3,width=1)\"";
    support::write_atomically(file_, "block,choice,nsr,loss_rise,other\nb1," + conv +
                                         ",0,0,0\nb1,identity,0.25,1.5,2\nb2," + conv + ",nan,nan,nan\n");
    const auto both = read_qualities(file_, space_);
    EXPECT_EQ(both[0][1].nsr, 0.25);
    EXPECT_EQ(both[0][1].loss_rise, 1.5);
    EXPECT_FALSE(both[1][0].finite());
    const auto noise = read_qualities(file_, space_, {"nsr"});
    EXPECT_EQ(noise[0][1].nsr, 0.25);
    EXPECT_FALSE(noise[0][1].loss_rise.has_value());
    const auto others = read_qualities(file_, space_, {"other", "nsr"});
    EXPECT_EQ(others[0][1].nsr, 2);
    EXPECT_EQ(others[0][1].loss_rise, 0.25);
    EXPECT_THROW(read_qualities(file_, space_, {"nsr", "rise"}), support::RunError);
    read(first_ + second_ + third_); // of an earlier version: nsr alone
    EXPECT_FALSE(read_qualities(file_, space_)[0][1].loss_rise.has_value());
    EXPECT_TRUE(read_qualities(file_, space_)[0][1].finite());
}

} // namespace
} // namespace tessera::predictors
