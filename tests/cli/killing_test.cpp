// A run that is killed anywhere and resumed leaves the same bytes as one that was left alone.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::IsEmpty;

class Killing : public ::testing::Test {
protected:
    void SetUp() override {
        put(folder / "table.yaml", tiny_latency_table());
        std::string text = replaced(tiny_configuration(), "rounds: 2", "table: table.yaml");
        // Long enough to be hit on the way.
        text = replaced(text, "teach: {epochs: 1", "teach: {epochs: 8");
        text = replaced(text, "distil: {epochs: 1", "distil: {checkpoint_seconds: 0, epochs: 4");
        text = replaced(text, "sample: {count: 5, epochs: 1", "sample: {count: 5, epochs: 3");
        put(folder / "tiny.yaml", text);
    }
    /// Runs `stages` to their ends in a folder.
    void walk(const std::string& name, const std::vector<std::string>& stages) {
        for (const std::string& stage : stages) {
            const Ending ending = run({stage, "tiny.yaml", "--run", name, "-q"}, folder.here());
            ASSERT_EQ(ending.status, 0) << stage << ": " << ending.err;
        }
    }
    /// Starts a stage in `killed`, kills it once `reached`, finishes it, and compares with `straight`.
    void kill_and_compare(const std::vector<std::string>& before, const std::string& stage,
                          const std::function<bool(const fs::path&)>& reached) {
        walk("straight", before);
        fs::copy(folder / "straight", folder / "killed", fs::copy_options::recursive);
        walk("straight", {stage});
        const fs::path r = folder / "killed";
        {
            Program program({stage, "tiny.yaml", "--run", "killed"}, folder.here());
            ASSERT_TRUE(program.wait_until([&] { return reached(r); })) << program.wait().err;
            program.send(SIGKILL);
            ASSERT_EQ(program.wait().signal, SIGKILL);
        }
        EXPECT_FALSE(fs::exists(r / "stages" / (stage + ".json"))) << "it was to be killed on the way";
        walk("killed", {stage});
        EXPECT_TRUE(same_files(snapshot(folder / "straight"), snapshot(r)));
    }
    const Scratch folder;
};

std::size_t finished_samples(const fs::path& run) {
    std::size_t count = 0;
    std::error_code error;
    for (fs::directory_iterator at(run / "samples", error), end; !error && at != end; at.increment(error)) {
        count += fs::exists(at->path() / "result.json") ? 1 : 0;
    }
    return count;
}

TEST_F(Killing, Teach) {
    fs::create_directory(folder / "straight");
    kill_and_compare({}, "teach",
                     [](const fs::path& r) { return fs::exists(r / "teach/checkpoint.safetensors"); });
}

TEST_F(Killing, Distil) {
    kill_and_compare({"teach"}, "distil", [](const fs::path& r) {
        std::error_code error; // files come and go meanwhile
        for (fs::recursive_directory_iterator at(r / "library", error), end; !error && at != end;
             at.increment(error)) {
            if (at->path().string().ends_with(".pass.safetensors")) {
                return true;
            }
        }
        return false;
    });
}

TEST_F(Killing, Sample) {
    kill_and_compare({"teach", "distil"}, "sample",
                     [](const fs::path& r) { return finished_samples(r) >= 2; });
}

TEST_F(Killing, SearchAtEachOfItsFiles) {
    walk("straight", {"teach", "distil", "measure", "sample", "fit"});
    fs::copy(folder / "straight", folder / "killed", fs::copy_options::recursive);
    walk("straight", {"search"});
    for (const char* file : {"", "front.csv", "front.json", "front.svg"}) {
        fs::remove_all(folder / "killed/search");
        fs::remove(folder / "killed/stages/search.json");
        Program program({"search", "--run", "killed"}, folder.here());
        program.wait_until([&] { return fs::exists(folder / "killed/search" / file); });
        program.send(SIGKILL); // perhaps it has just ended: that is a moment too
        program.wait();
        walk("killed", {"search"});
        EXPECT_TRUE(same_files(snapshot(folder / "straight"), snapshot(folder / "killed")))
            << "killed at " << file;
    }
}

TEST_F(Killing, AgainAndAgainUntilAllIsDone) {
    const std::vector<std::string> arguments = {"run", "tiny.yaml", "--run", "r"};
    ASSERT_EQ(run(arguments, folder.here()).status, 0);
    const auto straight = snapshot(folder / "r");
    fs::rename(folder / "r", folder / "away");
    int kills = 0;
    for (auto time = 300ms;; time += time / 4) {
        Program program(arguments, folder.here());
        if (program.wait_for(time)) {
            program.send(SIGKILL);
            kills += program.wait().signal == SIGKILL ? 1 : 0;
            continue;
        }
        const Ending ending = program.wait();
        ASSERT_EQ(ending.status, 0) << ending.err;
        break;
    }
    EXPECT_GT(kills, 0);
    EXPECT_TRUE(same_files(straight, snapshot(folder / "r")));
    EXPECT_THAT(half_written(folder / "r"), IsEmpty());
}

} // namespace
} // namespace tessera::tests
