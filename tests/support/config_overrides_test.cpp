// --set a.b=c
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config.h"
#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

using ::testing::ElementsAre;
using testing::message_of;

Section root_of(const std::string& text, const std::vector<std::string>& overrides) {
    return Document::parse(text, "c.yaml", "/cfg", overrides).root();
}

std::int64_t integer(Section section, std::string_view key) {
    std::int64_t value = 0;
    section.read(key, value, {0, 100}, "");
    return value;
}

std::string refusal(const std::string& text, const std::string& assignment) {
    return message_of([&] { root_of(text, {assignment}); });
}

TEST(ConfigOverride, ReplacesAddsAndCreatesSections) {
    Section root = root_of("teach: {epochs: 3, rate: 1}", {"teach.epochs=7", "seed=5", "a.b.c= 9 "});
    EXPECT_EQ(integer(root.section("teach", ""), "epochs"), 7);
    EXPECT_EQ(integer(root.section("teach", ""), "rate"), 1);
    EXPECT_EQ(integer(root, "seed"), 5);
    EXPECT_EQ(integer(root.section("a", "").section("b", ""), "c"), 9);
}

TEST(ConfigOverride, AppliesToEmptyDocumentsAndNullSections) {
    EXPECT_EQ(integer(root_of("", {"seed=5"}), "seed"), 5);
    EXPECT_EQ(integer(root_of("teach:\n", {"teach.epochs=5"}).section("teach", ""), "epochs"), 5);
}

TEST(ConfigOverride, LaterOnesWin) { EXPECT_EQ(integer(root_of("", {"seed=5", "seed=6"}), "seed"), 6); }

TEST(ConfigOverride, TakesIndices) {
    Section root = root_of("blocks: [{n: 1}, {n: 2}]\nv: [1, 2]\n", {"blocks[1].n=5", "v[0]=7"});
    std::vector<Section> blocks = root.list("blocks", "");
    EXPECT_EQ(integer(blocks[0], "n"), 1);
    EXPECT_EQ(integer(blocks[1], "n"), 5);
    EXPECT_THAT(root.texts("v"), ElementsAre("7", "2"));
}

TEST(ConfigOverride, TakesAnyYamlValue) {
    Section root = root_of("", {"v=[1, 2]", "teach={epochs: 4}", "t=\"a=b\"", "u=x=y"});
    EXPECT_THAT(root.texts("v"), ElementsAre("1", "2"));
    EXPECT_EQ(integer(root.section("teach", ""), "epochs"), 4);
    EXPECT_THAT(root.texts("t"), ElementsAre("a=b"));
    EXPECT_THAT(root.texts("u"), ElementsAre("x=y"));
}

TEST(ConfigOverride, LeavesOtherAliasesAlone) {
    Section root = root_of("a: &x {n: 1}\nb: *x\n", {"b.n=2"});
    EXPECT_EQ(integer(root.section("a", ""), "n"), 1);
    EXPECT_EQ(integer(root.section("b", ""), "n"), 2);
}

TEST(ConfigOverride, IsNamedByLaterErrors) {
    EXPECT_EQ(message_of([] { integer(root_of("seed: 1", {"seed=500"}), "seed"); }),
              "--set seed=500: error: seed: must be in 0..100, found 500");
    EXPECT_EQ(message_of([] { root_of("a: 1", {"teach.sede=5"}).section("teach", "").finish(); }),
              "--set teach.sede=5: error: teach.sede: unknown key");
    EXPECT_EQ(message_of([] { root_of("seed: 1", {"seed=5"}).fail("seed", "taken"); }),
              "--set seed=5: error: seed: taken");
    EXPECT_EQ(message_of([] { integer(root_of("t: {seed: 500}", {"t.x=5"}).section("t", ""), "seed"); }),
              "c.yaml:1:11: error: t.seed: must be in 0..100, found 500");
}

TEST(ConfigOverride, RefusesWhatIsNoAssignment) {
    EXPECT_EQ(refusal("", "seed"), "--set seed: error: expected key=value, e.g. teach.epochs=10");
    for (const std::string path : {"", ".", "a.", ".a", "a..b", "[0]", "a.[0]", "a]"}) {
        EXPECT_EQ(refusal("", path + "=1"),
                  "--set " + path + "=1: error: \"" + path +
                      "\" is not the path of a key, e.g. teach.epochs or blocks[0].name");
    }
    EXPECT_EQ(refusal("", "a[x]=1"), "--set a[x]=1: error: expected an index such as [0], found \"[x]\"");
    EXPECT_EQ(refusal("", "a[]=1"), "--set a[]=1: error: expected an index such as [0], found \"[]\"");
    EXPECT_EQ(refusal("", "a[-1]=1"), "--set a[-1]=1: error: expected an index such as [0], found \"[-1]\"");
    EXPECT_EQ(refusal("", "a[1=1"), "--set a[1=1: error: expected an index such as [0], found \"[1\"");
    EXPECT_EQ(refusal("", "a[0]b=1"), "--set a[0]b=1: error: expected . or [ before \"b\"");
}

TEST(ConfigOverride, RefusesPathsThroughOtherKinds) {
    EXPECT_EQ(refusal("teach: 1", "teach.epochs=1"),
              "--set teach.epochs=1: error: teach: expected a section, found \"1\"");
    EXPECT_EQ(refusal("b: [1]", "b.n=1"), "--set b.n=1: error: b: expected a section, found a list");
    EXPECT_EQ(refusal("b: {n: 1}", "b[0]=1"), "--set b[0]=1: error: b: expected a list, found a section");
    EXPECT_EQ(refusal("", "b[0].n=1"), "--set b[0].n=1: error: b: expected a list, found nothing");
    EXPECT_EQ(refusal("b: [1, 2]", "b[2]=1"), "--set b[2]=1: error: b: no index 2 in a list of 2");
    EXPECT_EQ(refusal("b: [1, 2]", "b[0].n=1"),
              "--set b[0].n=1: error: b[0]: expected a section, found \"1\"");
}

TEST(ConfigOverride, RefusesEndlessPaths) {
    std::string path = "a";
    for (int i = 0; i < 60'000; ++i) {
        path += i % 2 == 0 ? ".a" : "[0]";
    }
    EXPECT_EQ(refusal("", path + "=1"), "--set " + path + "=1: error: nested too deeply");
}

TEST(ConfigOverride, RefusesMalformedValues) {
    EXPECT_EQ(refusal("", "v=[1"), "--set v=[1: error: end of sequence flow not found");
    EXPECT_EQ(refusal("", "v={a: 1, a: 2}"),
              "--set v={a: 1, a: 2}: error: a: duplicate key, first given on line 1");
}

} // namespace
} // namespace tessera::support
