// Known accuracies: `rank` from a quality table alone, and `fit --accuracies` in place of fine-tuned samples.
#include <array>
#include <cmath>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "support/files.h"
#include "support/seed.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string source = TESSERA_SOURCE_DIR;

/// NAS-Bench-Macro's space with made-up qualities, and accuracies that follow from them: 120 networks.
class Rank : public ::testing::Test {
protected:
    void SetUp() override {
        support::Rng rng(5);
        std::string qualities = "block,choice,nsr\n", truth = "{\n";
        std::vector<std::array<double, 3>> noise; // of digits 0, 1 and 2
        for (int b = 0; b < 8; ++b) {
            noise.push_back({0.4 + 0.4 * rng.uniform(), 0.1 + 0.2 * rng.uniform(), 0});
            const std::string layer = "l" + std::to_string(b + 1);
            const auto add = [&](const std::string& choice, double nsr) {
                qualities += layer + ",\"" + choice + "\"," + support::number(nsr) + "\n";
            };
            add("identity", noise.back()[0]);
            add("mbconv(depth=1,kernel=3,expand=3,width=1,group=1,attention=none,act=relu)", noise.back()[1]);
            add("mbconv(depth=1,kernel=5,expand=6,width=1,group=1,attention=none,act=relu)", 0);
        }
        for (int i = 0; i < 120; ++i) {
            std::string digits;
            double score = -3.2;
            for (std::size_t b = 0; b < 8; ++b) {
                const auto d = rng.below(3);
                digits += static_cast<char>('0' + d);
                score += noise[b][d] * (0.3 + 0.05 * static_cast<double>(b));
            }
            truth += (i > 0 ? ",\n" : "") + ("\"" + digits) +
                     "\": {\"mean_acc\": " + support::number(100 * (0.95 - std::exp(score))) + "}";
        }
        put(folder / "q.csv", qualities);
        put(folder / "truth.json", truth + "\n}\n");
    }
    Ending tessera(std::vector<std::string> arguments) { return run(arguments, folder.here()); }
    Ending rank(const std::vector<std::string>& more) {
        std::vector<std::string> arguments = {"rank", "--space", source + "/configs/nas-bench-macro.yaml",
                                              "--qualities", "q.csv"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return tessera(arguments);
    }
    const Scratch folder;
};

TEST_F(Rank, WorksFromAQualityTableAlone) {
    const Ending ending =
        rank({"--truth", "truth.json", "--samples", "0,20", "--draws", "5", "--seed", "1", "--out", "o"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(ending.out, AllOf(HasSubstr("networks from truth.json, column mean_acc read as percent"),
                                  HasSubstr("\nsamples 0    tau 0."), HasSubstr("\nsamples 20   tau 0.9"),
                                  HasSubstr(" +- "), HasSubstr("top 10")));
    const auto predicted = support::read_csv(folder / "o/predicted.csv");
    EXPECT_EQ(predicted.header, (std::vector<std::string>{"network", "accuracy", "macs", "parameters",
                                                          "predicted_0", "predicted_20"}));
    EXPECT_GT(predicted.rows.size(), 100U);
    EXPECT_EQ(predicted.rows[0][0].size(), 8U);
    EXPECT_THAT(support::read_file(folder / "o/predicted-20.svg"), StartsWith("<svg"));
    const Ending again =
        rank({"--truth", "truth.json", "--samples", "0,20", "--draws", "5", "--seed", "1", "--json"});
    const auto json = nlohmann::json::parse(again.out);
    EXPECT_GT(json.at("sizes").at(1).at("tau").at("mean"), 0.9);
    EXPECT_EQ(json.at("sizes").at(0).at("rmse").at("mean"), nullptr);
    EXPECT_EQ(json.at("sizes").at(1).at("regret").size(), 4U);
}

TEST_F(Rank, TakesTheRiseOfTheLossWhereTheTableHasIt) {
    std::string table;
    for (const auto& row : support::read_csv(folder / "q.csv").rows) {
        // Not in proportion to the noise, so that the two order networks differently.
        table += row[0] + ",\"" + row[1] + "\"," + row[2] + "," +
                 support::number(support::parse_number(row[2], "") * (row[0] > "l4" ? 0.9 : 0.2)) + "\n";
    }
    put(folder / "both.csv", "block,choice,nsr,loss_rise\n" + table);
    const auto tau = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments = {
            "rank",        "--space",   source + "/configs/nas-bench-macro.yaml",
            "--qualities", "both.csv",  "--truth",
            "truth.json",  "--samples", "0",
            "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Ending ending = tessera(arguments);
        EXPECT_EQ(ending.status, 0) << ending.err;
        return nlohmann::json::parse(ending.out).at("sizes").at(0).at("tau").at("mean").get<double>();
    };
    EXPECT_EQ(tau({}), tau({"--quality", "nsr,loss_rise"}));
    EXPECT_NE(tau({}), tau({"--quality", "nsr"}));
}

TEST_F(Rank, CountsCostsThatEqualTheTables) {
    put(folder / "costs.json", R"({"22222202": {"mean_acc": 90, "params": 2101098, "flops": 92463616},
        "00000022": {"mean_acc": 80, "params": 2050858, "flops": 34107904},
        "12110010": {"mean_acc": 85, "params": 995147, "flops": 44388864}})");
    const Ending ending = rank({"--truth", "costs.json", "--samples", "0", "--check-costs"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(ending.out,
                AllOf(HasSubstr("2 of 3 rows: parameters and MACs equal"), HasSubstr("12110010 differs")));
}

TEST_F(Rank, NamesRowsOfOtherSpaces) {
    put(folder / "t.csv", "architecture,accuracy\n22222222,0.9\n2222222,0.8\n22222223,0.8\n00000000,0.2\n"
                          "11111111,0.5\n");
    const Ending ending = rank({"--truth", "t.csv", "--samples", "0"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(ending.out, AllOf(HasSubstr("3 networks"), HasSubstr("2 rows are no network of the space"),
                                  HasSubstr("22222223: '22222223': block 'l8' has choices 0 to 2, not 3")));
}

TEST_F(Rank, MistakesAreOneLine) {
    put(folder / "one.csv", "architecture,accuracy\n22222222,0.9\n");
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{}, "name the known accuracies"},
        {{"--truth", "none.json"}, "none.json"},
        {{"--truth", "one.csv"}, "the table has 1 networks"},
        {{"--truth", "truth.json", "--samples", "0,2"}, "a fit needs at least 4"},
        {{"--truth", "truth.json", "--samples", "0,,20"}, "--samples: '' is not a whole number"},
        {{"--truth", "truth.json", "--samples", "1000"}, "of which at least 2 have to be left"},
        {{"--truth", "truth.json", "--draws", "0"}, "--draws: '0' is not a whole number from 1"},
        {{"--truth", "truth.json", "--unit", "points"}, "--unit: 'points' is neither percent nor fraction"},
        {{"--truth", "truth.json", "--direction", "up"}, "--direction: 'up'"},
        {{"--truth", "truth.json", "--accuracy-column", "mean"}, "no column 'mean'"},
        {{"--truth", "truth.json", "--quality", "loss_rise"}, "q.csv: no column \"loss_rise\""},
        {{"--truth", "truth.json", "--quality", "nsr,loss_rise"}, "q.csv: no column \"loss_rise\""},
        {{"--truth", "truth.json", "--quality", "nsr,nsr,nsr"}, "'nsr,nsr,nsr' names more than two columns"},
    };
    for (const auto& [arguments, what] : cases) {
        const Ending ending = rank(arguments);
        EXPECT_THAT(ending.status, ::testing::AnyOf(1, 2)) << what;
        EXPECT_THAT(ending.err, HasSubstr(what));
        EXPECT_EQ(line_count(ending.err), 1) << ending.err;
        EXPECT_THAT(ending.out, IsEmpty());
    }
}

TEST_F(Rank, ReachesThePublishedTruth) {
    const char* table = std::getenv("TESSERA_NAS_BENCH_MACRO");
    if (table == nullptr) {
        GTEST_SKIP() << "TESSERA_NAS_BENCH_MACRO does not name the published table (JSON)";
    }
    const Ending ending = tessera({"rank", source + "/configs/nas-bench-macro.yaml", "--qualities",
                                   source + "/docs/experiments/data/nas-bench-macro/library.csv", "--truth",
                                   table, "--samples", "0,20,100", "--check-costs", "--json"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    const auto json = nlohmann::json::parse(ending.out);
    EXPECT_EQ(json.at("costs").at("equal"), json.at("networks"));
    EXPECT_GT(json.at("sizes").at(0).at("tau").at("mean"), 0.715);
    EXPECT_GT(json.at("sizes").at(1).at("tau").at("mean"), 0.82);
    EXPECT_GT(json.at("sizes").at(2).at("tau").at("mean"), 0.86);
}

TEST_F(Rank, KnownAccuraciesTakeThePlaceOfFineTunedSamples) {
    put(folder / "tiny.yaml", tiny_configuration());
    for (const char* stage : {"teach", "distil"}) {
        ASSERT_EQ(tessera({stage, "tiny.yaml", "--run", "r", "-q"}).status, 0);
    }
    // Places in the list as written: conv(width=0.5), conv(width=1), mbconv, identity.
    put(folder / "past.csv", "net,top1 error %\n11,10\n01,12\n10,13\n00,16\n33,60\n31,40\n22,20\n44,5\n");
    const std::vector<std::string> fit = {"fit",
                                          "tiny.yaml",
                                          "--run",
                                          "r",
                                          "--accuracies",
                                          "past.csv",
                                          "--architecture-column",
                                          "net",
                                          "--accuracy-column",
                                          "top1 error %",
                                          "--direction",
                                          "minimize"};
    const Ending ending = tessera(fit);
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(ending.out, HasSubstr("Predictor: on networks it was not fitted on: tau"));
    EXPECT_THAT(ending.err, AllOf(HasSubstr("1 rows are no network of the space; the first, 44"),
                                  HasSubstr("7 of 7 networks have a quality for every choice")));
    const auto samples = support::read_csv(folder / "r/samples/samples.csv");
    ASSERT_EQ(samples.rows.size(), 7U);
    EXPECT_EQ(samples.rows[0][samples.column("accuracy", "")], "0.9");
    EXPECT_FALSE(fs::exists(folder / "r/samples" / samples.rows[0][0])); // nothing was trained
    const Ending searched = tessera({"run", "--run", "r"});
    EXPECT_EQ(searched.status, 0) << searched.err;
    EXPECT_THAT(searched.out, HasSubstr("7 networks of known accuracy"));
    // Another table is another predictor.
    put(folder / "past.csv", "net,top1 error %\n11,10\n01,12\n10,13\n00,16\n33,50\n31,40\n22,20\n");
    const Ending changed = tessera({"run", "--run", "r", "--dry-run"});
    EXPECT_THAT(changed.out, HasSubstr("content of sample.accuracies.file"));
    EXPECT_THAT(tessera({"fit", "tiny.yaml", "--run", "other", "--accuracies", "gone.csv"}).err,
                HasSubstr("sample.accuracies.file"));
}

} // namespace
} // namespace tessera::tests
