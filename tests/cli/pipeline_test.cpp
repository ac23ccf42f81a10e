// From a configuration to exported networks, and what happens to a finished run.
#include <algorithm>

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
using ::testing::StartsWith;

const std::vector<std::string> stages = {"teach",  "distil",   "measure", "sample", "fit",
                                         "search", "finetune", "export",  "report"};

bool said_up_to_date(const Ending& ending, const std::string& stage) {
    return ending.err.find(stage + ": up to date\n") != std::string::npos;
}

void expect_artefacts(const fs::path& run) {
    for (const char* name :
         {"config.yaml", "log.jsonl", "teach/weights.safetensors", "teach/metrics.csv", "teach/metrics.svg",
          "library/library.csv", "library/learning_rate.json", "latency/cpu.yaml", "samples/samples.csv",
          "predictor/predictor.json", "predictor/honesty.json", "search/front.csv", "search/front.json",
          "search/front.svg", "search/hypervolume.csv", "models/models.csv", "export/exports.csv",
          "report/report.html"}) {
        EXPECT_FALSE(content_of(run / name).empty()) << name;
    }
    for (const std::string& stage : stages) {
        EXPECT_TRUE(fs::exists(run / "stages" / (stage + ".json"))) << stage;
    }
    const auto library = support::read_csv(run / "library/library.csv");
    EXPECT_EQ(library.rows.size(), 8U);
    const auto samples = support::read_csv(run / "samples/samples.csv");
    EXPECT_EQ(samples.rows.size(), 5U);
    for (const auto& row : samples.rows) {
        EXPECT_TRUE(fs::exists(run / "samples" / row[0] / "metrics.csv"));
    }
    const auto exports = support::read_csv(run / "export/exports.csv");
    ASSERT_EQ(exports.rows.size(), 1U);
    for (const char* name : {"model.pt", "weights.safetensors", "architecture.yaml"}) {
        EXPECT_TRUE(fs::exists(run / "export" / exports.rows[0][0] / name)) << name;
    }
    EXPECT_THAT(half_written(run), IsEmpty());
    EXPECT_FALSE(fs::exists(run / "teach/checkpoint.safetensors"));
    for (const auto& item : fs::recursive_directory_iterator(run / "library")) {
        EXPECT_FALSE(item.path().string().ends_with(".pass.safetensors")) << item.path();
    }
}

void expect_front(const fs::path& file) {
    // Architectures have commas: without quotes the rows would be ragged and refused.
    const auto front = support::read_csv(file);
    ASSERT_FALSE(front.rows.empty());
    for (const char* name :
         {"id", "architecture", "accuracy", "latency_cpu_ms", "macs", "parameters", "peak_memory_bytes"}) {
        ASSERT_NE(std::find(front.header.begin(), front.header.end(), name), front.header.end()) << name;
    }
    const auto accuracy = front.column("accuracy", "front"),
               latency = front.column("latency_cpu_ms", "front"),
               text = front.column("architecture", "front");
    for (const auto& row : front.rows) {
        EXPECT_GT(support::parse_number(row[accuracy], "accuracy"), 0);
        EXPECT_LT(support::parse_number(row[accuracy], "accuracy"), 1) << "a fraction";
        EXPECT_GT(support::parse_number(row[latency], "latency"), 0);
        EXPECT_THAT(content_of(file),
                    HasSubstr(row[text].find(',') == std::string::npos ? row[text] : '"' + row[text] + '"'));
    }
}

void expect_json(const Ending& ending) {
    const auto json = nlohmann::json::parse(ending.out, nullptr, false);
    ASSERT_TRUE(json.is_object()) << ending.out;
    for (const std::string& stage : stages) {
        EXPECT_TRUE(json.contains(stage)) << stage;
    }
    EXPECT_EQ(json.at("run"), "r");
}

TEST(Pipeline, FromNothingToExportedNetworksAndNothingTwice) {
    const Scratch folder;
    const fs::path r = folder / "r";
    put(folder / "tiny.yaml", tiny_configuration());
    const Ending first = run({"run", "tiny.yaml", "--run", "r"}, folder.here());
    ASSERT_EQ(first.status, 0) << first.err;
    EXPECT_THAT(first.err, HasSubstr("generated, not photographs"));
    EXPECT_THAT(first.out, HasSubstr("Front: "));
    expect_artefacts(r);
    expect_front(r / "search/front.csv");

    const auto before = snapshot(r);
    const Ending second = run({"run", "--run", "r", "--json"}, folder.here());
    ASSERT_EQ(second.status, 0) << second.err;
    for (const std::string& stage : stages) {
        EXPECT_TRUE(said_up_to_date(second, stage)) << stage;
    }
    EXPECT_TRUE(same_files(before, snapshot(r)));
    expect_json(second);
    EXPECT_THAT(run({"run", "--run", "r", "--quiet"}, folder.here()).err, IsEmpty());

    const Ending status = run({"status", "--run", "r", "--json"}, folder.here());
    EXPECT_EQ(status.status, 0);
    const auto states = nlohmann::json::parse(status.out, nullptr, false);
    ASSERT_EQ(states.size(), stages.size());
    for (const auto& state : states) {
        EXPECT_EQ(state.at("state"), "done") << state;
    }

    // The first run's table, given to another run, is taken as it is, and its networks are not timed again.
    put(folder / "table.yaml", content_of(r / "latency/cpu.yaml"));
    const Ending pinned =
        run({"measure", "tiny.yaml", "--run", "p", "--set", "latency.table=table.yaml"}, folder.here());
    EXPECT_EQ(pinned.status, 0) << pinned.err;
    EXPECT_EQ(content_of(folder / "p/latency/cpu.yaml"), content_of(r / "latency/cpu.yaml"));
}

TEST(Pipeline, OnlyWhatChangedIsRedone) {
    const Scratch folder;
    const fs::path r = folder / "r";
    put(folder / "table.yaml", tiny_latency_table());
    put(folder / "tiny.yaml", replaced(tiny_configuration(), "rounds: 2", "table: table.yaml"));
    ASSERT_EQ(run({"run", "tiny.yaml", "--run", "r", "-q"}, folder.here()).status, 0);
    const auto before = snapshot(r);

    const Ending longer = run({"run", "--run", "r", "--set", "finetune.epochs=2"}, folder.here());
    ASSERT_EQ(longer.status, 0) << longer.err;
    for (const std::string& stage : stages) {
        const bool below = stage == "finetune" || stage == "export" || stage == "report";
        EXPECT_EQ(said_up_to_date(longer, stage), !below) << stage;
    }
    for (const auto& [name, content] : snapshot(r)) {
        const bool below = name.starts_with("models/") || name.starts_with("export/") ||
                           name.starts_with("report/") || name.starts_with("stages/") ||
                           name == "config.yaml";
        if (!below) {
            EXPECT_EQ(content, before.at(name)) << name;
        }
    }
    EXPECT_NE(snapshot(r).at("models/models.csv"), before.at("models/models.csv"));

    // Only the run folder: its own configuration counts.
    fs::remove(folder / "tiny.yaml");
    const Ending again = run({"search", "--run", "r", "--set", "search.generations=9"}, folder.here());
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_THAT(again.out, StartsWith("Front: "));
    EXPECT_THAT(content_of(r / "config.yaml"), HasSubstr("generations: 9"));
    const Ending status = run({"status", "--run", "r"}, folder.here());
    EXPECT_THAT(status.out, HasSubstr("search    done"));
}

TEST(Pipeline, ARunWithDefaultObjectivesGoesOnFromItsFolderAlone) {
    const Scratch folder;
    const std::string all = tiny_configuration();
    put(folder / "tiny.yaml", all.substr(0, all.find("search:")));
    put(folder / "table.yaml", tiny_latency_table());
    ASSERT_EQ(run({"measure", "tiny.yaml", "--run", "r", "--set", "latency.table=table.yaml"}, folder.here())
                  .status,
              0);
    const Ending again = run({"measure", "--run", "r"}, folder.here());
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_TRUE(said_up_to_date(again, "measure")) << again.err;
}

TEST(Pipeline, AStageSaysWhichCommandIsMissing) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    const Ending ending = run({"search", "tiny.yaml", "--run", "r"}, folder.here());
    EXPECT_EQ(ending.status, 2);
    EXPECT_THAT(
        ending.err,
        HasSubstr("search needs distil, which has not been done; run `tessera distil --run r` first"));
    EXPECT_EQ(line_count(ending.err), 1);
}

} // namespace
} // namespace tessera::tests
