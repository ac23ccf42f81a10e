// What is said before any work begins: usage, help, versions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Mistake {
    std::vector<std::string> arguments;
    std::string message;
};

TEST(CommandLine, EachMistakeIsOneLineAndStatusTwo) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    const std::vector<Mistake> mistakes = {
        {{"rnu"}, "unknown command rnu (did you mean run?)"},
        {{"completely-else"}, "unknown command completely-else; see tessera --help"},
        {{"run", "tiny.yaml", "--rum", "x"}, "unknown option --rum (did you mean --run?)"},
        {{"run", "tiny.yaml", "--se", "seed=1"}, "unknown option --se"},
        {{"run", "tiny.yaml", "more"}, "unexpected argument more"},
        {{"run", "tiny.yaml", "-q", "-v"}, "--quiet and --verbose exclude each other"},
        {{"run", "tiny.yaml", "--pick", "knee"}, "--pick belongs to `tessera finetune`"},
        {{"run", "tiny.yaml", "--set"}, "--set"},
        {{"run"}, "name a configuration (tessera run CONFIG) or a run (--run DIR)"},
        {{"search", "--run", "nothing"}, "nothing has no config.yaml yet"},
        {{"run", "tiny.yaml", "--set", "teach.epoch=3"}, "did you mean \"epochs\"?"},
        {{"run", "tiny.yaml", "--set", "teach.epochs=many"}, "expected an integer, found \"many\""},
        {{"run", "tiny.yaml", "--set", "words"}, "expected key=value"},
        {{"run", "tiny.yaml", "--threads", "some"}, "expected an integer, found \"some\""},
        {{"run", "tiny.yaml", "--seed", "-1"}, "must be in 0.."},
    };
    for (const Mistake& mistake : mistakes) {
        const Ending ending = run(mistake.arguments, folder.here());
        EXPECT_EQ(ending.status, 2) << mistake.message;
        EXPECT_THAT(ending.err, HasSubstr(mistake.message));
        EXPECT_EQ(line_count(ending.err), 1) << ending.err;
        EXPECT_THAT(ending.out, IsEmpty());
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "runs")) << "a mistake leaves nothing behind";
}

TEST(CommandLine, WithoutACommandItShowsThem) {
    const Scratch folder;
    const Ending nothing = run({}, folder.here());
    EXPECT_EQ(nothing.status, 2);
    EXPECT_THAT(nothing.err, HasSubstr("Commands"));
    EXPECT_THAT(nothing.out, IsEmpty());
    const Ending help = run({"--help"}, folder.here());
    EXPECT_EQ(help.status, 0);
    for (const char* command : {"describe", "teach", "distil", "measure", "sample", "fit", "search",
                                "finetune", "export", "report", "run", "status"}) {
        EXPECT_THAT(help.out, HasSubstr("\n  " + std::string(command))) << "in the list of commands";
    }
    const Ending one = run({"search", "--help"}, folder.here());
    EXPECT_EQ(one.status, 0);
    EXPECT_THAT(one.out, StartsWith("tessera search"));
    EXPECT_THAT(one.out, HasSubstr("Examples"));
}

TEST(CommandLine, VersionNamesWhatItRunsOn) {
    const Scratch folder;
    const Ending version = run({"--version"}, folder.here());
    EXPECT_EQ(version.status, 0);
    EXPECT_THAT(version.out, StartsWith("tessera "));
    EXPECT_THAT(version.out, HasSubstr("commit "));
    EXPECT_THAT(version.out, HasSubstr("\nLibTorch 2."));
    EXPECT_THAT(version.out, HasSubstr("\nCUDA "));
}

} // namespace
} // namespace tessera::tests
