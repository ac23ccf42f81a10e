// SIGINT and SIGTERM: the work is kept, the last line is the command that goes on, and it does. And the run's
// lock.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The command in "... To go on: tessera COMMAND", as a shell would take it apart.
std::vector<std::string> resuming_command(const std::string& error, const Scratch& folder) {
    const std::string mark = "To go on: "; // then the program as it was called
    const std::string line = last_line(error);
    const auto at = line.find(mark);
    if (at == std::string::npos) {
        ADD_FAILURE() << "no resuming command: " << error;
        return {};
    }
    const std::string script =
        "cd '" + folder.path().string() + "' && printf '%s\\n' " + line.substr(at + mark.size()) + " > words";
    EXPECT_EQ(std::system(script.c_str()), 0) << script;
    std::vector<std::string> words; // the program's own path first
    std::string word;
    for (const char c : content_of(folder / "words")) {
        if (c == '\n') {
            words.push_back(std::move(word));
            word.clear();
        } else {
            word += c;
        }
    }
    EXPECT_THAT(words.front(), ::testing::EndsWith("tessera"));
    EXPECT_TRUE(fs::exists(words.front())) << "it can be pasted";
    words.erase(words.begin());
    return words;
}

struct Case {
    int signal, status;
};

class Interrupt : public ::testing::TestWithParam<Case> {};

TEST_P(Interrupt, SaysHowToGoOnAndGoesOn) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    const std::vector<std::string> arguments = {"teach",  "tiny.yaml", "--run", "a run",
                                                "--seed", "5",         "--set", "teach.epochs=9"};
    ASSERT_EQ(run({"teach", "tiny.yaml", "--run", "straight", "--seed", "5", "--set", "teach.epochs=9"},
                  folder.here())
                  .status,
              0);
    Program program(arguments, folder.here());
    ASSERT_TRUE(
        program.wait_until([&] { return fs::exists(folder / "a run/teach/checkpoint.safetensors"); }));
    program.send(GetParam().signal);
    const Ending interrupted = program.wait();
    EXPECT_EQ(interrupted.status, GetParam().status) << interrupted.err;
    EXPECT_THAT(half_written(folder / "a run"), IsEmpty());
    const auto words = resuming_command(interrupted.err, folder);
    EXPECT_THAT(words, ElementsAre("teach", "tiny.yaml", "--run", "a run", "--set", "teach.epochs=9", "--set",
                                   "seed=5"));
    const Ending resumed = run(words, folder.here());
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("teach: continues after epoch"));
    EXPECT_EQ(content_of(folder / "a run/teach/weights.safetensors"),
              content_of(folder / "straight/teach/weights.safetensors"));
}

INSTANTIATE_TEST_SUITE_P(Both, Interrupt, ::testing::Values(Case{SIGINT, 130}, Case{SIGTERM, 143}),
                         [](const auto& each) { return each.param.signal == SIGINT ? "SIGINT" : "SIGTERM"; });

TEST(InterruptedPick, IsQuotedForTheShell) {
    const Scratch folder;
    put(folder / "table.yaml", tiny_latency_table());
    put(folder / "tiny.yaml", replaced(tiny_configuration(), "rounds: 2", "table: table.yaml"));
    ASSERT_EQ(run({"run", "tiny.yaml", "--run", "r", "-q"}, folder.here()).status, 0);
    Program program({"finetune", "--run", "r", "--pick", "latency_cpu_ms<=5", "--set", "finetune.epochs=100"},
                    folder.here());
    const auto in_training = [&] {
        for (const auto& model : fs::directory_iterator(folder / "r/models")) {
            if (fs::exists(model.path() / "checkpoint.safetensors")) {
                return true;
            }
        }
        return false;
    };
    ASSERT_TRUE(program.wait_until(in_training));
    program.send(SIGTERM);
    const Ending interrupted = program.wait();
    EXPECT_EQ(interrupted.status, 143) << interrupted.err;
    EXPECT_THAT(
        resuming_command(interrupted.err, folder),
        ElementsAre("finetune", "--run", "r", "--set", "finetune.epochs=100", "--pick", "latency_cpu_ms<=5"));
}

TEST(Lock, KeepsASecondProcessOutAndNamesTheFirst) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    Program first({"teach", "tiny.yaml", "--run", "r", "--set", "teach.epochs=10000"}, folder.here());
    ASSERT_TRUE(first.wait_until([&] { return fs::exists(folder / "r/teach/checkpoint.safetensors"); }));
    const std::string configuration = content_of(folder / "r/config.yaml");
    const Ending second = run({"teach", "tiny.yaml", "--run", "r", "--seed", "77"}, folder.here());
    EXPECT_EQ(second.status, 1);
    EXPECT_EQ(second.err,
              "error: r is in use by process " + std::to_string(first.id()) + ": wait for it or stop it\n");
    EXPECT_EQ(content_of(folder / "r/config.yaml"), configuration) << "the second must not touch the run";
    EXPECT_EQ(run({"status", "--run", "r"}, folder.here()).status, 0) << "looking is allowed";
    first.send(SIGKILL);
    EXPECT_EQ(first.wait().signal, SIGKILL);
    EXPECT_EQ(run({"measure", "--run", "r", "-q"}, folder.here()).status, 0) << "the dead hold no lock";
}

} // namespace
} // namespace tessera::tests
