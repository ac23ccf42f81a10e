#include "nas/search/subset.h"

#include <gtest/gtest.h>

#include "nas/search/cross_entropy.h"
#include "nas/search/greedy.h"
#include "support/error.h"
#include "tests/support/helpers.h"

namespace tessera::nas {
namespace {

using support::testing::message_of;
using support::testing::put;
using support::testing::TemporaryFolder;

const std::vector<Objective> score_and_cost{{"score", Direction::maximize, {}, {}},
                                            {"cost", Direction::minimize, {}, 5.0, true}};

SubsetTable read(const std::string& text, const std::vector<Objective>& objectives = score_and_cost) {
    return SubsetTable::from(support::parse_csv(text, "t.csv"), objectives, "t.csv");
}

TEST(SubsetTable, SumsWhatIsSelected) {
    const SubsetTable subset = read("candidate,cost,note,score\na,1,x,2\nb,3,y,-1.5\nc,4,z,8\n");
    EXPECT_EQ(subset.names.blocks, (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(subset.model.choices, (std::vector<int>{2, 2, 2}));
    const Candidate two = subset.model.candidate({0, 1, 1});
    EXPECT_EQ(two.values, (std::vector<double>{6.5, 7}));
    EXPECT_DOUBLE_EQ(two.violation, 0.4); // 2 above 5
    EXPECT_EQ(subset.names.selected(two.genome), (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(subset.model.candidate({0, 0, 0}).values, (std::vector<double>{0, 0}));
}

TEST(SubsetTable, IsAProblemForEverySearch) {
    const SubsetTable subset = read("candidate,score,cost\na,2,1\nb,4,3\nc,8,4.5\nd,5,2\n");
    const std::vector<int> best{0, 1, 0, 1}; // 9 for 5; the best alone leaves room for none
    EXPECT_EQ(cross_entropy(subset.model.problem(), {}, 16, 1).front.at(0).genome, best);
    EXPECT_EQ(greedy(subset.model.problem(), 16).front.at(0).genome, (std::vector<int>{0, 0, 1, 0}));
}

TEST(SubsetTable, RefusesTablesThatAreNone) {
    const auto refused = [](const std::string& text) {
        return message_of<support::RunError>([&] { read(text); });
    };
    EXPECT_EQ(refused("candidate,score,cost\n"), "t.csv: no candidates");
    EXPECT_EQ(refused("candidate,score,cost\na,1,1\nb,1,1\na,2,2\n"), "t.csv:4: 'a' occurs twice");
    EXPECT_EQ(refused("candidate,score,cost\n,1,1\n"), "t.csv:2: the candidate's name is empty");
    EXPECT_NE(refused("candidate,score\na,1\n").find("cost"), std::string::npos);
    EXPECT_NE(refused("name,score,cost\na,1,1\n").find("candidate"), std::string::npos);
    EXPECT_NE(refused("candidate,score,cost\na,much,1\n").find("t.csv: score of 'a'"), std::string::npos);
    EXPECT_EQ(refused("candidate,score,cost\na,1,1\nb,1,inf\n"), "t.csv: cost of 'b' is not finite");
}

TEST(Candidates, AreReadOneALine) {
    const TemporaryFolder folder;
    put(folder / "file", "turn it on\r\n\n  spaced \nlast");
    EXPECT_EQ(read_candidates(folder / "file"),
              (std::vector<std::string>{"turn it on", "  spaced ", "last"}));
    const auto refused = [&](const std::string& text) {
        put(folder / "file", text);
        return message_of<support::RunError>([&] { read_candidates(folder / "file"); });
    };
    const std::string file = (folder / "file").string();
    EXPECT_EQ(refused("a\nb\n\na\n"), file + ":4: 'a' occurs twice");
    EXPECT_EQ(refused("\n \n"), file + ": no candidates");
    EXPECT_THROW(read_candidates(folder / "none"), support::RunError);
}

} // namespace
} // namespace tessera::nas
