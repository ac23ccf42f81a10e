// Files: what is YAML, what is refused before anything is read.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config.h"
#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

using ::testing::ElementsAre;
using testing::message_of;
using testing::TemporaryFolder;

std::string refusal(const std::string& text) {
    return message_of([&] { Document::parse(text, "c.yaml"); });
}

TEST(ConfigYaml, EmptyDocumentsAreEmpty) {
    for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "null", "~", "{}", "\xEF\xBB\xBF"}) {
        EXPECT_TRUE(Document::parse(text).root().present().empty()) << text;
    }
}

TEST(ConfigYaml, RootMustBeASection) {
    EXPECT_EQ(refusal("- 1\n"), "c.yaml:1:1: error: expected keys and values, found a list");
    EXPECT_EQ(refusal("\n  word\n"), "c.yaml:2:3: error: expected keys and values, found \"word\"");
}

TEST(ConfigYaml, RefusesDuplicateKeys) {
    EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "c.yaml:3:1: error: a: duplicate key, first given on line 1");
    EXPECT_EQ(refusal("t:\n  u:\n    - {x: 1}\n    - {x: 1, \"x\": 2}\n"),
              "c.yaml:4:14: error: t.u[1].x: duplicate key, first given on line 4");
}

TEST(ConfigYaml, RefusesMalformedText) {
    EXPECT_EQ(refusal("a: [1\n"), "c.yaml:2:1: error: end of sequence flow not found");
    EXPECT_EQ(refusal("a: b: c\n"), "c.yaml:1:5: error: illegal map value");
    EXPECT_EQ(refusal("a: 1\n---\nb: 2\n"), "c.yaml:2:1: error: more than one YAML document in the file");
    EXPECT_EQ(refusal("a: *nowhere\n"), "c.yaml:1:4: error: the referenced anchor is not defined");
}

TEST(ConfigYaml, RefusesOpenQuotes) {
    EXPECT_EQ(refusal("a: \""), "c.yaml:1:5: error: a quote that is never closed");
    EXPECT_EQ(refusal("a: '"), "c.yaml:1:5: error: a quote that is never closed");
    EXPECT_EQ(refusal("a: \"open"), "c.yaml:1:9: error: a quote that is never closed");
    EXPECT_EQ(refusal("a: 'open\n"), "c.yaml:2:1: error: a quote that is never closed");
    EXPECT_EQ(refusal("a: \"open\nb: 3\n"), "c.yaml:3:1: error: a quote that is never closed");
    EXPECT_EQ(refusal("a: [\"b, c]\n"), "c.yaml:2:1: error: a quote that is never closed");
}

TEST(ConfigYaml, PointsAtTheKeyOfAMissingValue) {
    Section root = Document::parse("t:\n  a:\n\n  b: 3\n", "c.yaml").root().section("t", "");
    bool value = false;
    EXPECT_EQ(message_of([&] { root.read("a", value, ""); }),
              "c.yaml:2:3: error: t.a: expected true or false, found nothing");
}

TEST(ConfigYaml, TakesTheEndOfTheFileAsItComes) {
    for (const char* end : {"", "\n", "\r\n", "\n...\n", " # comment", "\n\n  \n", "\n# comment"}) {
        EXPECT_THAT(Document::parse("a: [x]\nb: word" + std::string(end)).root().texts("b"),
                    ElementsAre("word"));
    }
    EXPECT_THAT(Document::parse("b: |\n  word\n  more\n").root().texts("b"), ElementsAre("word\nmore\n"));
    EXPECT_THAT(Document::parse("b: >-\n  word\n  more").root().texts("b"), ElementsAre("word more"));
}

TEST(ConfigYaml, RefusesTagsAndKeysThatAreNoTexts) {
    EXPECT_EQ(refusal("a: !!int 3\n"),
              "c.yaml:1:4: error: YAML tags are not supported, found tag:yaml.org,2002:int");
    EXPECT_EQ(refusal("a: !mine {}\n"), "c.yaml:1:4: error: YAML tags are not supported, found !mine");
    EXPECT_EQ(refusal("? [a]\n: 1\n"), "c.yaml:1:3: error: a key must be a text, found a list");
    EXPECT_EQ(refusal("~: 1\n"), "c.yaml:1:1: error: a key must be a text, found nothing");
}

TEST(ConfigYaml, RefusesControlCharacters) {
    EXPECT_EQ(refusal("a: 1\nb: \x04\nc: [\n"),
              "c.yaml:2:4: error: control character 0x04: not a text file in UTF-8");
    EXPECT_EQ(refusal(std::string("a\0:", 3)),
              "c.yaml:1:2: error: control character 0x00: not a text file in UTF-8");
}

TEST(ConfigYaml, RefusesWhatIsNotUtf8) {
    EXPECT_EQ(refusal("a: 1\nb: caf\xE9\nc: 2\n"), "c.yaml:2:1: error: not UTF-8");
    EXPECT_EQ(refusal("a: \"\xC3\""), "c.yaml:1:1: error: not UTF-8");
    EXPECT_NO_THROW(Document::parse("größe: 猫\n"));
}

TEST(ConfigYaml, ExpandsAliases) {
    Section root = Document::parse("a: &x {n: 4}\nb: *x\n").root();
    std::int64_t value = 0;
    root.section("b", "").read("n", value, {}, "");
    EXPECT_EQ(value, 4);
    EXPECT_EQ(refusal("x: &a {y: *a}\n"), "c.yaml:1:11: error: an alias inside its own anchor");
}

TEST(ConfigYaml, StopsAliasesOfAliases) {
    std::string text = "a0: &a0 [1,2,3,4,5,6,7,8,9]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string below = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below + ", " + below + ", " +
                below + "]\n";
    }
    EXPECT_NE(refusal(text).find("error: too many values, aliases expanded"), std::string::npos);
}

TEST(ConfigYaml, SurvivesDeepNesting) {
    EXPECT_NE(refusal(std::string(1'000'000, '[')).find("nested too deeply"), std::string::npos);
    EXPECT_NE(refusal(std::string(1'000'000, '{')).find("nested too deeply"), std::string::npos);
    std::string text;
    for (int i = 0; i < 2000; ++i) {
        text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    EXPECT_NE(refusal(text).find("nested too deeply"), std::string::npos);
}

TEST(ConfigYaml, RefusesHugeTexts) {
    EXPECT_EQ(refusal(std::string((16U << 20) + 1, ' ')), "c.yaml:1:1: error: larger than 16 MiB");
}

TEST(ConfigYaml, ReadsManyKeysInLinearTime) {
    std::string text;
    for (int i = 0; i < 50'000; ++i) {
        text += "key" + std::to_string(i) + ": 1\n";
    }
    const auto begin = std::chrono::steady_clock::now();
    Section root = Document::parse(text).root();
    for (const std::string& key : root.present()) {
        root.texts(key);
    }
    root.finish();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)); // even under a sanitizer
}

TEST(ConfigLoad, ReadsAFileAndPathsRelativeToIt) {
    const TemporaryFolder folder;
    testing::put(folder / "run.yaml", "data: images\n");
    Document config = Document::load(folder / "run.yaml", {"seed=3"});
    std::filesystem::path data;
    config.root().read("data", data, "");
    EXPECT_EQ(data, folder / "images");
    EXPECT_TRUE(config.root().has("seed"));
    EXPECT_EQ(config.name(), (folder / "run.yaml").string());
}

TEST(ConfigLoad, ReadsAFileInTheCurrentFolder) {
    const TemporaryFolder folder;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    testing::put("run.yaml", "data: images\n");
    std::filesystem::path data;
    Document::load("run.yaml").root().read("data", data, "");
    std::filesystem::current_path(before);
    EXPECT_EQ(data, folder / "images");
}

TEST(ConfigLoad, NamesTheFileThatCannotBeRead) {
    EXPECT_EQ(message_of([] { Document::load("/nowhere/c.yaml"); }),
              "cannot read /nowhere/c.yaml: No such file or directory");
    EXPECT_EQ(message_of([] { Document::load("/tmp"); }), "cannot read /tmp: it is a folder");
    const TemporaryFolder folder;
    testing::put(folder / "c.yaml", "a: 1\n b: [\n");
    EXPECT_EQ(
        message_of([&] { Document::load(folder / "c.yaml"); }).find((folder / "c.yaml").string() + ":2:"),
        0U);
}

} // namespace
} // namespace tessera::support
