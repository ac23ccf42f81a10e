// A network is constructed from filter statistics and then goes the whole way, from one configuration.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string configuration = constructing_configuration();

TEST(Construct, GoesFromNothingToExportedNetworks) {
    const Scratch folder;
    put(folder / "grown.yaml", configuration);
    const Ending early = run({"teach", "grown.yaml", "--run", "r"}, folder.here());
    EXPECT_EQ(early.status, 2);
    EXPECT_THAT(early.err, HasSubstr("tessera construct --run r"));
    const Ending whole = run({"run", "grown.yaml", "--run", "r"}, folder.here());
    ASSERT_EQ(whole.status, 0) << whole.err;
    EXPECT_THAT(whole.out, HasSubstr("Constructed:"));
    const fs::path r = folder / "r";
    EXPECT_THAT(half_written(r), IsEmpty());
    // One cell grows to four (one above the maximum), one to two, one stays.
    const auto result = nlohmann::json::parse(content_of(r / "construct/result.json"));
    const auto& last = result.at("iterations").back().at("stages");
    EXPECT_EQ(last[0].at("layers"), 4);
    EXPECT_EQ(last[1].at("layers"), 2);
    EXPECT_EQ(last[2].at("layers"), 1);
    EXPECT_EQ(last[2].at("branches"), 6);
    for (const char* name : {"architecture.yaml", "network.txt", "statistics.csv", "skips.csv",
                             "settling.csv", "network.svg", "metrics.csv"}) {
        EXPECT_FALSE(content_of(r / "construct/iteration-3" / name).empty()) << name;
    }
    const auto statistics = support::read_csv(r / "construct/iteration-1/statistics.csv");
    EXPECT_EQ(statistics.rows.size(), 18U); // three full cells
    const auto square = statistics.column("mean_square", "statistics"),
               images = statistics.column("images", "s");
    for (const auto& row : statistics.rows) {
        EXPECT_GT(support::parse_number(row[square], "mean_square"), 0);
        EXPECT_EQ(row[images], "128"); // 8 steps of 16
    }
    EXPECT_THAT(content_of(r / "construct/space.yaml"), HasSubstr("channels: 12"));
    EXPECT_EQ(support::read_csv(r / "construct/iteration-1/metrics.csv").rows.size(), 2U); // 6 steps and 2
    // What was constructed is what was taught, and exported networks open.
    EXPECT_EQ(run({"run", "--run", "r"}, folder.here()).status, 0);
    int exported = 0;
    for (const auto& entry : fs::directory_iterator(r / "export")) {
        exported += fs::exists(entry.path() / "model.pt") ? 1 : 0;
    }
    EXPECT_GE(exported, 1);
    const Ending status = run({"status", "--run", "r"}, folder.here());
    EXPECT_THAT(status.out, HasSubstr("construct"));
    EXPECT_THAT(status.out, Not(HasSubstr("missing")));
    EXPECT_THAT(run({"describe", "--run", "r"}, folder.here()).out, HasSubstr("s0c3"));
}

/// Everything that construct writes but clocks.
std::map<std::string, std::string> constructed(const fs::path& run) {
    auto files = snapshot(run);
    std::erase_if(files, [](const auto& file) { return !file.first.starts_with("construct/"); });
    return files;
}

TEST(Construct, InterruptedAndKilledItEndsTheSame) {
    const Scratch folder;
    put(folder / "grown.yaml", replaced(configuration, "steps: 8", "steps: 150"));
    ASSERT_EQ(run({"construct", "grown.yaml", "--run", "whole"}, folder.here()).status, 0);
    for (const int signal : {SIGINT, SIGKILL}) {
        const std::string name = signal == SIGINT ? "interrupted" : "killed";
        Program program({"construct", "grown.yaml", "--run", name}, folder.here());
        ASSERT_TRUE(program.wait_until(
            [&] { return fs::exists(folder / name / "construct/iteration-1/network.svg"); }));
        program.wait_for(std::chrono::milliseconds(50));
        program.send(signal);
        const Ending ending = program.wait();
        EXPECT_TRUE(ending.signal == SIGKILL || ending.status == 130) << ending.status << ending.err;
        EXPECT_FALSE(fs::exists(folder / name / "construct/result.json")); // it was at work
        const Ending rest = run({"construct", "grown.yaml", "--run", name}, folder.here());
        ASSERT_EQ(rest.status, 0) << rest.err;
        EXPECT_TRUE(same_files(constructed(folder / "whole"), constructed(folder / name)));
    }
}

TEST(Construct, InterruptedWhileItValidatesItEndsTheSame) {
    const Scratch folder;
    // Most of the time goes into validation, which counts for no statistic.
    put(folder / "grown.yaml",
        replaced(replaced(configuration, "train: 120", "train: 1500"), "validation: 0.2", "validation: 0.9"));
    ASSERT_EQ(run({"construct", "grown.yaml", "--run", "whole"}, folder.here()).status, 0);
    for (int i = 0; i < 6; ++i) {
        Program program({"construct", "grown.yaml", "--run", "r"}, folder.here());
        program.wait_until([&] { return fs::exists(folder / "r/lock"); });
        program.wait_for(std::chrono::milliseconds(200 + 70 * i));
        program.send(SIGINT);
        if (program.wait().status == 0) {
            break;
        }
    }
    ASSERT_EQ(run({"construct", "grown.yaml", "--run", "r"}, folder.here()).status, 0);
    EXPECT_TRUE(same_files(constructed(folder / "whole"), constructed(folder / "r")));
}

TEST(Construct, GoesOnFromTheFirstDamagedIteration) {
    const Scratch folder;
    put(folder / "grown.yaml", configuration);
    const auto construct = [&] { return run({"construct", "grown.yaml", "--run", "r"}, folder.here()); };
    ASSERT_EQ(construct().status, 0);
    const fs::path made = folder / "r/construct";
    const auto whole = constructed(folder / "r");
    const auto mended = [&](const std::string& warning) {
        const Ending ending = construct();
        EXPECT_EQ(ending.status, 0) << ending.err;
        EXPECT_THAT(ending.err, HasSubstr(warning));
        EXPECT_TRUE(same_files(whole, constructed(folder / "r"))) << warning;
    };
    fs::remove(made / "iteration-2/statistics.csv");
    mended("iteration-2/statistics.csv: it is missing or has been changed; the construction goes on from "
           "iteration 2");
    put(made / "iteration-1/skips.csv", "garbage");
    mended("goes on from iteration 1");
    put(made / "progress.json",
        replaced(content_of(made / "progress.json"), "\"complete\": true", "\"complete\": false"));
    fs::remove(made / "result.json");
    mended("progress.json: it has been changed; the construction starts anew");
    put(made / "progress.json", "{");
    put(made / "space.yaml", "blocks: 3\n");
    mended("it does not count as constructed");
}

TEST(Construct, CountsWhatTheReferenceHasWithItsHead) {
    const Scratch folder;
    const std::string wide = replaced(replaced(configuration, "head: {dropout: 0.1}", "head: {channels: 64}"),
                                      "width: 6", "width: 6\n  max_parameters: 52000");
    put(folder / "grown.yaml", wide);
    const Ending ending = run({"construct", "grown.yaml", "--run", "r", "--json"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    const auto result = nlohmann::json::parse(ending.out);
    EXPECT_LE(result.at("parameters").get<int>(), 52000);
    EXPECT_EQ(result.at("parameters"), result.at("iterations").back().at("parameters"));
    EXPECT_EQ(result.at("macs"), result.at("iterations").back().at("macs"));
    put(folder / "grown.yaml", replaced(wide, "52000", "20000"));
    const Ending refused = run({"construct", "grown.yaml", "--run", "s"}, folder.here());
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.err, HasSubstr("more than the 20000 allowed"));
}

TEST(Construct, TrainsNoNetworkThatCannotGrow) {
    const Scratch folder;
    put(folder / "grown.yaml", replaced(configuration, "iterations: 3", "iterations: 50"));
    const Ending ending = run({"construct", "grown.yaml", "--run", "r", "--json"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_EQ(nlohmann::json::parse(ending.out).at("iterations").size(), 3U); // one cell to four
}

TEST(Construct, LeavesNothingOfIterationsThatItHasNoMore) {
    const Scratch folder;
    put(folder / "grown.yaml", configuration);
    ASSERT_EQ(run({"construct", "grown.yaml", "--run", "r"}, folder.here()).status, 0);
    ASSERT_TRUE(fs::exists(folder / "r/construct/iteration-3"));
    // What cannot be begun takes nothing away.
    EXPECT_EQ(
        run({"construct", "grown.yaml", "--run", "r", "--set", "construct.batch=1000"}, folder.here()).status,
        2);
    ASSERT_TRUE(fs::exists(folder / "r/construct/iteration-3"));
    ASSERT_EQ(run({"construct", "grown.yaml", "--run", "r", "--set", "construct.iterations=1"}, folder.here())
                  .status,
              0);
    EXPECT_TRUE(fs::exists(folder / "r/construct/iteration-1"));
    EXPECT_FALSE(fs::exists(folder / "r/construct/iteration-2"));
    EXPECT_FALSE(fs::exists(folder / "r/construct/iteration-3"));
}

/// Where the training diverges, branches that carry no number any more go first; where none carries one there
/// is nothing to go by.
TEST(Construct, ReportsBranchesWhoseStatisticIsNoNumber) {
    const Scratch folder;
    const auto diverging = [&](const std::string& rate, const std::string& decay) {
        put(folder / "grown.yaml",
            replaced(configuration, "steps: 8",
                     "steps: 40\n  clip: 0\n  learning_rate: " + rate + "\n  weight_decay: " + decay));
        return run({"construct", "grown.yaml", "--run", "r"}, folder.here());
    };
    const Ending reported = diverging("3", "10"); // weights grow 29-fold a step
    EXPECT_EQ(reported.status, 0) << reported.err;
    EXPECT_THAT(reported.err, HasSubstr("the network grows from what was seen"));
    EXPECT_THAT(reported.err, HasSubstr("is not a finite number; it counts as the worst"));
    const auto first =
        nlohmann::json::parse(content_of(folder / "r/construct/result.json")).at("iterations")[0];
    EXPECT_FALSE(first.at("unusable").empty());
    EXPECT_LT(first.at("steps"), 40);
    EXPECT_THAT(content_of(folder / "r/construct/iteration-1/statistics.csv"), HasSubstr("nan"));
    const Ending hopeless = diverging("20", "1");
    EXPECT_EQ(hopeless.status, 1) << hopeless.err;
    EXPECT_THAT(last_line(hopeless.err),
                HasSubstr("no branch of a stage has a finite statistic; lower construct.learning_rate"));
}

TEST(Construct, EndsEarlyOnceTheRankingHasSettled) {
    const Scratch folder;
    put(folder / "grown.yaml",
        replaced(configuration, "steps: 8",
                 "steps: 400\n  settle: true\n  settled_correlation: 0.5\n  settled_snapshots: 2"));
    const Ending ending = run({"construct", "grown.yaml", "--run", "r", "--json"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    for (const auto& iteration : nlohmann::json::parse(ending.out).at("iterations")) {
        EXPECT_LT(iteration.at("steps").get<int>(), 400);
        EXPECT_GE(iteration.at("steps").get<int>(), 6); // three snapshots, two comparisons
    }
}

TEST(Construct, StopsBeforeItsTarget) {
    const Scratch folder;
    put(folder / "grown.yaml", replaced(configuration, "width: 6", "width: 6\n  max_parameters: 50000"));
    const Ending ending = run({"construct", "grown.yaml", "--run", "r", "--json"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    const auto result = nlohmann::json::parse(ending.out);
    EXPECT_LE(result.at("parameters").get<int>(), 50000);
    EXPECT_LT(result.at("iterations").size(), 4U);
    EXPECT_THAT(result.at("iterations").back().at("summary").get<std::string>(), HasSubstr("target met"));
}

TEST(Construct, BaselinesTakeThePlaceOfTheConstructed) {
    const Scratch folder;
    std::vector<double> parameters;
    std::vector<std::string> networks;
    std::string first; // with the seconds that it took
    put(folder / "grown.yaml", configuration);
    for (const std::string reference : {"constructed", "random", "hand_built"}) {
        const Ending ending = run(
            {"construct", "grown.yaml", "--run", "r", "--json", "--set", "construct.reference=" + reference},
            folder.here());
        ASSERT_EQ(ending.status, 0) << ending.err;
        const std::string metrics = content_of(folder / "r/construct/iteration-1/metrics.csv");
        EXPECT_EQ(metrics, first.empty() ? metrics : first) << "grown again";
        first = metrics;
        const auto result = nlohmann::json::parse(ending.out);
        parameters.push_back(result.at("parameters").get<double>());
        networks.push_back(result.at("network").get<std::string>());
    }
    EXPECT_NEAR(parameters[1], parameters[0], 0.05 * parameters[0]);
    EXPECT_NEAR(parameters[2], parameters[0], 0.05 * parameters[0]);
    EXPECT_NE(networks[0], networks[1]);
    EXPECT_NE(networks[0], networks[2]);
}

TEST(Construct, RefusesWhatCannotBeConstructed) {
    const auto refused = [](const std::string& from, const std::string& to) {
        const Scratch folder;
        put(folder / "c.yaml", replaced(configuration, from, to));
        const Ending ending = run({"describe", "c.yaml", "--run", "r"}, folder.here());
        EXPECT_EQ(ending.status, 2) << ending.err;
        EXPECT_EQ(line_count(ending.err), 1U) << ending.err;
        return ending.err;
    };
    EXPECT_THAT(refused("steps: 8", "steps: 0"), HasSubstr("c.yaml:19:10: error: construct.steps"));
    EXPECT_THAT(refused("{layers: 1, maximum: 3}", "{layers: 4, maximum: 3}"),
                HasSubstr("3 is below the 4 layers that the stage starts with"));
    EXPECT_THAT(refused("stages: [{layers: 1, maximum: 3}, {layers: 1, maximum: 1}, {layers: 1}]",
                        "stages: [{layers: 1}, {layers: 1}]"),
                HasSubstr("no stage is constructed: nothing would grow"));
    EXPECT_THAT(
        refused("snapshot: 2", "snapshot: 2\n  every: 3"),
        HasSubstr("construct.every: statistics in every 3 steps are too few for a look at them every 2"));
    EXPECT_THAT(refused("width: 6", "width: 5"), HasSubstr("width"));
    EXPECT_THAT(refused("kernel: 1", "kernel: 2"), HasSubstr("it is 1 or 3"));
    EXPECT_THAT(refused("kernel: 3, norm: none", "kernel: 5, norm: none"),
                HasSubstr("space.stem.kernel is 5"));
    EXPECT_THAT(refused("{layers: 1}]", "{layers: 1}, {layers: 1}, {layers: 1}, {layers: 1}]"),
                HasSubstr("6 stages are too many for these images: the map of stage 4 is 1 x 1"));
    EXPECT_THAT(refused("width: 6", "width: 60000"),
                HasSubstr("with 60000 channels at the start (construct.width)"));
    EXPECT_THAT(refused("width: 6", "width: 48\n  limited: true"),
                HasSubstr("with 12 channels at the start (space.stem.channels)"));
    EXPECT_THAT(refused("head: {dropout: 0.1}", "blocks: []"),
                HasSubstr("leave out either this key or `construct`"));
    EXPECT_THAT(refused("kernel: 3, norm: none", "kernel: 3, layers: 2"), HasSubstr("one convolution"));
}

TEST(Construct, TellsWhatTheDataCannotGive) {
    const Scratch folder;
    put(folder / "c.yaml", replaced(configuration, "snapshot: 2\n  batch: 16", "snapshot: 2\n  batch: 97"));
    const Ending ending = run({"construct", "c.yaml", "--run", "r"}, folder.here());
    EXPECT_EQ(ending.status, 2);
    EXPECT_THAT(last_line(ending.err), HasSubstr("97 images in a step, but there are 96 to train on"));
    const Ending dry = run({"run", "c.yaml", "--run", "r", "--dry-run"}, folder.here());
    EXPECT_EQ(dry.status, 2);
    EXPECT_THAT(last_line(dry.err), HasSubstr("97 images in a step, but there are 96 to train on"));
    const Ending none =
        run({"construct", TESSERA_SOURCE_DIR "/configs/quickstart.yaml", "--run", "q"}, folder.here());
    EXPECT_EQ(none.status, 2);
    EXPECT_THAT(last_line(none.err), HasSubstr("the configuration has no section `construct`"));
}

TEST(Construct, AFileOfAnotherConstructionIsNotTakenUp) {
    const Scratch folder;
    put(folder / "grown.yaml", configuration);
    ASSERT_EQ(run({"construct", "grown.yaml", "--run", "r"}, folder.here()).status, 0);
    put(folder / "r/construct/progress.json", "{\"fingerprint\": 3");
    put(folder / "r/construct/network.txt", "something else");
    const Ending again = run({"construct", "grown.yaml", "--run", "r"}, folder.here());
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_THAT(again.err, HasSubstr("the construction starts anew"));
    EXPECT_THAT(content_of(folder / "r/construct/network.txt"), HasSubstr("envelope_network("));
}

} // namespace
} // namespace tessera::tests
