// Mistakes in a configuration: one line with the place, status 2, nothing trained, no run folder. Bounds that
// nothing meets: status 3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

struct Mistake {
    std::string right, wrong, message;
};

TEST(Configuration, EachMistakeNamesItsPlace) {
    const Scratch folder;
    const std::vector<Mistake> mistakes = {
        {"validation: 0.2", "validaton: 0.2", "did you mean \"validation\"?"},
        {"seed: 3", "colour: 3", "colour: unknown key"},
        {"seed: 3", "seed: three", "expected an integer, found \"three\""},
        {"seed: 3", "seed: [3]", "expected an integer"},
        {"input: [3, 8, 8]\n  classes: 4", "input: [3, 8, 8]\n  classes: 0", "space.classes: must be in 1.."},
        {"validation: 0.2", "validation: 1.5", "data.validation: must be"},
        {"kind: synthetic", "kind: cifar11", "cifar10"},
        {"population: 12", "population: 1", "search.population: must be"},
        {"direction: maximize", "direction: upwards", "maximize"},
        {", direction: maximize", "", "direction: required, but missing"},
        {"name: accuracy", "name: acuracy", "did you mean 'accuracy'?"},
        {"choices: &choices\n", "choices: &choices []\n      unless:\n", "a block needs at least one choice"},
        {"stride: 2", "stride: 9", "stride"},
        {"kernel: 3, width: [0.5, 1]", "kernel: 4, width: [0.5, 1]", "an odd integer"},
        {"- identity: {}", "- mbconv: {depth: 1, kernel: 3, expand: 1, group: 7}", "does not fit here"},
        {"head: {channels: 0}", "head: {channels: 0", "error: "},
    };
    for (const Mistake& mistake : mistakes) {
        put(folder / "wrong.yaml", replaced(tiny_configuration(), mistake.right, mistake.wrong));
        const Ending ending = run({"run", "wrong.yaml"}, folder.here());
        EXPECT_EQ(ending.status, 2) << mistake.wrong;
        EXPECT_THAT(ending.err, HasSubstr(mistake.message));
        EXPECT_THAT(ending.err, MatchesRegex("wrong.yaml:[0-9]+:[0-9]+: error: [^\n]+\n"));
        EXPECT_THAT(ending.out, IsEmpty());
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
}

TEST(Configuration, AnOverrideIsNamedAsItWasWritten) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    const Ending ending = run({"run", "tiny.yaml", "--set", "teach.epochs=-1"}, folder.here());
    EXPECT_EQ(ending.status, 2);
    EXPECT_THAT(ending.err, StartsWith("--set teach.epochs=-1: error: "));
}

TEST(Configuration, AMissingFileIsSaid) {
    const Scratch folder;
    const Ending ending = run({"run", "nowhere.yaml"}, folder.here());
    EXPECT_EQ(ending.status, 2);
    EXPECT_EQ(ending.err, "error: cannot read nowhere.yaml: No such file or directory\n");
}

TEST(Configuration, BoundsOutOfReachEndDescribeAndRunBeforeAnythingIsTrained) {
    const Scratch folder;
    const std::string bound = "search.objectives=[{name: accuracy, direction: maximize},"
                              "{name: macs, direction: minimize, max: 10}]";
    put(folder / "tiny.yaml", tiny_configuration());
    const Ending described = run({"describe", "tiny.yaml", "--set", bound}, folder.here());
    EXPECT_EQ(described.status, 3);
    EXPECT_THAT(described.out, HasSubstr("macs <= 10: cannot be met"));
    EXPECT_THAT(
        described.err,
        MatchesRegex(
            "error: search.objectives: no architecture has macs <= 10: macs reaches [0-9]+ to [0-9]+\n"));
    const Ending started = run({"run", "tiny.yaml", "--set", bound}, folder.here());
    EXPECT_EQ(started.status, 3);
    EXPECT_EQ(started.err, described.err);
    EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
}

TEST(Configuration, DescribeLeavesNoRun) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    const Ending described = run({"describe", "tiny.yaml"}, folder.here());
    EXPECT_EQ(described.status, 0);
    EXPECT_THAT(described.out, StartsWith("tiny: 2 blocks, 8 choices, 16 architectures"));
    EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
}

} // namespace
} // namespace tessera::tests
