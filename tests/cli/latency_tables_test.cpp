// Latency tables that the user brings: what a run makes of them, and how each mistake in one is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/csv.h"
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

/// Two devices for the tiny space; on the phone b2 has no row for its pass-through.
std::string two_devices() {
    std::string text = "device,block,choice,p50_us\n";
    double us = 10;
    for (const std::string device : {"phone", "board"}) {
        text += device + ",stem,,20\n" + device + ",head,,10\n";
        for (const std::string block : {"b1", "b2"}) {
            for (const std::string choice : {"identity", "conv(width=0.5)", "conv", "mbconv(expand=2)"}) {
                if (device == "phone" && block == "b2" && choice == "identity") {
                    continue;
                }
                text += device + "," + block + "," + choice + "," + support::number(us) + "\n";
                us += 10;
            }
        }
    }
    return text;
}

class LatencyTables : public ::testing::Test {
protected:
    void SetUp() override {
        put(folder / "tiny.yaml", replaced(replaced(tiny_configuration(), "latency: {rounds: 2}",
                                                    "latency: {table: table.csv, missing: exclude}"),
                                           "- {name: latency_cpu_ms, direction: minimize}",
                                           "- {name: latency_phone_ms, direction: minimize}\n"
                                           "    - {name: latency_board_ms, direction: minimize}"));
        put(folder / "table.csv", two_devices());
    }
    Ending tessera(std::vector<std::string> arguments) { return run(arguments, folder.here()); }
    /// `measure`, which is to fail in one line.
    std::string failing(const std::vector<std::string>& overrides, int status = 1) {
        std::vector<std::string> arguments = {"measure", "tiny.yaml", "--run", "r", "-q"};
        for (const std::string& set : overrides) {
            arguments.emplace_back("--set");
            arguments.push_back(set);
        }
        const Ending ending = tessera(arguments);
        EXPECT_EQ(ending.status, status) << ending.err;
        EXPECT_EQ(line_count(ending.err), 1) << ending.err;
        EXPECT_THAT(ending.out, IsEmpty());
        EXPECT_FALSE(fs::exists(folder / "r/stages/measure.json"));
        return ending.err;
    }

    const Scratch folder;
};

TEST_F(LatencyTables, OfTwoDevicesAreTwoObjectivesOfARun) {
    const Ending ending = tessera({"run", "tiny.yaml", "--run", "r"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(ending.err, HasSubstr("table.csv: no latency on phone of 1 of the space's 8 choices: b2 "
                                      "identity; these are left out of the search"));
    EXPECT_THAT(ending.out, AllOf(HasSubstr("Latency on board"), HasSubstr("Latency on phone"),
                                  HasSubstr("not checked against whole networks")));
    const auto front = support::read_csv(folder / "r/search/front.csv");
    const auto phone = front.column("latency_phone_ms", "front"),
               board = front.column("latency_board_ms", "front"),
               architecture = front.column("architecture", "front");
    ASSERT_FALSE(front.rows.empty());
    for (const auto& row : front.rows) {
        EXPECT_THAT(row[architecture], Not(::testing::EndsWith("| identity")));
        EXPECT_GT(support::parse_number(row[board], "board"), support::parse_number(row[phone], "phone"));
    }
    const auto models = support::read_csv(folder / "r/models/models.csv");
    EXPECT_EQ(models.rows.at(0)[models.column("measured_latency_phone_ms", "models")], "");

    // What was made of the table is in the run, which goes on without the file.
    fs::rename(folder / "table.csv", folder / "elsewhere.csv");
    EXPECT_THAT(tessera({"measure", "--run", "r"}).err, HasSubstr("measure: up to date"));
    EXPECT_EQ(tessera({"search", "--run", "r", "--set", "search.generations=5"}).status, 0);
    fs::rename(folder / "elsewhere.csv", folder / "table.csv");

    // The content counts, not the name.
    EXPECT_THAT(tessera({"measure", "--run", "r"}).err, HasSubstr("measure: up to date"));
    put(folder / "table.csv", replaced(two_devices(), "phone,stem,,20", "phone,stem,,21"));
    EXPECT_THAT(tessera({"status", "--run", "r"}).out, HasSubstr("measure   out of date"));
    EXPECT_THAT(tessera({"measure", "--run", "r"}).err, Not(HasSubstr("up to date")));
}

TEST_F(LatencyTables, MistakesAreSaidBeforeAnythingIsSpent) {
    EXPECT_THAT(
        failing({"latency.missing=error"}),
        HasSubstr("table.csv: no latency on phone of 1 of the space's 8 choices: b2 identity; add rows"));
    EXPECT_THAT(failing({"latency.device=x"}), HasSubstr("rows of 2 devices"));
    EXPECT_THAT(failing({"latency.device=a/b"}, 2), HasSubstr("latency.device"));
    EXPECT_THAT(failing({"search.objectives=[{name: latency_cpu_ms, direction: minimize}]"}, 2),
                HasSubstr("unknown objective 'latency_cpu_ms'"));
    EXPECT_FALSE(fs::exists(folder / "r"));
    EXPECT_THAT(failing({"latency.table=none.csv"}, 2), HasSubstr("none.csv: no such file"));
    const std::vector<std::pair<std::string, std::string>> mistakes = {
        {"phone,b1,conv,30", "phone,b1,conv,-30"}, {"phone,b1,conv,30", "phone,b1,conv,0"},
        {"phone,b1,conv,30", "phone,b1,conv,nan"}, {"phone,b1,conv,30", "phone,b1,conv,soon"},
        {"phone,b1,conv,30", "phone,b1,conv"},     {"phone,b1,conv,30", "phone,b1,conv,30\nphone,b1,conv,30"},
    };
    for (const auto& [right, wrong] : mistakes) {
        put(folder / "table.csv", replaced(two_devices(), right, wrong));
        EXPECT_THAT(failing({}), StartsWith("error: " + (folder / "table.csv").string() + ":")) << wrong;
    }
    for (const std::string unit : {"p50", "p50_ns", "p50_minutes"}) {
        put(folder / "table.csv", replaced(two_devices(), "p50_us", unit));
        EXPECT_THAT(failing({}), HasSubstr("write latency_ms, latency_us or latency_s")) << unit;
    }
}

TEST_F(LatencyTables, ProbesGoToAnotherMachineAndItsResultsComeBack) {
    put(folder / "plain.yaml", replaced(tiny_configuration(), "- {name: latency_cpu_ms, direction: minimize}",
                                        "- {name: macs, direction: minimize}"));
    const Ending emitted = tessera({"measure", "plain.yaml", "--emit", "probes"});
    ASSERT_EQ(emitted.status, 0) << emitted.err;
    EXPECT_THAT(emitted.out, HasSubstr("  tessera measure plain.yaml --from probes/RESULTS.csv\n"));
    const Ending in_a_run = tessera({"measure", "plain.yaml", "--run", "a run", "--emit", "more probes"});
    EXPECT_THAT(in_a_run.out,
                HasSubstr("  tessera measure plain.yaml --run 'a run' --from 'more probes/RESULTS.csv'\n"));
    EXPECT_FALSE(fs::exists(folder / "runs"));
    EXPECT_THAT(half_written(folder / "probes"), IsEmpty());
    const auto manifest = support::read_csv(folder / "probes/manifest.csv");
    const auto block = manifest.column("block", "m"), choice = manifest.column("choice", "m"),
               architecture = manifest.column("architecture", "m"), space = manifest.column("space", "m");
    support::CsvTable results;
    results.header = {"block", "choice", "architecture", "space", "latency_us"};
    for (const auto& row : manifest.rows) {
        EXPECT_TRUE(fs::exists(folder / "probes" / row[manifest.column("file", "m")]));
        results.add({row[block], row[choice], row[architecture], row[space],
                     row[block] == "call"        ? "1"
                     : row[architecture].empty() ? "101"
                                                 : "401"});
    }
    put(folder / "elsewhere/RESULTS.csv", results.text());

    const std::vector<std::string> read = {
        "measure", "plain.yaml", "--run", "r", "--from", "elsewhere/RESULTS.csv", "--device-name", "pixel7"};
    const Ending measured = tessera(read);
    ASSERT_EQ(measured.status, 0) << measured.err;
    EXPECT_THAT(measured.out, AllOf(HasSubstr("Latency on pixel7"), HasSubstr("8 (block, choice) pairs"),
                                    HasSubstr("against 12 whole networks: mean error 0.0 %")));
    EXPECT_TRUE(fs::exists(folder / "r/latency/pixel7.yaml"));
    EXPECT_THAT(tessera({"measure", "--run", "r"}).err, HasSubstr("up to date"));

    put(folder / "other.yaml",
        replaced(content_of(folder / "plain.yaml"), "width: [0.5, 1]", "width: [0.25, 1]"));
    const Ending other = tessera({"measure", "other.yaml", "--from", "elsewhere/RESULTS.csv"});
    EXPECT_EQ(other.status, 1);
    EXPECT_THAT(last_line(other.err), HasSubstr("RESULTS.csv:2: measured for another space"));

    const Ending again = tessera({"measure", "plain.yaml", "--emit", "probes"});
    EXPECT_EQ(again.status, 1);
    EXPECT_THAT(again.err, HasSubstr("probes: there is something already"));
    const Ending both = tessera({"measure", "plain.yaml", "--emit", "p", "--from", "elsewhere/RESULTS.csv"});
    EXPECT_EQ(both.status, 2);
    EXPECT_THAT(both.err, HasSubstr("--from does not go with it"));
    EXPECT_EQ(tessera({"teach", "plain.yaml", "--emit", "p"}).status, 2);
    EXPECT_FALSE(fs::exists(folder / "p"));
}

TEST_F(LatencyTables, AnotherDevicesTableSaysWhichObjectiveToAsk) {
    const std::string wanted =
        "--set 'search.objectives=[{name: accuracy, direction: maximize}, {name: latency_phone_ms, "
        "direction: minimize, max: 5}]'";
    put(folder / "plain.yaml", replaced(tiny_configuration(), "name: latency_cpu_ms, direction: minimize",
                                        "name: latency_cpu_ms, direction: minimize, max: 5"));
    put(folder / "phone.csv",
        replaced(two_devices(), "phone,b2,conv,", "phone,b2,identity,5\nphone,b2,conv,"));
    std::string text = content_of(folder / "phone.csv");
    text.erase(text.find("board,")); // one device
    put(folder / "phone.csv", text);
    std::vector<std::string> words = {"measure", "plain.yaml", "--run", "r", "--from", "phone.csv"};
    const Ending refused = tessera(words);
    EXPECT_EQ(refused.status, 2);
    EXPECT_EQ(line_count(refused.err), 1U) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("search.objectives[1].name: unknown objective 'latency_cpu_ms': "));
    EXPECT_THAT(refused.err, HasSubstr("; add " + wanted));
    words.insert(words.end(), {"--set", wanted.substr(7, wanted.size() - 8)}); // as the shell takes it
    EXPECT_EQ(tessera(words).status, 0);
}

TEST_F(LatencyTables, WholeNetworksAloneSuffice) {
    std::string text = "architecture,latency_ms\n";
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 3; ++j) {
            text +=
                std::to_string(i) + std::to_string(j) + "," + support::number(1 + 0.5 * i + 0.25 * j) + "\n";
        }
    }
    put(folder / "plain.yaml", tiny_configuration());
    put(folder / "networks.csv", text);
    const Ending ending = tessera({"measure", "plain.yaml", "--from", "networks.csv"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(ending.err, AllOf(HasSubstr("costs on cpu by regression on 12 whole networks"),
                                  HasSubstr("1 of the space's 8 choices are in none of the networks")));
    EXPECT_THAT(ending.out, HasSubstr("8 (block, choice) pairs, 1 of them estimated"));
    put(folder / "networks.csv", text.substr(0, text.find("20,")));
    const Ending few = tessera({"measure", "plain.yaml", "--from", "networks.csv"});
    EXPECT_EQ(few.status, 1);
    EXPECT_THAT(few.err, HasSubstr("6 whole networks on cpu, but the costs of 2 blocks need 10 at least"));
}

TEST_F(LatencyTables, DescribeTellsTheReachOfTheirObjectives) {
    const Ending ending =
        tessera({"describe", "tiny.yaml", "--set",
                 "search.objectives=[{name: latency_phone_ms, direction: minimize, max: 1}]"});
    EXPECT_EQ(ending.status, 0) << ending.err;
    EXPECT_THAT(ending.out,
                AllOf(::testing::ContainsRegex("latency_phone_ms +0\\.090 +0\\.120 +0\\.140\n"),
                      HasSubstr("latency_board_ms"), HasSubstr("latency_phone_ms <= 1: can be met"),
                      HasSubstr("b2 identity; these are left out of the search")));
    const Ending infeasible =
        tessera({"run", "tiny.yaml", "--set",
                 "search.objectives=[{name: latency_phone_ms, direction: minimize, max: 0.01}]"});
    EXPECT_EQ(infeasible.status, 3);
    EXPECT_FALSE(fs::exists(folder / "runs"));
}

} // namespace
} // namespace tessera::tests
