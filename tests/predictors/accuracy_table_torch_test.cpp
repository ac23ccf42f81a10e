#include "predictors/accuracy_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "support/files.h"
#include "tests/support/helpers.h"

namespace tessera::predictors {
namespace {

using support::RunError;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// Two blocks of three choices, the reference's the last.
search_spaces::SearchSpace space() {
    std::string yaml = "input: [3, 8, 8]\nclasses: 2\nblocks:\n";
    for (const char* name : {"a", "b"}) {
        yaml += std::string("  - {name: ") + name +
                ", channels: 16, choices: [identity: , conv: {kernel: [3, 5]}], reference: conv(kernel=5)}\n";
    }
    return search_spaces::SearchSpace::read(support::Document::parse(yaml, "s.yaml").root());
}

class AccuracyTables : public testing::Test {
protected:
    AccuracyTable read(const std::string& name, const std::string& text, AccuracyTableOptions options = {}) {
        options.file = folder / name;
        support::write_atomically(options.file, text);
        return read_accuracies(options, space());
    }
    void refuse(const std::string& name, const std::string& text, const std::string& why,
                const AccuracyTableOptions& options = {}) {
        EXPECT_THAT([&] { read(name, text, options); }, ThrowsMessage<RunError>(HasSubstr(why))) << text;
    }
    const support::testing::TemporaryFolder folder;
};

TEST_F(AccuracyTables, ReadNetworksAsDigitsAndAsText) {
    const auto table = read("t.csv", "architecture,accuracy\n02,0.5\nconv(kernel=3) | identity,0.25\n");
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_EQ(table.rows[0].genome, (std::vector<int>{1, 0})); // the reference's choice is index 0
    EXPECT_EQ(table.rows[1].genome, (std::vector<int>{2, 1}));
    EXPECT_EQ(table.rows[0].name, "02");
    EXPECT_EQ(table.rows[0].accuracy, 0.5);
    EXPECT_EQ(table.unit, AccuracyUnit::fraction);
    EXPECT_FALSE(table.rows[0].macs.has_value());
}

TEST_F(AccuracyTables, ReadThePublishedShape) {
    const auto table = read("t.json", R"({
        "22": {"test_acc": [90.0, 92.0], "mean_acc": 91.0, "std": 1.0, "params": 100, "flops": 2000},
        "0": {"mean_acc": 50.0}, "01": {"mean_acc": 80.5, "params": 7, "flops": 9}})");
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_EQ(table.column, "mean_acc");
    EXPECT_EQ(table.unit, AccuracyUnit::percent);
    EXPECT_DOUBLE_EQ(table.rows[0].accuracy, 0.91);
    EXPECT_EQ(table.rows[0].parameters, 100);
    EXPECT_EQ(table.rows[0].macs, 2000);
    ASSERT_EQ(table.foreign.size(), 1U);
    EXPECT_EQ(table.foreign[0].name, "0");
}

TEST_F(AccuracyTables, ReadOtherShapesOfJson) {
    EXPECT_EQ(read("a.json", R"({"22": 0.5, "01": 0.25})").rows[1].accuracy, 0.25);
    EXPECT_EQ(read("b.json", R"([{"architecture": "01", "test_acc": [0.25, 0.75]}])").rows[0].accuracy, 0.5);
    AccuracyTableOptions other;
    other.accuracy = "std";
    EXPECT_EQ(read("c.json", R"({"22": {"mean_acc": 3, "std": 0.5}})", other).rows[0].accuracy, 0.5);
}

TEST_F(AccuracyTables, TakeTheColumnsUnitsAndDirectionsTheyAreTold) {
    AccuracyTableOptions options;
    options.architecture = "net";
    options.accuracy = "err";
    options.direction = AccuracyDirection::minimize;
    options.unit = AccuracyUnit::percent;
    const auto table = read("t.csv", "err,net,acc\n0.5,22,1\n30,00,2\n", options);
    EXPECT_DOUBLE_EQ(table.rows[0].accuracy, 0.995);
    EXPECT_DOUBLE_EQ(table.rows[1].accuracy, 0.7);
}

TEST_F(AccuracyTables, AverageRowsOfTheSameNetwork) {
    const auto table =
        read("t.csv", "arch,acc\n22,0.5\n00,0.1\n22,0.6\nconv(kernel=5) | conv(kernel=5),0.7\n");
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_NEAR(table.rows[0].accuracy, 0.6, 1e-12);
    EXPECT_EQ(table.repeated, 2U);
}

TEST_F(AccuracyTables, NameWhatBelongsToNoNetworkOfTheSpace) {
    const auto table = read("t.csv", "arch,acc\n22,0.5\n29,0.1\nconv(kernel=7) | identity,0.6\n???,0.7\n");
    ASSERT_EQ(table.foreign.size(), 3U);
    EXPECT_EQ(table.foreign[0].why, "'29': block 'b' has choices 0 to 2, not 9");
    EXPECT_THAT(table.foreign[1].why, HasSubstr("block 'a' has no choice conv(kernel=7"));
}

TEST_F(AccuracyTables, RefuseWhatCannotBeRead) {
    refuse("t.csv", "arch,acc\n22,good\n", "t.csv:2: acc");
    refuse("t.csv", "arch,acc\n22,0.5\n00,nan\n", "t.csv:3: acc nan is outside 0..1");
    refuse("t.csv", "arch,acc\n22,-1\n", "outside 0..1");
    refuse("t.csv", "arch,acc\n22,250\n", "acc 250 is outside 0..100");
    refuse("t.csv", "arch,loss\n22,0.5\n", "which column is the accuracy? Name it; there are arch, loss");
    refuse("t.csv", "id,acc\n22,0.5\n", "which column is the network?");
    refuse("t.csv", "arch,acc\n99,0.5\n", "none of its 1 rows is a network of space");
    refuse("t.csv", "arch,acc\n", "none of its 0 rows");
    refuse("t.json", "{\"22\": ", "neither a JSON object of networks nor a list");
    refuse("t.json", "3", "neither a JSON object");
    refuse("t.json", R"({"22": {"mean_acc": "high"}})", "t.json: 22: mean_acc");
    refuse("t.json", R"({"22": {"mean_acc": 0.5}, "01": {"std": 1}})", "01: has no mean_acc");
    AccuracyTableOptions options;
    options.accuracy = "acurracy";
    refuse("t.csv", "arch,accuracy\n22,0.5\n", "no column 'acurracy' (did you mean accuracy?)", options);
}

TEST_F(AccuracyTables, GiveThePredictorQualitiesAndChoices) {
    const auto s = space();
    const std::vector<std::vector<Quality>> quality = {{0.0, 0.1, 0.2}, {0.0, 0.3, 0.4}};
    const Sample sample = sample_of(s, quality, std::vector<int>{2, 1}, 0.5);
    ASSERT_EQ(sample.qualities.size(), 2U);
    EXPECT_EQ(sample.qualities[0].nsr, 0.2);
    EXPECT_EQ(sample.qualities[1].nsr, 0.3);
    EXPECT_EQ(sample.choices[1], s.blocks()[1].choices[1].text());
    EXPECT_EQ(sample.accuracy, 0.5);
}

} // namespace
} // namespace tessera::predictors
