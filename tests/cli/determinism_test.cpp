// The same seed gives the same bytes, whatever the number of threads below the reference.
#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;

class Determinism : public ::testing::Test {
protected:
    void SetUp() override {
        put(folder / "table.yaml", tiny_latency_table());
        put(folder / "tiny.yaml", replaced(tiny_configuration(), "rounds: 2", "table: table.yaml"));
        ASSERT_EQ(run({"teach", "tiny.yaml", "--run", "a", "-q"}, folder.here()).status, 0);
        fs::copy(folder / "a", folder / "b", fs::copy_options::recursive);
        ASSERT_EQ(run({"run", "--run", "a", "-q"}, folder.here()).status, 0);
    }
    std::map<std::string, std::string> files(const std::string& name) const {
        auto all = snapshot(folder / name);
        all.erase("config.yaml");        // has the number of threads
        all.erase("report/report.html"); // has the folder's name
        all.erase("stages/report.json"); // has its hash
        return all;
    }
    const Scratch folder;
};

TEST_F(Determinism, TheSameSeedGivesTheSameBytes) {
    ASSERT_EQ(run({"run", "tiny.yaml", "--run", "c", "-q"}, folder.here()).status, 0);
    EXPECT_TRUE(same_files(files("a"), files("c")));
    ASSERT_EQ(run({"run", "tiny.yaml", "--run", "d", "--seed", "4", "-q"}, folder.here()).status, 0);
    EXPECT_NE(files("a").at("teach/weights.safetensors"), files("d").at("teach/weights.safetensors"));
}

TEST_F(Determinism, ThreadsChangeNoByteBelowTheReference) {
    const Ending two = run({"run", "--run", "b", "--threads", "2"}, folder.here());
    ASSERT_EQ(two.status, 0) << two.err;
    EXPECT_NE(two.err.find("teach: up to date"), std::string::npos)
        << "the number of threads makes no stage stale";
    EXPECT_TRUE(same_files(files("a"), files("b")));
}

TEST_F(Determinism, MemoryAndCheckpointsOfTheSharedPassChangeNoByte) {
    const Ending small = run({"distil", "--run", "b", "--set", "distil.memory_mb=16", "--set",
                              "distil.checkpoint_seconds=0", "--set", "distil.workers=1"},
                             folder.here());
    ASSERT_EQ(small.status, 0) << small.err;
    EXPECT_EQ(files("a").at("library/library.csv"), files("b").at("library/library.csv"));
    EXPECT_EQ(files("a").at("stages/distil.json"), files("b").at("stages/distil.json"));
}

} // namespace
} // namespace tessera::tests
