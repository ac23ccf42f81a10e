#include "nas/search/choice_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nas/search/table_file.h"
#include "support/error.h"
#include "support/files.h"
#include "tests/support/helpers.h"

namespace tessera::nas {
namespace {

using support::RunError;
using support::UsageError;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class ChoiceTables : public testing::Test {
protected:
    std::filesystem::path file(const std::string& text, const std::string& name = "t.csv") {
        support::write_atomically(folder.path() / name, text);
        return folder.path() / name;
    }
    ChoiceTable load(const std::string& text, bool negative = false) {
        return ChoiceTable::load(file(text), {"error", "ms"}, negative);
    }
    support::testing::TemporaryFolder folder;
};

TEST_F(ChoiceTables, BlocksAndChoicesInOrderOfAppearance) {
    const auto table = load("note,choice,block,ms,error\n"
                            "x,small,b2,1,0.5\n,big,b1,2,0.25\n,small,b1,1,0.75\n,big,b2,4,0\n");
    EXPECT_THAT(table.blocks, ElementsAre("b2", "b1"));
    EXPECT_THAT(table.choices, ElementsAre(ElementsAre("small", "big"), ElementsAre("big", "small")));
    EXPECT_THAT(table.values[0], ElementsAre(ElementsAre(0.5, 0), ElementsAre(0.25, 0.75)));
    const TableModel model =
        table.model({{"error", Direction::minimize, {}, {}}, {"ms", Direction::minimize, {}, {}}}, {"ms"});
    EXPECT_NO_THROW(model.check());
    EXPECT_THAT(model.candidate({0, 1}).values, ElementsAre(1.25, 1)); // a sum, a maximum
    EXPECT_THAT(model.candidate({1, 0}).values, ElementsAre(0.25, 4));
}

TEST_F(ChoiceTables, WhatIsNoTableIsRefusedWithItsPlace) {
    const auto refused = [&](const std::string& text, const std::string& message) {
        EXPECT_THAT([&] { load(text); }, ThrowsMessage<RunError>(HasSubstr(message))) << text;
    };
    const std::string header = "block,choice,error,ms\n";
    refused(header, "t.csv: no rows: a table needs at least one block with a choice");
    refused("", "t.csv:1: empty: no header");
    refused(header + "b1,c1,1,2\nb1,c1,3,4\n", "t.csv:3: block b1 has choice c1 twice");
    refused(header + "b1,c1,nan,2\n", "t.csv:2: error is nan; values have to be finite");
    refused(header + "b1,c1,1,inf\n", "t.csv:2: ms is inf; values have to be finite");
    refused(header + "b1,c1,,2\n", "t.csv:2: error is '', not a number");
    refused(header + "b1,c1,1,fast\n", "t.csv:2: ms is 'fast', not a number");
    refused(header + "b1,c1,1,-2\n", "t.csv:2: ms is -2, below 0; where that is meant, say --allow-negative");
    refused(header + ",c1,1,2\n", "t.csv:2: the block has no name");
    refused(header + "b1,,1,2\n", "t.csv:2: the choice has no name");
    refused("block,choice,error,ms,error\nb1,c1,1,2,3\n", "t.csv:1: column error is there twice");
    refused("block,choice,error,ms,caf\xE9\nb1,c1,1,2,3\n", "t.csv:1: not UTF-8");
    refused(header + "b1,c1,1,2\nb1,caf\xE9,1,2\n", "t.csv:3: not UTF-8; save the table as CSV in UTF-8");
    EXPECT_EQ(load("block,choice,error,ms,,\nb1,caf\xC3\xA9,1,2,,\n").choices[0][0], "caf\xC3\xA9");
    refused(header + "b1,c1,1\n", "t.csv:2: 3 fields where the header has 4");
    EXPECT_EQ(load(header + "b1,c1,1,-2\n", true).values[1][0][0], -2);
    EXPECT_THAT([&] { load("block,choice,eror,ms\nb1,c1,1,2\n"); },
                ThrowsMessage<UsageError>(HasSubstr("has no column 'error'; did you mean 'eror'?")));
    EXPECT_THROW(ChoiceTable::load(folder.path() / "none.csv", {"ms"}, false), support::Error);
}

TEST_F(ChoiceTables, PairsInEitherOrder) {
    auto table = load("block,choice,error,ms\na,1,0,0\na,2,0,0\nb,1,0,0\nb,2,0,0\nc,1,0,0\n");
    table.add_pairs(
        file("block_a,choice_a,block_b,choice_b,error\na,2,b,1,-0.5\nb,2,a,1,0.25\nc,1,a,2,3\n", "p.csv"));
    const TableModel model = table.model({{"error", Direction::minimize, {}, {}}}, {});
    EXPECT_NO_THROW(model.check());
    EXPECT_EQ(model.candidate({0, 0, 0}).values[0], 0);
    EXPECT_EQ(model.candidate({1, 0, 0}).values[0], 2.5);
    EXPECT_EQ(model.candidate({0, 1, 0}).values[0], 0.25);
}

TEST_F(ChoiceTables, PairsThatDoNotMatchAreRefused) {
    auto table = load("block,choice,error,ms\nb1,small,0,0\nb1,big,0,0\nb2,small,0,0\n");
    const auto refused = [&](const std::string& rows, const std::string& message) {
        const auto pairs = file("block_a,choice_a,block_b,choice_b,error\n" + rows, "p.csv");
        EXPECT_THAT([&] { ChoiceTable(table).add_pairs(pairs); },
                    ThrowsMessage<RunError>(HasSubstr(message)));
    };
    refused("", "p.csv: no rows");
    refused("b1,small,b3,small,1\n", "p.csv:2: the table has no block 'b3'; did you mean");
    refused("b1,smal,b2,small,1\n", "p.csv:2: the table has no choice 'smal of block b1'");
    refused("b1,small,b1,big,1\n", "p.csv:2: block b1 with itself is no pair");
    refused("b1,small,b2,small,1\nb2,small,b1,small,2\n", "p.csv:3: this pair is there twice");
    refused("b1,small,b2,small,nan\n", "p.csv:2: error is nan");
    EXPECT_THROW(table.add_pairs(file("block_a,choice_a,block_b,choice_b,other\n", "p.csv")), UsageError);
    EXPECT_THAT(
        [&] {
            table.add_pairs(
                file("block_a,choice_a,block_b,choice_b,ms,ms\nb1,small,b2,small,1,2\n", "p.csv"));
        },
        ThrowsMessage<RunError>(HasSubstr("p.csv:1: column ms is there twice")));
    table.add_pairs(file("block_a,choice_a,block_b,choice_b,ms\nb1,small,b2,small,1\n", "p.csv"));
    EXPECT_THROW(table.model({{"ms", Direction::minimize, {}, {}}}, {"ms"}), UsageError);
}

TEST_F(ChoiceTables, CandidatesAreBlocksOfOutAndIn) {
    const auto table = ChoiceTable::load_candidates(file("candidate,error\nphrase one,3\n\"two, too\",4\n"),
                                                    {"error"}, false);
    EXPECT_THAT(table.blocks, ElementsAre("phrase one", "two, too"));
    EXPECT_THAT(table.choices[1], ElementsAre("out", "in"));
    EXPECT_EQ(table.model({{"error", Direction::minimize, {}, {}}}, {}).candidate({1, 1}).values[0], 7);
    EXPECT_THAT([&] { ChoiceTable::load_candidates(file("candidate\na\na\n"), {}, false); },
                ThrowsMessage<RunError>(HasSubstr("t.csv:3: candidate a is there twice")));
}

} // namespace
} // namespace tessera::nas
