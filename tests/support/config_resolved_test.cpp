// The document as it was understood.
#include <cmath>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "support/config.h"

namespace tessera::support {
namespace {

enum class Mode { off, null, fast };

/// Reads one key of every kind.
Document read_all(const std::string& text) {
    Document config = Document::parse(text, "c.yaml", "/cfg/sub/..");
    Section root = config.root();
    std::string name = "no", empty, odd = "say \"é\"\n\t\\ # not a comment: ", digits = "10";
    root.read("name", name, "");
    root.read("empty", empty, "");
    root.read("odd", odd, "");
    root.read("digits", digits, "");
    std::filesystem::path data = "data dir/", nowhere;
    root.read("data", data, "");
    root.read("nowhere", nowhere, "");
    Section teach = root.section("teach", "");
    std::int64_t epochs = -1;
    double rate = 0.1, tiny = 1e-300, limit = HUGE_VAL;
    bool flip = true;
    std::optional<double> unset, set = 0.25;
    auto mode = Mode::off;
    teach.read("epochs", epochs, {1, 1000}, "");
    teach.read("rate", rate, {0, 1}, "");
    teach.read("tiny", tiny, {}, "");
    teach.read("limit", limit, {}, "");
    teach.read("flip", flip, "");
    teach.read("unset", unset, {}, "");
    teach.read("set", set, {}, "");
    teach.read("mode", mode, {{"off", Mode::off}, {"null", Mode::null}, {"fast", Mode::fast}}, "");
    std::vector<std::int64_t> sizes = {1, 2};
    std::vector<double> none;
    std::vector<std::string> words = {"a", "b c", "3", "true", "-", "-x", "~", "a,b", "null"};
    teach.read("sizes", sizes, {}, "");
    teach.read("none", none, {}, "");
    teach.read("words", words, "");
    for (Section& block : root.list("blocks", "")) {
        for (Section& choice : block.list("choices", "")) {
            Section axes = choice.section("axes", "");
            for (const std::string& key : axes.present()) {
                axes.texts(key);
            }
        }
        std::int64_t stride = 1;
        block.read("stride", stride, {}, "");
    }
    root.section("outer", "").section("inner", "");
    return config;
}

TEST(ConfigResolved, WritesDefaultsOut) {
    EXPECT_EQ(read_all("").resolved(), R"(name: "no"
empty: ""
odd: "say \"é\"\n\x09\\ # not a comment: "
digits: "10"
data: "/cfg/data dir"
nowhere: ""
teach:
  epochs: -1
  rate: 0.1
  tiny: 1.0e-300
  limit: .inf
  flip: true
  unset: null
  set: 0.25
  mode: "off"
  sizes: [1, 2]
  none: []
  words: [a, "b c", "3", "true", "-", "-x", "~", "a,b", "null"]
blocks: []
outer:
  inner: {}
)");
}

TEST(ConfigResolved, WritesWhatWasGiven) {
    const std::string text = read_all(R"(
blocks:
  - choices:
      - axes: {kernel: [3, "5", 'x y'], act: relu, "odd key": '~', e: 010}
      - {}
  - stride: 2
teach: {epochs: +7, rate: 1e-3, mode: "null", unset: .5, set: ~, sizes: []}
data: ../x
name: plain
)")
                                 .resolved();
    EXPECT_NE(text.find(R"(blocks:
  - choices:
      - axes:
          kernel: [3, "5", "x y"]
          act: relu
          "odd key": "~"
          e: 010
      - axes: {}
    stride: 1
  - choices: []
    stride: 2
)"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("  epochs: 7\n  rate: 0.001\n"), std::string::npos) << text;
    EXPECT_NE(text.find("unset: 0.5\n  set: null\n  mode: \"null\"\n  sizes: []\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("name: plain\n"), std::string::npos) << text;
    EXPECT_NE(text.find("data: /x\n"), std::string::npos) << text;
    EXPECT_EQ(read_all(text).resolved(), text);
}

TEST(ConfigResolved, ReadsBackToItself) {
    const std::string first = read_all("").resolved();
    EXPECT_EQ(read_all(first).resolved(), first);
}

TEST(ConfigResolved, IsOrdinaryYaml) {
    const YAML::Node node = YAML::Load(read_all("").resolved());
    EXPECT_EQ(node["odd"].as<std::string>(), "say \"é\"\n\t\\ # not a comment: ");
    EXPECT_EQ(node["teach"]["words"][8].as<std::string>(), "null");
    EXPECT_EQ(node["teach"]["limit"].as<double>(), HUGE_VAL);
}

TEST(ConfigResolved, DoesNotDependOnTheOrderInTheFile) {
    EXPECT_EQ(read_all("name: a\ndigits: b\n").resolved(), read_all("digits: b\nname: a\n").resolved());
}

TEST(ConfigResolved, LeavesOutWhatNobodyRead) {
    const Document config = Document::parse("a: 1\nb: 2\n");
    EXPECT_EQ(config.resolved(), "{}\n");
    config.root().texts("b");
    config.root().texts("absent");
    EXPECT_EQ(config.resolved(), "b: 2\n");
}

/// What YAML 1.1 takes for a number has a point, and a sign in the exponent.
TEST(ConfigResolved, NumbersAreNumbersToEveryReader) {
    const Document config = Document::parse("decay: 5e-4\nlarge: 1e30\nsmall: 1.5e-7\nrates: [1e-4, 0.5]\n");
    Section root = config.root();
    double decay = 0, large = 0, small = 0;
    std::vector<double> rates;
    root.read("decay", decay, {}, "");
    root.read("large", large, {}, "");
    root.read("small", small, {}, "");
    root.read("rates", rates, {}, "");
    EXPECT_EQ(config.resolved(), "decay: 5.0e-04\nlarge: 1.0e+30\nsmall: 1.5e-07\nrates: [1.0e-04, 0.5]\n");
    EXPECT_EQ(root.resolved(), "decay: 5e-04\nlarge: 1e+30\nsmall: 1.5e-07\nrates: [1e-04, 0.5]\n")
        << "or stored results are made of something else";
}

TEST(ConfigResolved, OfOneSection) {
    const Document config = Document::parse("teach: {epochs: 5}\nseed: 3\n");
    Section teach = config.root().section("teach", "");
    EXPECT_EQ(teach.resolved(), "{}\n");
    std::int64_t epochs = 1;
    double rate = 2;
    teach.read("epochs", epochs, {}, "");
    teach.section("schedule", "").read("rate", rate, {}, "");
    EXPECT_EQ(teach.resolved(), "epochs: 5\nschedule:\n  rate: 2\n");
}

} // namespace
} // namespace tessera::support
