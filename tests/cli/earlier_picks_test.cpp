// Networks of earlier picks and samples: they do not lie beside what counts, nothing trained and nothing of
// the user's is lost.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/csv.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::set<std::string> folders_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_directory()) {
            names.insert(entry.path().filename().string());
        }
    }
    return names;
}

class EarlierPicks : public ::testing::Test {
protected:
    void SetUp() override {
        put(folder / "table.yaml", tiny_latency_table());
        put(folder / "tiny.yaml", replaced(tiny_configuration(), "rounds: 2", "table: table.yaml"));
    }
    /// Fine-tunes and exports these points; what was said.
    std::string pick(const std::string& points) const {
        const Ending ending =
            run({"run", "tiny.yaml", "--run", "r", "--set", "finetune.pick=[" + points + "]"}, folder.here());
        EXPECT_EQ(ending.status, 0) << ending.err;
        return ending.err;
    }
    std::set<std::string> ids() const {
        std::set<std::string> found;
        for (const auto& row : support::read_csv(folder / "r/models/models.csv").rows) {
            found.insert(row.at(0));
        }
        return found;
    }
    const Scratch folder;
};

TEST_F(EarlierPicks, AreSetAsideAndNotTrainedAgainWhenTheyComeBack) {
    const fs::path models = folder / "r/models", exports = folder / "r/export";
    pick("reference");
    const std::string reference = *ids().begin();
    pick("reference, all");
    const auto all = ids();
    ASSERT_GE(all.size(), 2U);
    EXPECT_EQ(folders_in(models), all);
    EXPECT_EQ(folders_in(exports), all);
    const std::string other = *all.begin() == reference ? *all.rbegin() : *all.begin();
    const auto trained = fs::last_write_time(models / other / "result.json");
    put(models / other / "notes.txt", "mine");
    put(models / "notes/weights.safetensors", "mine");
    put(exports / other / "quantised.pt", "mine");
    const auto before = snapshot(folder / "r");

    const std::string said = pick("reference");
    EXPECT_THAT(said, HasSubstr("no longer wanted, moved to r/models/earlier"));
    EXPECT_THAT(said, HasSubstr("warning: r/export/" + other + "/quantised.pt: left there"));
    EXPECT_EQ(folders_in(models), (std::set<std::string>{reference, "earlier", "notes"}));
    EXPECT_EQ(folders_in(exports), (std::set<std::string>{reference, other}));
    EXPECT_EQ(snapshot(exports / other), (std::map<std::string, std::string>{{"quantised.pt", "mine"}}));
    EXPECT_EQ(content_of(models / "earlier" / other / "notes.txt"), "mine");
    EXPECT_EQ(content_of(models / "notes/weights.safetensors"), "mine");

    pick("reference, all");
    EXPECT_EQ(fs::last_write_time(models / other / "result.json"), trained) << "not trained again";
    EXPECT_FALSE(fs::exists(models / "earlier"));
    EXPECT_TRUE(same_files(before, snapshot(folder / "r")));
}

TEST_F(EarlierPicks, SamplesAreSetAsideLikewise) {
    const fs::path samples = folder / "r/samples";
    const auto sample = [&](const std::string& count) {
        const Ending ending =
            run({"run", "tiny.yaml", "--run", "r", "--set", "sample.count=" + count}, folder.here());
        EXPECT_EQ(ending.status, 0) << ending.err;
        return ending.err;
    };
    const auto ids_in_table = [&] {
        std::set<std::string> found;
        for (const auto& row : support::read_csv(samples / "samples.csv").rows) {
            found.insert(row.at(0));
        }
        return found;
    };
    sample("8");
    const auto many = ids_in_table();
    EXPECT_EQ(folders_in(samples), many);
    std::map<std::string, fs::file_time_type> trained;
    for (const std::string& id : many) {
        trained[id] = fs::last_write_time(samples / id / "result.json");
    }

    EXPECT_THAT(sample("5"), HasSubstr("no longer wanted, moved to r/samples/earlier"));
    auto few = ids_in_table();
    ASSERT_EQ(few.size(), 5U);
    few.insert("earlier");
    EXPECT_EQ(folders_in(samples), few);

    sample("8");
    EXPECT_EQ(ids_in_table(), many);
    for (const std::string& id : many) {
        EXPECT_EQ(fs::last_write_time(samples / id / "result.json"), trained.at(id)) << "not trained again";
    }
}

} // namespace
} // namespace tessera::tests
