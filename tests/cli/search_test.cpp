// search: tables of others, and other fronts of a run that is there.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "support/seed.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string table = "block,choice,error,latency\n"
                          "a,small,3,1\na,large,1,4\na,bad,3,5\n"
                          "b,small,2,1\nb,large,0,2\n";

class TableSearch : public ::testing::Test {
protected:
    void SetUp() override { put(folder / "t.csv", table); }
    Ending search(std::vector<std::string> more) {
        more.insert(more.begin(), "search");
        return run(more, folder.here());
    }
    Ending front(std::vector<std::string> more) {
        more.insert(more.begin(), {"--table", "t.csv", "--minimize", "error", "--minimize", "latency"});
        return search(more);
    }
    const Scratch folder;
};

TEST_F(TableSearch, TheExactFrontOfASmallTable) {
    const Ending ending = front({"--strategy", "exact", "--out", "front.csv"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_EQ(content_of(folder / "front.csv"), "error,latency,a,b\n"
                                                "1,6,large,large\n"
                                                "3,3,small,large\n"
                                                "5,2,small,small\n");
    EXPECT_THAT(ending.out,
                AllOf(HasSubstr("Front: 3 points of 6"), HasSubstr("exact"), HasSubstr("front.csv")));
    EXPECT_FALSE(fs::exists(folder / "searches"));
}

TEST_F(TableSearch, BoundsOfAllKinds) {
    ASSERT_EQ(front({"--bound", "latency<=3", "--out", "f.csv"}).status, 0);
    EXPECT_EQ(content_of(folder / "f.csv"), "error,latency,a,b\n3,3,small,large\n5,2,small,small\n");
    // A lower bound: 4 <= latency leaves what small choices dominate.
    ASSERT_EQ(front({"--bound", "4<=latency<=5", "--out", "f.csv"}).status, 0);
    EXPECT_EQ(content_of(folder / "f.csv"), "error,latency,a,b\n3,5,large,small\n");
    ASSERT_EQ(
        search({"--table", "t.csv", "--minimize", "error", "--max", "latency=3", "--out", "f.csv"}).status,
        0);
    EXPECT_EQ(content_of(folder / "f.csv"), "error,latency,a,b\n3,3,small,large\n");
}

TEST_F(TableSearch, BoundsHoldForDecimalSums) {
    put(folder / "t.csv", "block,choice,error,latency\na,x,0.1,1\nb,x,0.2,1\n"); // 0.1 + 0.2 is above 0.3
    for (const char* strategy : {"exact", "random"}) {
        const Ending ending = front({"--max", "error=0.3", "--strategy", strategy, "--out", "f.csv"});
        EXPECT_EQ(ending.status, 0) << strategy << ending.err;
    }
}

TEST_F(TableSearch, BoundsThatNothingMeetsAreAnsweredWithWhatIsReached) {
    const Ending below = front({"--bound", "latency<=1.5", "--out", "f.csv"});
    EXPECT_EQ(below.status, 3);
    EXPECT_THAT(below.err, HasSubstr("latency <= 1.5: latency reaches 2 to 7"));
    const Ending together = front({"--bound", "latency<=3", "--bound", "error<=1", "--out", "f.csv"});
    EXPECT_EQ(together.status, 3);
    EXPECT_THAT(together.err, AllOf(HasSubstr("error reaches 1 to 5"), HasSubstr("latency reaches 2 to 7")));
    EXPECT_FALSE(fs::exists(folder / "f.csv"));
}

TEST_F(TableSearch, EveryStrategyFindsASmallFront) {
    for (const char* strategy : {"exact", "nsga2", "local", "cem", "random"}) {
        ASSERT_EQ(front({"--strategy", strategy, "--out", "f.csv"}).status, 0) << strategy;
        EXPECT_EQ(content_of(folder / "f.csv"), "error,latency,a,b\n"
                                                "1,6,large,large\n3,3,small,large\n5,2,small,small\n")
            << strategy;
    }
    EXPECT_EQ(front({"--strategy", "greedy", "--out", "f.csv"}).status, 0);
    const Ending wrong = front({"--strategy", "nsga"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_THAT(wrong.err, HasSubstr("did you mean 'nsga2'?"));
}

TEST_F(TableSearch, PairsOfBlocksComeWithACertificate) {
    put(folder / "p.csv", "block_a,choice_a,block_b,choice_b,error\na,small,b,small,-4.5\n");
    const Ending ending = front({"--pairs", "p.csv", "--out", "f.csv", "--json"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_EQ(content_of(folder / "f.csv"), "error,latency,a,b\n0.5,2,small,small\n");
    const auto json = nlohmann::json::parse(ending.out);
    EXPECT_LT(json.at("gap").get<double>(), 1e-9);
    EXPECT_EQ(json.at("architectures").dump(), "6"); // a count, not 6.0
    EXPECT_GE(json.at("seconds").get<double>(), 0);
}

TEST_F(TableSearch, TheBestOnes) {
    const Ending ending = search(
        {"--table", "t.csv", "--minimize", "error", "--max", "latency=6", "--best", "3", "--out", "f.csv"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_EQ(content_of(folder / "f.csv"),
              "error,latency,a,b\n1,6,large,large\n3,3,small,large\n3,5,large,small\n");
}

TEST_F(TableSearch, AFolderOfItsOwnThatIsNeverOverwritten) {
    for (const char* name : {"t", "t-2"}) {
        ASSERT_EQ(front({}).status, 0);
        const fs::path searches = folder / "searches";
        for (const char* file : {"front.csv", "front.json", "front.svg", "command.txt"}) {
            EXPECT_TRUE(fs::exists(searches / name / file)) << name << file;
        }
        EXPECT_THAT(content_of(searches / name / "command.txt"),
                    HasSubstr("search --minimize error --minimize latency --table t.csv"));
    }
}

TEST_F(TableSearch, Subsets) {
    put(folder / "c.csv", "candidate,gain,alarms\nup,3,1\ndown,2,0\nstop,4,3\n");
    const Ending ending =
        search({"--candidates", "c.csv", "--maximize", "gain", "--max", "alarms=3", "--out", "f.csv"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_EQ(content_of(folder / "f.csv"), "gain,alarms,up,down,stop\n6,3,out,in,in\n");
}

TEST_F(TableSearch, AProgramOfTheUsersScores) {
    put(folder / "c.csv", "candidate\nup\ndown\nstop\n");
    put(folder / "score.sh",
        "while read -r line; do\n" // each candidate gains 1, \"down\" with \"stop\" loses 5
        "  id=${line#*:}; id=${id%%,*}; gain=0\n"
        "  case $line in *up*) gain=$((gain + 1));; esac\n"
        "  case $line in *'\"down\",\"stop\"'*) gain=$((gain - 3));; *down*|*stop*) gain=$((gain + 1));; "
        "esac\n"
        "  echo \"{\\\"id\\\":$id,\\\"values\\\":{\\\"gain\\\":$gain}}\"\n"
        "done\n");
    const Ending ending =
        search({"--candidates", "c.csv", "--score", "sh score.sh", "--maximize", "gain", "--out", "f.csv"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(content_of(folder / "f.csv"),
                ::testing::AnyOf("gain,up,down,stop\n2,in,in,out\n", "gain,up,down,stop\n2,in,out,in\n"));
    const Ending dead =
        search({"--candidates", "c.csv", "--score", "echo no >&2; exit 3", "--maximize", "gain"});
    EXPECT_EQ(dead.status, 1);
    EXPECT_THAT(dead.err, AllOf(HasSubstr("status 3"), HasSubstr("no")));
    const Ending bounded =
        search({"--candidates", "c.csv", "--score", "sh score.sh", "--maximize", "gain", "--min", "gain=5"});
    EXPECT_EQ(bounded.status, 3);
    EXPECT_THAT(bounded.err, HasSubstr("meets all bounds: gain reached -3 to 2"));
    const Ending exact = search(
        {"--candidates", "c.csv", "--score", "sh score.sh", "--maximize", "gain", "--strategy", "exact"});
    EXPECT_EQ(exact.status, 2);
    EXPECT_THAT(exact.err, HasSubstr("needs tables"));
    const Ending late = search(
        {"--candidates", "c.csv", "--score", "sleep 100", "--score-timeout", "1", "--maximize", "gain"});
    EXPECT_EQ(late.status, 1);
    EXPECT_FALSE(fs::exists(folder / "searches"));
}

TEST_F(TableSearch, WhatCannotBeSearchedIsRefused) {
    const auto refused = [&](const std::vector<std::string>& arguments, int status,
                             const std::string& message) {
        const Ending ending = search(arguments);
        EXPECT_EQ(ending.status, status) << message;
        EXPECT_THAT(ending.err, HasSubstr(message));
        EXPECT_THAT(ending.out, IsEmpty());
        EXPECT_FALSE(fs::exists(folder / "searches"));
    };
    const auto with = [](std::vector<std::string> more) {
        more.insert(more.begin(), {"--table", "t.csv", "--minimize", "error"});
        return more;
    };
    refused({"--table", "t.csv"}, 2,
            "say what to seek: --minimize COLUMN or --maximize COLUMN; t.csv has error, latency");
    refused({"--table", "none.csv", "--minimize", "error"}, 1, "none.csv");
    refused({"--table", "t.csv", "--minimize", "eror"}, 2, "did you mean 'error'?");
    refused(with({"--maximize", "error"}), 2, "sought twice");
    refused(with({"--bound", "latency"}), 2, "is no bound");
    refused(with({"--bound", "latenc<=2"}), 2, "did you mean 'latency'?");
    refused(with({"--min", "latency=5", "--max", "latency=4"}), 2, "5 to 4 holds nothing");
    refused(with({"--max", "latency=5", "--max", "latency=4"}), 2,
            "bounds of latency: two upper ones, 5 and 4");
    refused(with({"--bound", "latency<=5", "--max", "latency=5"}), 2, "bounds of latency: two upper ones");
    refused(with({"--name", "x", "--out", "f.csv"}), 2, "--out writes one file alone");
    refused(with({"--gap", "0.01"}), 2, "--gap goes with --pairs");
    refused(with({"--steps", "1000"}), 2, "--steps goes with --pairs");
    refused(with({"--pairs", "t.csv", "--gap", "0.01", "--strategy", "cem"}), 2, "for the strategy exact");
    refused(with({"--pairs", "t.csv", "--steps", "0"}), 2, "--steps: '0' is not a whole number from 1");
    refused(with({"--evaluations", "0"}), 2, "--evaluations: '0' is not a whole number from 1");
    refused(with({"--name", "../x"}), 2, "--name '../x': expected a plain name");
    refused(with({"--minimize", "latency", "--best", "2"}), 2, "--best ranks by one objective");
    refused(with({"--run", "r"}), 2, "without a configuration or a run");
    refused(with({"--candidates", "t.csv"}), 2, "two different problems");
    refused(with({"--set", "search.gap=1"}), 2, "without a configuration");
    refused({"--out", "f.csv", "--run", "r"}, 2, "--out goes with --table");
    put(folder / "t.csv", "block,choice,error\na,x,1e308\nb,x,1e308\n");
    refused({"--table", "t.csv", "--minimize", "error"}, 1, "t.csv: a table's values are too large");
    put(folder / "t.csv", "block,choice,error\na,x,1\na,x,2\n");
    refused({"--table", "t.csv", "--minimize", "error"}, 1, "t.csv:3: block a has choice x twice");
    put(folder / "t.csv", "block,choice,error,error\na,x,1,2\n");
    refused({"--table", "t.csv", "--minimize", "error"}, 1, "t.csv:1: column error is there twice");
    put(folder / "t.csv", "block,choice,error\na,caf\xE9,1\n");
    refused({"--table", "t.csv", "--minimize", "error"}, 1, "t.csv:2: not UTF-8");
}

class SearchAgain : public TableSearch {};

TEST_F(SearchAgain, OtherBoundsOfARunInAFolderOfTheirOwn) {
    put(folder / "table.yaml", tiny_latency_table());
    put(folder / "own.csv",
        "block,choice,watts\n"
        "b1,\"conv(kernel=3,width=0.5)\",2\nb1,\"conv(depth=1,kernel=3,width=1)\",3\n"
        "b1,\"mbconv(depth=1,kernel=3,expand=2,attention=none,act=relu)\",4\nb1,identity,0\n"
        "b2,\"conv(kernel=3,width=0.5)\",2\nb2,\"conv(depth=1,kernel=3,width=1)\",3\n"
        "b2,\"mbconv(depth=1,kernel=3,expand=2,attention=none,act=relu)\",4\nb2,identity,1\n"
        "stem,,0.5\n");
    put(folder / "tiny.yaml", replaced(replaced(tiny_configuration(), "rounds: 2", "table: table.yaml"),
                                       "search:\n", "search:\n  columns: own.csv\n"));
    ASSERT_EQ(run({"search", "--run", "r", "--max", "latency_cpu_ms=1"}, folder.here()).status,
              2); // nothing there
    const Ending first = run({"run", "tiny.yaml", "--run", "r", "-q"}, folder.here());
    ASSERT_EQ(first.status, 0) << first.err;
    const auto before = snapshot(folder / "r");

    const Ending ending =
        run({"search", "--run", "r", "--max", "latency_cpu_ms=0.1", "--max", "watts=5"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    const fs::path made = folder / "r/searches/latency_cpu_ms-max-0.1-watts-max-5";
    ASSERT_TRUE(fs::exists(made / "front.json")) << ending.out;
    const auto front = nlohmann::json::parse(content_of(made / "front.json"));
    EXPECT_EQ(front.at("gap"), 0);
    for (const auto& point : front.at("front")) {
        EXPECT_LE(point.at("values").at("latency_cpu_ms").get<double>(), 0.1);
        EXPECT_LE(point.at("values").at("watts").get<double>(), 5);
    }
    EXPECT_EQ(front.at("objectives").size(), 3U);
    EXPECT_THAT(content_of(made / "command.txt"), HasSubstr("--max latency_cpu_ms=0.1"));
    const Ending again =
        run({"search", "--run", "r", "--max", "latency_cpu_ms=0.1", "--max", "watts=5"}, folder.here());
    EXPECT_EQ(again.status, 0);
    EXPECT_EQ(content_of(made / "front.csv"),
              content_of(folder / "r/searches/latency_cpu_ms-max-0.1-watts-max-5-2/front.csv"));
    const Ending impossible = run({"search", "--run", "r", "--max", "watts=0.1"}, folder.here());
    EXPECT_EQ(impossible.status, 3);
    EXPECT_THAT(impossible.err, HasSubstr("watts <= 0.1: watts reaches 1.5 to 8.5"));
    EXPECT_EQ(run({"search", "--run", "r", "--max", "wats=0.1"}, folder.here()).status, 2);
    const Ending stale =
        run({"search", "--run", "r", "--max", "watts=5", "--set", "fit.coverage=0.5"}, folder.here());
    EXPECT_EQ(stale.status, 2);
    EXPECT_THAT(stale.err, HasSubstr("fit was made with another `fit` than the configuration has"));

    // Columns that say which choices are tried first, whatever is sought.
    std::vector<std::string> preferring = {"search", "--run", "r", "--strategy", "nsga2", "--max", "watts=9"};
    preferring.insert(preferring.end(), {"--set", "search.prefer=[watts, accuracy]"});
    const Ending steered = run(preferring, folder.here());
    EXPECT_EQ(steered.status, 0) << steered.err;
    preferring.back() = "search.prefer=[wats]";
    const Ending unknown = run(preferring, folder.here());
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(unknown.err, HasSubstr("search.prefer: unknown objective 'wats'; did you mean 'watts'?"));

    fs::remove_all(folder / "r/searches");
    EXPECT_TRUE(same_files(before, snapshot(folder / "r"))); // the run is as it was
}

} // namespace
} // namespace tessera::tests
