#include "nas/cost_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/support/helpers.h"

namespace tessera::nas {
namespace {

using support::RunError;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class CostColumns : public testing::Test {
protected:
    CostColumns()
        : space(search_spaces::SearchSpace::read(support::Document::parse(R"(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 8}
  blocks:
    - {name: b1, channels: 8, choices: [conv: {depth: [1, 2]}, identity: {}]}
    - {name: b2, channels: 8, choices: [conv: {depth: [1, 2]}]}
)")
                                                     .root()
                                                     .section("space", ""))) {}
    std::map<std::string, TableColumn> read(const std::string& rows) {
        support::testing::put(folder / "own.csv", "block,choice,watts,note\n" + rows);
        return read_cost_columns(folder / "own.csv", {"watts"}, space);
    }
    const std::string all =
        "b1,identity,0,x\nb1,conv,1,y\nb1,conv(depth=2),2,\nb2,conv(depth=1),3,\nb2,conv(depth=2),4,\n";
    search_spaces::SearchSpace space;
    support::testing::TemporaryFolder folder;
};

TEST_F(CostColumns, InTheSpacesOrderWithTheRestApart) {
    const auto columns = read("stem,,0.5,\n" + all + "head,,0.25,\n");
    EXPECT_EQ(columns.at("watts").rest, 0.75);
    EXPECT_THAT(columns.at("watts").values, ElementsAre(ElementsAre(1, 2, 0), ElementsAre(3, 4)));
    EXPECT_EQ(columns.at("watts").value(std::vector<int>{2, 1}), 4.75);
    EXPECT_THAT(cost_column_names(folder / "own.csv"), ElementsAre("watts", "note"));
}

TEST_F(CostColumns, RowsThatDoNotFitAreRefusedWithTheirPlace) {
    const auto refused = [&](const std::string& rows, const std::string& message) {
        EXPECT_THAT([&] { read(rows); }, ThrowsMessage<RunError>(HasSubstr(message))) << rows;
    };
    refused("b3,conv,1,\n", "own.csv:2: no block 'b3'");
    refused("b1,cnv,1,\n", "own.csv:2: ");
    refused("b1,conv,many,\n", "own.csv:2: watts is 'many', not a finite number");
    refused("b1,conv,nan,\n", "own.csv:2: watts is 'nan', not a finite number");
    refused("b1,conv,1,\nb1,conv(depth=1),1,\n", "own.csv:3: block b1 has choice conv(depth=1) twice");
    refused("b1,conv,1,\n", "own.csv: no row for block b1 and choice");
}

} // namespace
} // namespace tessera::nas
