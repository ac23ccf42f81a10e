// What shells, editors and manual readers get from the tables of commands, options and keys.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

class Shell : public ::testing::Test {
protected:
    std::string shell(const std::string& script) {
        put(folder / "script", script);
        const std::string command = "cd '" + folder.path().string() + "' && bash script > out 2>&1";
        EXPECT_EQ(std::system(command.c_str()), 0) << content_of(folder / "out");
        return content_of(folder / "out");
    }
    /// What bash offers for a line whose last word is being written.
    std::string completed(const std::string& words, int at) {
        const Ending script = run({"completion", "bash"}, folder.here());
        EXPECT_EQ(script.status, 0) << script.err;
        put(folder / "completion", script.out);
        return shell("source ./completion\nCOMP_WORDS=(" + words + ")\nCOMP_CWORD=" + std::to_string(at) +
                     "\n_tessera\necho \"${COMPREPLY[*]}\"\n");
    }
    const Scratch folder;
};

TEST_F(Shell, BashCompletesCommandsOptionsAndValues) {
    EXPECT_EQ(completed("tessera fi", 1), "fit finetune\n");
    EXPECT_EQ(completed("tessera finetune --pi", 2), "--pick\n");
    EXPECT_EQ(completed("tessera search --pi", 2), "\n") << "another command's";
    EXPECT_EQ(completed("tessera completion --th", 2), "--threads\n");
    put(folder / "here/file", "");
    EXPECT_EQ(completed("tessera run --run he", 3), "here\n");
    EXPECT_EQ(completed("tessera run he", 2), "here\n");
    EXPECT_EQ(completed("tessera run --redo fi", 3), "fit finetune\n");
    EXPECT_EQ(completed("tessera completion ''", 2), "bash zsh\n");
    EXPECT_EQ(completed("tessera keys he", 2), "\n") << "it takes no word";
}

TEST_F(Shell, ZshReadsItsScript) {
    const Ending script = run({"completion", "zsh"}, folder.here());
    EXPECT_EQ(script.status, 0) << script.err;
    EXPECT_THAT(script.out, StartsWith("#compdef tessera\n"));
    EXPECT_THAT(script.out, HasSubstr("'*--pick["));
    EXPECT_THAT(
        script.out,
        HasSubstr(":STAGE:(construct teach distil measure sample fit search finetune export report)'"));
    EXPECT_THAT(script.out, HasSubstr("'*:bash|zsh:(bash zsh)' ;;"));
    if (std::system("command -v zsh > /dev/null") != 0) {
        GTEST_SKIP() << "no zsh here";
    }
    put(folder / "_tessera", script.out);
    shell("zsh -n _tessera");
}

TEST_F(Shell, AnotherShellIsRefused) {
    const Ending ending = run({"completion", "fish"}, folder.here());
    EXPECT_EQ(ending.status, 2);
    EXPECT_THAT(ending.err, HasSubstr("tessera completion bash|zsh"));
    EXPECT_EQ(run({"man", "word"}, folder.here()).status, 2);
}

TEST_F(Shell, TheManualPageNamesEveryCommand) {
    const Ending page = run({"man"}, folder.here());
    EXPECT_EQ(page.status, 0);
    EXPECT_THAT(page.out, StartsWith(".TH TESSERA 1"));
    for (const char* command : {"describe", "teach", "distil", "finetune", "export", "completion"}) {
        EXPECT_THAT(page.out, HasSubstr(".SS \"" + std::string(command)));
    }
    if (std::system("command -v groff > /dev/null") == 0) {
        put(folder / "page", page.out);
        EXPECT_EQ(shell("groff -man -Tascii -ww page > /dev/null"), "") << "warnings";
    }
}

/// Keys of a configuration that the schema does not know; lists under parameters of choices are values.
void check(const YAML::Node& node, const Json& schema, const std::string& path) {
    if (node.IsMap()) {
        for (const auto& item : node) {
            const auto key = item.first.as<std::string>();
            const bool known = schema.contains("properties") && schema["properties"].contains(key);
            EXPECT_TRUE(known || !schema.contains("additionalProperties")) << path << "." << key;
            if (known) {
                check(item.second, schema["properties"][key], path + "." + key);
            }
        }
    } else if (node.IsSequence()) {
        for (const auto& item : node) {
            check(item, schema.value("items", Json::object()), path + "[]");
        }
    }
}

TEST_F(Shell, TheSchemaKnowsEveryKeyOfTheConfigurations) {
    const Ending ending = run({"keys", "--schema"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    const Json schema = Json::parse(ending.out);
    EXPECT_EQ(schema.at("properties").at("teach").at("properties").at("epochs").at("type"), "integer");
    EXPECT_EQ(schema.at("additionalProperties"), false);
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(TESSERA_SOURCE_DIR) / "configs")) {
        if (entry.path().extension() == ".yaml") {
            check(YAML::LoadFile(entry.path().string()), schema, entry.path().filename().string());
            ++files;
        }
    }
    EXPECT_GE(files, 4);
}

} // namespace
} // namespace tessera::tests
