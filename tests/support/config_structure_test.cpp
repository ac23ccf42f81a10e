// Sections, lists, required and unknown keys, and the list of all keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config.h"
#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

using ::testing::ElementsAre;
using testing::message_of;

Document document(const std::string& text) { return Document::parse(text, "c.yaml", "/cfg"); }

std::int64_t integer(Section& section, std::string_view key, std::int64_t value = 0) {
    section.read(key, value, Range<std::int64_t>{}, "a value");
    return value;
}

TEST(ConfigSection, ReadsNestedKeys) {
    Section root = document("teach:\n  schedule: {warmup: 5}\n").root();
    Section schedule = root.section("teach", "").section("schedule", "");
    EXPECT_EQ(schedule.path(), "teach.schedule");
    EXPECT_EQ(integer(schedule, "warmup"), 5);
}

TEST(ConfigSection, IsEmptyWhereAbsentOrNull) {
    for (const char* text : {"", "teach:\n", "teach: null", "teach: {}"}) {
        Section teach = document(text).root().section("teach", "");
        EXPECT_EQ(integer(teach, "epochs", 12), 12);
        EXPECT_THAT(teach.present(), ElementsAre());
        EXPECT_FALSE(teach.has("epochs"));
        EXPECT_NO_THROW(teach.finish());
    }
}

TEST(ConfigSection, RefusesOtherKinds) {
    EXPECT_EQ(message_of([] { document("teach: 3").root().section("teach", ""); }),
              "c.yaml:1:8: error: teach: expected a section, found \"3\"");
    EXPECT_EQ(message_of([] { document("teach: [1]").root().section("teach", ""); }),
              "c.yaml:1:8: error: teach: expected a section, found a list");
}

TEST(ConfigList, ReadsItsSections) {
    Section root = document("blocks:\n  - n: 1\n  - {n: 2}\n").root();
    std::vector<Section> blocks = root.list("blocks", "");
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(integer(blocks[0], "n"), 1);
    EXPECT_EQ(integer(blocks[1], "n"), 2);
    EXPECT_EQ(blocks[1].path(), "blocks[1]");
    EXPECT_EQ(root.list("absent", "").size(), 0U);
}

TEST(ConfigList, RefusesOtherKinds) {
    EXPECT_EQ(message_of([] { document("b: {n: 1}").root().list("b", ""); }),
              "c.yaml:1:4: error: b: expected a list of sections, found a section");
    EXPECT_EQ(message_of([] { document("b: [{n: 1}, 2]").root().list("b", ""); }),
              "c.yaml:1:13: error: b[1]: expected a section, found \"2\"");
    EXPECT_EQ(message_of([] { document("b:\n  - n: 1\n  -\n").root().list("b", ""); }),
              "c.yaml:4:1: error: b[1]: expected a section, found nothing");
}

TEST(ConfigList, AcceptsNullForEmpty) { EXPECT_EQ(document("b:\n").root().list("b", "").size(), 0U); }

TEST(ConfigHas, TellsPresenceWithoutDeclaring) {
    const Section root = document("a: 1\nb:\n").root();
    EXPECT_TRUE(root.has("a"));
    EXPECT_TRUE(root.has("b"));
    EXPECT_FALSE(root.has("c"));
    EXPECT_THROW(root.finish(), UsageError);
}

TEST(ConfigFinish, RefusesUnknownKeysWithTheNearestSpelling) {
    Section root = document("teach:\n  epochs: 1\n  sede: 2\n").root();
    Section teach = root.section("teach", "");
    integer(teach, "epochs");
    integer(teach, "seed");
    EXPECT_EQ(message_of([&] { teach.finish(); }),
              "c.yaml:3:3: error: teach.sede: unknown key (did you mean \"seed\"?)");
    EXPECT_NO_THROW(root.finish());
}

TEST(ConfigFinish, ListsWhatIsKnownWhereNothingIsNear) {
    Section root = document("optimizer: 1").root();
    EXPECT_EQ(message_of([&] { root.finish(); }), "c.yaml:1:1: error: optimizer: unknown key");
    integer(root, "seed");
    integer(root, "epochs");
    EXPECT_EQ(message_of([&] { root.finish(); }),
              "c.yaml:1:1: error: optimizer: unknown key (known here: seed, epochs)");
}

TEST(ConfigFinish, SeveralReadersMayShareASection) {
    Section root = document("teach: {a: 1, b: 2}").root();
    Section first = root.section("teach", ""), second = root.section("teach", "");
    integer(first, "a");
    integer(second, "b");
    EXPECT_NO_THROW(first.finish());
    EXPECT_NO_THROW(second.finish());
}

TEST(ConfigRequire, RefusesAbsence) {
    Section root = document("teach:\n  epohcs: 3\n").root();
    EXPECT_EQ(message_of([&] { integer(root.require("seed"), "seed"); }),
              "c.yaml:1:1: error: seed: required, but missing");
    Section teach = root.section("teach", "");
    EXPECT_EQ(message_of([&] { integer(teach.require("epochs"), "epochs"); }),
              "c.yaml:1:1: error: teach.epochs: required, but missing (is \"epohcs\" a misspelling of it?)");
    EXPECT_EQ(message_of([] {
                  Section empty = document("").root();
                  integer(empty.require("seed"), "seed");
              }),
              "c.yaml:1:1: error: seed: required, but missing");
}

TEST(ConfigRequire, AppliesToStructureAndToTheNextReadOnly) {
    EXPECT_EQ(message_of([] { document("a: 1\nspace:\n").root().require("space").section("space", ""); }),
              "c.yaml:1:1: error: space: required, but missing");
    EXPECT_EQ(message_of([] { document("a: 1").root().require("blocks").list("blocks", ""); }),
              "c.yaml:1:1: error: blocks: required, but missing");
    Section root = document("n: 3").root();
    EXPECT_EQ(integer(root.require("n"), "n"), 3);
    EXPECT_EQ(integer(root, "other", 4), 4);
}

TEST(ConfigFail, PointsAtTheKeyOrTheSection) {
    Section teach = document("seed: 1\nteach:\n  epochs: 3\n").root().section("teach", "");
    EXPECT_EQ(message_of([&] { teach.fail("epochs", "too few"); }),
              "c.yaml:3:3: error: teach.epochs: too few");
    EXPECT_EQ(message_of([&] { teach.fail("absent", "needed"); }), "c.yaml:2:1: error: teach.absent: needed");
    EXPECT_EQ(message_of([&] { teach.fail("", "contradiction"); }),
              "c.yaml:2:1: error: teach: contradiction");
    EXPECT_EQ(message_of([&] { document("a: 1").root().fail("", "empty"); }), "c.yaml:1:1: error: empty");
}

TEST(ConfigKeys, AreListedOnceInTheOrderOfReading) {
    const Document config = document("blocks: [{stride: 2}, {stride: 1}]");
    Section root = config.root();
    std::int64_t epochs = 3;
    double rate = 0.5;
    Section teach = root.section("teach", "How the reference is trained.");
    teach.read("epochs", epochs, {1, 1000}, "Passes over the data.");
    teach.require("name");
    std::string name;
    EXPECT_THROW(teach.read("name", name, "What it is called."), UsageError);
    teach.read("rate", rate, {.low = 0, .open_low = true}, "Learning rate.");
    for (Section& block : root.list("blocks", "One per block.")) {
        integer(block, "stride", 1);
    }

    std::vector<std::string> lines;
    for (const KeyInfo& key : config.keys()) {
        lines.push_back(key.path + "|" + key.type + "|" + key.default_value + "|" + key.range + "|" +
                        key.meaning);
    }
    EXPECT_THAT(lines, ElementsAre("teach|section|{}||How the reference is trained.",
                                   "teach.epochs|integer|3|1..1000|Passes over the data.",
                                   "teach.name|text|required||What it is called.",
                                   "teach.rate|number|0.5|> 0|Learning rate.",
                                   "blocks|list of sections|[]||One per block.",
                                   "blocks[].stride|integer|1||a value"));
}

TEST(ConfigDocument, CopiesShareOneDocument) {
    const Document config = document("a: 1");
    const Document copy = config;
    Section root = copy.root();
    integer(root, "a");
    EXPECT_EQ(config.keys().size(), 1U);
    EXPECT_NO_THROW(config.root().finish());
    EXPECT_EQ(config.name(), "c.yaml");
}

TEST(ConfigDocument, SectionsOutliveIt) {
    Section root = document("a: 5").root();
    EXPECT_EQ(integer(root, "a"), 5);
}

} // namespace
} // namespace tessera::support
