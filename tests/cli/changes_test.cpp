// A configuration, or a file, that changes under a run: what is done again, what is kept, what is asked
// first.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/image_files.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Changes : public ::testing::Test {
protected:
    void SetUp() override {
        put(folder / "table.yaml", tiny_latency_table());
        put(folder / "tiny.yaml", replaced(tiny_configuration(), "rounds: 2", "table: table.yaml"));
    }
    Ending tessera(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--run", "r"});
        return run(arguments, folder.here());
    }
    void walk() {
        const Ending ending = tessera({"run", "tiny.yaml", "-q"});
        ASSERT_EQ(ending.status, 0) << ending.err;
    }
    void pretend_an_hour(const std::string& stage) { pretend(stage, 3600); }
    /// As if `stage` had taken that long.
    void pretend(const std::string& stage, double seconds) {
        const fs::path file = folder / "r/stages/seconds.json";
        auto json = nlohmann::json::parse(content_of(file));
        json.at(stage)["seconds"] = seconds;
        put(file, json.dump());
    }
    const Scratch folder;
};

TEST_F(Changes, ADryRunSaysWhatWouldRunAndLeavesNothing) {
    const Ending before = tessera({"run", "tiny.yaml", "--dry-run", "--json"});
    ASSERT_EQ(before.status, 0) << before.err;
    EXPECT_FALSE(fs::exists(folder / "r"));
    const auto plan = nlohmann::json::parse(before.out);
    ASSERT_EQ(plan.at("stages").size(), 9);
    double seconds = 0;
    for (const auto& stage : plan.at("stages")) {
        EXPECT_TRUE(stage.at("runs").get<bool>()) << stage;
        EXPECT_EQ(stage.at("because").at(0), "not done yet");
        EXPECT_GT(stage.at("seconds").get<double>(), 0) << stage;
        EXPECT_GT(stage.at("memory_bytes").get<double>(), 50e6) << stage;
        seconds += stage.at("seconds").get<double>();
    }
    EXPECT_NEAR(plan.at("seconds").get<double>(), seconds, 1e-9 * seconds);
    EXPECT_GT(plan.at("disk_bytes").get<double>(), 0);

    walk();
    const auto files = snapshot(folder / "r");
    const Ending after = tessera({"run", "--dry-run"});
    EXPECT_EQ(after.status, 0) << after.err;
    EXPECT_THAT(after.out, HasSubstr("Nothing to do."));
    const Ending search = tessera({"run", "--dry-run", "--set", "search.generations=5"});
    EXPECT_THAT(search.out, HasSubstr("search.generations: 4 -> 5"));
    EXPECT_THAT(search.out, HasSubstr("search runs before it"));
    EXPECT_THAT(search.out, HasSubstr("Nothing was run."));
    EXPECT_TRUE(same_files(files, snapshot(folder / "r")));
}

TEST_F(Changes, ADryRunSubtractsWhatAnInterruptedStageHas) {
    const auto estimate = [&](const std::string& stage) {
        const Ending ending = tessera({"run", "--dry-run", "--json"});
        EXPECT_EQ(ending.status, 0) << ending.err;
        const auto plan = nlohmann::json::parse(ending.out);
        for (const auto& each : plan.at("stages")) {
            if (each.at("stage") == stage && each.at("runs").get<bool>()) {
                return each;
            }
        }
        ADD_FAILURE() << stage << " is not planned: " << ending.out;
        return nlohmann::json();
    };
    const auto seconds = [&](const std::string& stage) {
        return estimate(stage).at("seconds").get<double>();
    };
    walk();
    fs::remove(folder / "r/stages/sample.json"); // as if it had been interrupted after its last network
    EXPECT_EQ(seconds("sample"), 0);
    for (const auto& entry : fs::directory_iterator(folder / "r/samples")) {
        if (entry.is_directory()) {
            fs::remove(entry.path() / "result.json");
            break;
        }
    }
    EXPECT_GT(seconds("sample"), 0);
    EXPECT_THAT(tessera({"status"}).out, HasSubstr("sample    begun, 80 %"));
    EXPECT_EQ(tessera({"sample", "-q"}).status, 0);

    fs::remove(folder / "r/stages/finetune.json");
    EXPECT_EQ(estimate("finetune").at("disk_bytes"), 0);
    EXPECT_EQ(tessera({"run", "-q"}).status, 0);

    fs::remove(folder / "r/stages/distil.json");
    EXPECT_EQ(estimate("distil").at("disk_bytes"), 0);
    fs::remove_all(folder / "r/library/b2");
    EXPECT_GT(estimate("distil").at("disk_bytes"), 0);
}

TEST_F(Changes, ADryRunSubtractsTheEpochsOfTheReference) {
    Program program({"teach", "tiny.yaml", "--run", "r", "--set", "teach.epochs=400", "-q"}, folder.here());
    ASSERT_TRUE(
        program.wait_until([&] { return line_count(content_of(folder / "r/teach/metrics.csv")) > 300; }));
    program.send(SIGTERM);
    EXPECT_EQ(program.wait().status, 143);
    EXPECT_THAT(tessera({"status"}).out, HasSubstr("teach     begun, "));
    const auto seconds = [&](const std::string& run_folder) {
        const Ending ending = run(
            {"teach", "tiny.yaml", "--run", run_folder, "--set", "teach.epochs=400", "--dry-run", "--json"},
            folder.here());
        return nlohmann::json::parse(ending.out).at("seconds").get<double>();
    };
    EXPECT_LT(seconds("r"), 0.6 * seconds("another")) << "of 400 epochs 300 are done";
}

TEST_F(Changes, ARunOfMoreThanADaySaysSoFirst) {
    Program program(
        {"run", "tiny.yaml", "--run", "r", "--set", "sample.epochs=100000", "--set", "sample.count=10000"},
        folder.here());
    const bool begun = program.wait_until(
        [&] { return content_of(folder / "r/log.jsonl").find("teach: ") != std::string::npos; });
    program.send(SIGTERM);
    const Ending ending = program.wait();
    ASSERT_TRUE(begun) << ending.err;
    const auto warned = ending.err.find("warning: this will take about ");
    ASSERT_NE(warned, std::string::npos) << ending.err;
    EXPECT_THAT(ending.err, HasSubstr("on 1 thread; `--dry-run` shows where it goes"));
    EXPECT_LT(warned, ending.err.find("teach: trains the reference network"));
    EXPECT_THAT(run({"run", "tiny.yaml", "--run", "short", "-q"}, folder.here()).err,
                Not(HasSubstr("this will take about")));
}

TEST_F(Changes, TrainingIsNotDiscardedUnasked) {
    walk();
    pretend_an_hour("teach");
    const auto files = snapshot(folder / "r");
    const Ending refused = tessera({"run", "--set", "teach.epochs=2"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.out, IsEmpty());
    EXPECT_THAT(last_line(refused.err), HasSubstr("teach.epochs: 1 -> 2"));
    EXPECT_THAT(last_line(refused.err), HasSubstr("1 h 00 min"));
    EXPECT_THAT(last_line(refused.err), HasSubstr("--redo teach"));
    EXPECT_TRUE(same_files(files, snapshot(folder / "r"))) << "config.yaml included";
    EXPECT_THAT(tessera({"run", "--dry-run", "--set", "teach.epochs=2"}).out,
                HasSubstr("needs --redo teach"));

    const Ending redone = tessera({"run", "--set", "teach.epochs=2", "--redo", "teach", "-q"});
    EXPECT_EQ(redone.status, 0) << redone.err;
    EXPECT_NE(content_of(folder / "r/teach/result.json"), files.at("teach/result.json"));
}

TEST_F(Changes, DropoutIsPartOfWhatTheReferenceWasTrainedWith) {
    ASSERT_EQ(tessera({"teach", "tiny.yaml", "-q"}).status, 0);
    const std::string without = content_of(folder / "r/teach/weights.safetensors");
    const std::string dropout = "space.head.dropout=0.5";
    EXPECT_THAT(tessera({"teach", "--dry-run", "--set", dropout}).out, HasSubstr("space.head.dropout"));
    ASSERT_EQ(tessera({"teach", "-q", "--set", dropout}).status, 0);
    EXPECT_NE(content_of(folder / "r/teach/weights.safetensors"), without);
    EXPECT_THAT(tessera({"teach"}).err, HasSubstr("teach: up to date"));
    EXPECT_THAT(tessera({"teach", "--dry-run", "--set", "space.head.dropout=0.25"}).out,
                HasSubstr("space.head.dropout: 0.5 -> 0.25"));
}

TEST_F(Changes, WhatTookLessThanAMinuteIsRedoneUnasked) {
    walk();
    pretend("teach", 11);
    const Ending planned = tessera({"run", "--dry-run", "--set", "teach.epochs=2"});
    EXPECT_THAT(planned.out, HasSubstr("; discards 11 s of training"));
    EXPECT_THAT(planned.out, Not(HasSubstr("needs --redo")));
    EXPECT_EQ(tessera({"run", "--set", "teach.epochs=2", "-q"}).status, 0);
}

TEST_F(Changes, OtherPicksTrainOnlyWhatIsNew) {
    walk();
    pretend_an_hour("finetune");
    std::map<fs::path, fs::file_time_type> written;
    for (const auto& entry : fs::directory_iterator(folder / "r/models")) {
        if (entry.is_directory()) {
            written[entry.path()] = fs::last_write_time(entry.path() / "result.json");
        }
    }
    ASSERT_EQ(written.size(), 1);
    const Ending ending = tessera({"finetune", "--pick", "all"});
    EXPECT_EQ(ending.status, 0) << ending.err;
    for (const auto& [model, time] : written) {
        EXPECT_EQ(fs::last_write_time(model / "result.json"), time) << "trained again";
    }
}

TEST_F(Changes, ALibraryFileThatIsLostIsDistilledAgain) {
    walk();
    const auto files = snapshot(folder / "r");
    for (const auto& entry : fs::directory_iterator(folder / "r/library/b1")) {
        fs::remove(entry.path());
    }
    const Ending ending = tessera({"run", "-q"});
    EXPECT_EQ(ending.status, 0) << ending.err;
    EXPECT_TRUE(same_files(files, snapshot(folder / "r")));
}

TEST_F(Changes, ARunOutlivesThePlotsAndTheTableItWasMadeWith) {
    walk();
    fs::remove(folder / "table.yaml");
    fs::remove(folder / "r/search/front.svg");
    fs::remove(folder / "r/teach/metrics.svg");
    const Ending ending = tessera({"run"});
    EXPECT_EQ(ending.status, 0) << ending.err;
    EXPECT_TRUE(fs::exists(folder / "r/search/front.svg"));
    EXPECT_THAT(ending.err, HasSubstr("teach: up to date"));
}

TEST_F(Changes, ARefusedOptionIsNotWhatTheRunGoesOnWith) {
    walk();
    const Ending refused = tessera({"finetune", "--pick", "latencycpu<=5"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_EQ(tessera({"run", "-q"}).status, 0);
}

TEST_F(Changes, AMistakeThatShowsLateCostsNothing) {
    walk();
    const auto files = snapshot(folder / "r");
    fs::create_directories(folder / "empty");
    const Ending typo = tessera({"run", "--set", "data.kind=mnist", "--set", "data.path=empty"});
    EXPECT_NE(typo.status, 0);
    put(folder / "r/config.yaml", files.at("config.yaml"));
    EXPECT_TRUE(same_files(files, snapshot(folder / "r")));
    const Ending again = tessera({"run"});
    EXPECT_EQ(again.status, 0);
    EXPECT_THAT(again.err, HasSubstr("teach: up to date"));
}

TEST_F(Changes, ADamagedModelIsTrainedAgain) {
    walk();
    const auto files = snapshot(folder / "r");
    for (const auto& entry : fs::directory_iterator(folder / "r/models")) {
        if (entry.is_directory()) {
            put(entry.path() / "weights.safetensors", "xx");
        }
    }
    const Ending status = tessera({"status"});
    EXPECT_THAT(status.out, HasSubstr("weights.safetensors has changed"));
    const Ending refused = tessera({"export"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.err, HasSubstr("finetune, which is damaged (models/"));
    EXPECT_EQ(tessera({"run", "-q"}).status, 0);
    EXPECT_TRUE(same_files(files, snapshot(folder / "r")));
}

TEST_F(Changes, AnExportedFileThatIsLostIsWrittenAgain) {
    walk();
    const auto files = snapshot(folder / "r");
    for (const char* name : {"model.pt", "example.safetensors"}) {
        for (const auto& entry : fs::directory_iterator(folder / "r/export")) {
            if (entry.is_directory()) {
                EXPECT_TRUE(fs::remove(entry.path() / name));
            }
        }
        EXPECT_THAT(tessera({"status"}).out, HasSubstr(std::string(name) + " is missing"));
        EXPECT_EQ(tessera({"export", "-q"}).status, 0);
        EXPECT_TRUE(same_files(files, snapshot(folder / "r")));
    }
}

TEST_F(Changes, APickThatCannotBeIsSaidBeforeAnythingIsDone) {
    const Ending ending = tessera({"run", "tiny.yaml", "--set", "finetune.pick=[bogus]"});
    EXPECT_EQ(ending.status, 2);
    EXPECT_THAT(ending.err, HasSubstr("'bogus' picks nothing: use knee, all, spread:K"));
    EXPECT_FALSE(fs::exists(folder / "r"));
}

TEST_F(Changes, ASpaceTooSmallForAPredictorIsSaidAtOnce) {
    put(folder / "small.yaml", replaced(replaced(tiny_configuration(), "        - identity: {}\n", ""),
                                        "width: [0.5, 1]", "width: 1"));
    const Ending ending = tessera({"run", "small.yaml"});
    EXPECT_EQ(ending.status, 2);
    EXPECT_THAT(ending.err, HasSubstr("space: 4 architectures are too few to search"));
}

TEST_F(Changes, OutputThatNobodyTakesIsAnErrorUnlessItIsAPipe) {
    const auto status = [&](const std::string& tail) {
        const std::string call = "cd '" + folder.path().string() +
                                 "' && '" TESSERA_PROGRAM "' describe tiny.yaml " + tail +
                                 "; exit ${PIPESTATUS[0]}";
        put(folder / "script", call);
        return std::system(("bash '" + (folder / "script").string() + "'").c_str()) / 256;
    };
    EXPECT_EQ(status("> /dev/full 2> err"), 1);
    EXPECT_THAT(content_of(folder / "err"), HasSubstr("cannot write to the standard output"));
    EXPECT_EQ(status("| true"), 0);
}

TEST_F(Changes, WhatDependsOnTheChangeIsAskedForBeforeAnythingIsWritten) {
    walk();
    pretend_an_hour("distil");
    const auto files = snapshot(folder / "r");
    const Ending refused = tessera({"run", "--set", "teach.epochs=2"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(last_line(refused.err), HasSubstr("distil (1 h 00 min)"));
    EXPECT_THAT(last_line(refused.err), HasSubstr("--redo teach"));
    EXPECT_TRUE(same_files(files, snapshot(folder / "r"))) << "the teacher of that library included";
    EXPECT_EQ(tessera({"teach", "--set", "teach.epochs=2"}).status, 2) << "alone as well";
    EXPECT_THAT(tessera({"run", "--dry-run", "--set", "teach.epochs=2"}).out,
                HasSubstr("teach runs before it; discards 1 h 00 min of training"));
}

TEST_F(Changes, ARedoThatCannotWorkForgetsNothing) {
    walk();
    const auto files = snapshot(folder / "r");
    const Ending refused = tessera({"run", "--redo", "teach", "--device", "cuda:9"});
    EXPECT_NE(refused.status, 0);
    EXPECT_TRUE(same_files(files, snapshot(folder / "r")));
}

TEST_F(Changes, TrainingThatWasInterruptedIsNotThrownAwayEither) {
    walk();
    fs::remove(folder / "r/stages/teach.json"); // as if it had not finished
    pretend_an_hour("teach");
    const Ending refused = tessera({"teach", "--set", "teach.epochs=2"});
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(last_line(refused.err), HasSubstr("teach.epochs: 1 -> 2"));
    EXPECT_THAT(tessera({"run", "--dry-run"}).out, HasSubstr("not finished yet"));
    EXPECT_EQ(tessera({"teach", "-q"}).status, 0) << "as it was begun";
}

TEST_F(Changes, RenamedClassesAreNoticed) {
    put_classes(folder / "images", {"a", "b", "c", "d"}, 20, 10);
    std::string text =
        replaced(content_of(folder / "tiny.yaml"), "kind: synthetic", "kind: image_folder\n  path: images");
    put(folder / "tiny.yaml", text);
    ASSERT_EQ(tessera({"teach", "tiny.yaml", "-q"}).status, 0);
    EXPECT_THAT(tessera({"teach"}).err, HasSubstr("teach: up to date"));
    put(folder / "images/notes.txt", "no image"); // which is told where images are read
    EXPECT_THAT(tessera({"status"}).err, IsEmpty());
    EXPECT_THAT(tessera({"run", "--dry-run"}).err, Not(HasSubstr("left out")));
    fs::rename(folder / "images/a", folder / "images/z");
    EXPECT_THAT(tessera({"run", "--dry-run"}).out, HasSubstr("files of data.path has changed"));
}

TEST_F(Changes, RedoNamesAStageOfTheCommand) {
    walk();
    const Ending unknown = tessera({"run", "--redo", "distill"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(unknown.err, HasSubstr("did you mean distil?"));
    const Ending other = tessera({"search", "--redo", "teach"});
    EXPECT_EQ(other.status, 2);
    EXPECT_THAT(other.err, HasSubstr("--redo teach: `tessera search` has no such stage"));
    EXPECT_EQ(line_count(other.err), 1);
}

} // namespace
} // namespace tessera::tests
