// Reading values: what is accepted, and the exact message for what is not.
#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config.h"
#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

using ::testing::ElementsAre;
using testing::message_of;

constexpr Range<std::int64_t> any_integer{};

Section root_of(const std::string& text) { return Document::parse(text, "c.yaml", "/cfg").root(); }

template <class T>
T integer_like(const std::string& text, Range<T> range = {}) {
    T value = 7;
    root_of("k: " + text).read("k", value, range, "a value");
    return value;
}

std::int64_t integer(const std::string& text, Range<std::int64_t> range = {}) {
    return integer_like(text, range);
}
double real(const std::string& text, Range<double> range = {}) { return integer_like(text, range); }

template <class T>
std::string refusal(const std::string& text, Range<T> range = {}) {
    return message_of([&] { integer_like<T>(text, range); });
}

TEST(ConfigInteger, ReadsDecimalDigits) {
    EXPECT_EQ(integer("0"), 0);
    EXPECT_EQ(integer("10"), 10);
    EXPECT_EQ(integer("-3"), -3);
    EXPECT_EQ(integer("+3"), 3);
    EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

TEST(ConfigInteger, ARequiredKeyHasNoDefaultThatRangesDoNotBind) {
    const auto read = [](const std::string& text) {
        std::int64_t value = 0;
        root_of("k: " + text).require("k").read("k", value, {1, 9}, "a value");
        return value;
    };
    EXPECT_EQ(read("1"), 1);
    EXPECT_EQ(message_of([&] { read("0"); }), "c.yaml:1:4: error: k: must be in 1..9, found 0");
}

TEST(ConfigInteger, RefusesOtherSpellings) {
    EXPECT_EQ(refusal<std::int64_t>("010"), "c.yaml:1:4: error: k: expected an integer, found \"010\" "
                                            "(leading zeros could mean octal: remove them)");
    EXPECT_EQ(refusal<std::int64_t>("1e6"),
              "c.yaml:1:4: error: k: expected an integer, found \"1e6\" (write 1000000)");
    EXPECT_EQ(refusal<std::int64_t>("2.0"),
              "c.yaml:1:4: error: k: expected an integer, found \"2.0\" (write 2)");
    EXPECT_EQ(refusal<std::int64_t>("2.5"), "c.yaml:1:4: error: k: expected an integer, found \"2.5\"");
    for (const char* text : {"0x10", "0o10", "1_000", "ten", "1 2", "--1", "+", "1e99", "true", "1,000"}) {
        EXPECT_EQ(refusal<std::int64_t>(text),
                  "c.yaml:1:4: error: k: expected an integer, found \"" + std::string(text) + "\"");
    }
}

TEST(ConfigInteger, RefusesOtherKinds) {
    EXPECT_EQ(refusal<std::int64_t>("'10'"),
              "c.yaml:1:4: error: k: expected an integer, found the text \"10\" (remove the quotes)");
    EXPECT_EQ(refusal<std::int64_t>("\"ten\""),
              "c.yaml:1:4: error: k: expected an integer, found the text \"ten\"");
    EXPECT_EQ(refusal<std::int64_t>("[1]"), "c.yaml:1:4: error: k: expected an integer, found a list");
    EXPECT_EQ(refusal<std::int64_t>("{a: 1}"), "c.yaml:1:4: error: k: expected an integer, found a section");
    EXPECT_EQ(refusal<std::int64_t>("null"), "c.yaml:1:4: error: k: expected an integer, found nothing");
}

TEST(ConfigInteger, RefusesValuesOutOfRange) {
    const Range<std::int64_t> range{1, 1000};
    EXPECT_EQ(integer("1", range), 1);
    EXPECT_EQ(integer("1000", range), 1000);
    EXPECT_EQ(refusal("0", range), "c.yaml:1:4: error: k: must be in 1..1000, found 0");
    EXPECT_EQ(refusal("1001", range), "c.yaml:1:4: error: k: must be in 1..1000, found 1001");
    EXPECT_EQ(refusal("99999999999999999999", range),
              "c.yaml:1:4: error: k: must be in 1..1000, found 99999999999999999999");
    EXPECT_EQ(refusal("99999999999999999999", any_integer),
              "c.yaml:1:4: error: k: 99999999999999999999 does not fit 64 bits");
    EXPECT_EQ(refusal<std::int64_t>("-1", {.low = 0}), "c.yaml:1:4: error: k: must be >= 0, found -1");
}

TEST(ConfigNumber, ReadsYamlDecimals) {
    EXPECT_EQ(real("1"), 1.0);
    EXPECT_EQ(real("1e6"), 1e6);
    EXPECT_EQ(real("-2.5E-3"), -0.0025);
    EXPECT_EQ(real(".5"), 0.5);
    EXPECT_EQ(real("5."), 5.0);
    EXPECT_EQ(real("+0.1"), 0.1);
    EXPECT_EQ(real(".inf", {.low = 0, .high = HUGE_VAL}), HUGE_VAL);
}

TEST(ConfigNumber, RefusesOtherSpellings) {
    for (const char* text :
         {"1,5", "1e", "e5", ".", "inf", "nan", ".nan", "0x1p3", "1_0", "one", "1.2.3", "-.-5"}) {
        EXPECT_EQ(refusal<double>(text),
                  "c.yaml:1:4: error: k: expected a number, found \"" + std::string(text) + "\"");
    }
    EXPECT_EQ(refusal<double>("007.5"), "c.yaml:1:4: error: k: expected a number, found \"007.5\" "
                                        "(leading zeros could mean octal: remove them)");
    EXPECT_EQ(refusal<double>("'0.5'"),
              "c.yaml:1:4: error: k: expected a number, found the text \"0.5\" (remove the quotes)");
    EXPECT_EQ(refusal<double>("~"), "c.yaml:1:4: error: k: expected a number, found nothing");
    EXPECT_EQ(refusal<double>("1e999"), "c.yaml:1:4: error: k: 1e999 does not fit 64 bits");
}

TEST(ConfigNumber, RefusesValuesOutOfRange) {
    EXPECT_EQ(refusal<double>("1.5", {0, 1}), "c.yaml:1:4: error: k: must be in 0..1, found 1.5");
    EXPECT_EQ(refusal<double>("0", {0, 1, true}), "c.yaml:1:4: error: k: must be > 0 and <= 1, found 0");
    EXPECT_EQ(refusal<double>("0", {.low = 0, .open_low = true}),
              "c.yaml:1:4: error: k: must be > 0, found 0");
    EXPECT_EQ(refusal<double>("-1", {.low = 0}), "c.yaml:1:4: error: k: must be >= 0, found -1");
    EXPECT_EQ(refusal<double>("6", {.high = 5}), "c.yaml:1:4: error: k: must be <= 5, found 6");
    EXPECT_EQ(refusal<double>(".inf"), "c.yaml:1:4: error: k: must be finite, found .inf");
}

TEST(ConfigNumber, AcceptsADefaultOutsideTheRange) {
    double value = -1; // stands for "choose for me"
    root_of("k: -1").read("k", value, Range<double>{0, 1}, "");
    EXPECT_EQ(value, -1);
}

TEST(ConfigOptional, NullMeansUnset) {
    const auto read = [](const std::string& text, std::optional<double> value) {
        root_of(text).read("k", value, Range<double>{0, 1}, "");
        return value;
    };
    EXPECT_EQ(read("{}", 0.5), 0.5);
    EXPECT_EQ(read("k: null", 0.5), std::nullopt);
    EXPECT_EQ(read("k:", 0.5), std::nullopt);
    EXPECT_EQ(read("k: 0.25", std::nullopt), 0.25);
    EXPECT_EQ(message_of([&] { read("k: 2", std::nullopt); }),
              "c.yaml:1:4: error: k: must be in 0..1, found 2");
    EXPECT_EQ(message_of([&] { read("k: none", std::nullopt); }),
              "c.yaml:1:4: error: k: expected a number, found \"none\"");
}

TEST(ConfigBoolean, IsTrueOrFalse) {
    const auto read = [](const std::string& text) {
        bool value = false;
        root_of("k: " + text).read("k", value, "");
        return value;
    };
    EXPECT_TRUE(read("true"));
    EXPECT_FALSE(read("false"));
    EXPECT_EQ(message_of([&] { read("yes"); }),
              "c.yaml:1:4: error: k: expected true or false, found \"yes\"");
    EXPECT_EQ(message_of([&] { read("True"); }),
              "c.yaml:1:4: error: k: expected true or false, found \"True\" (did you mean \"true\"?)");
    EXPECT_EQ(message_of([&] { read("'true'"); }),
              "c.yaml:1:4: error: k: expected true or false, found the text \"true\"");
    EXPECT_EQ(message_of([&] { read("1"); }), "c.yaml:1:4: error: k: expected true or false, found \"1\"");
    EXPECT_EQ(message_of([&] { read(""); }), "c.yaml:1:4: error: k: expected true or false, found nothing");
}

TEST(ConfigText, TakesAnyScalar) {
    const auto read = [](const std::string& text) {
        std::string value = "default";
        root_of("k: " + text).read("k", value, "");
        return value;
    };
    EXPECT_EQ(read("plain words"), "plain words");
    EXPECT_EQ(read("10"), "10");
    EXPECT_EQ(read("'null'"), "null");
    EXPECT_EQ(read("\"tab\\t é\""), "tab\t é");
    EXPECT_EQ(read("''"), "");
    EXPECT_EQ(read("|\n  two\n  lines\n"), "two\nlines\n");
    EXPECT_EQ(message_of([&] { read("[a]"); }), "c.yaml:1:4: error: k: expected a text, found a list");
    EXPECT_EQ(message_of([&] { read("null"); }),
              "c.yaml:1:4: error: k: expected a text, found nothing (write \"\" for an empty text)");
}

TEST(ConfigPath, OfTheCommandLineIsRelativeToWhereTheUserIs) {
    auto root = Document::parse("k: data/x\nother: x\n", "c.yaml", "/cfg", {"k=data/y", "new=/z"}).root();
    std::filesystem::path k, other, fresh;
    root.read("k", k, "");
    root.read("other", other, "");
    root.read("new", fresh, "");
    EXPECT_EQ(k, std::filesystem::current_path() / "data/y");
    EXPECT_EQ(other, "/cfg/x");
    EXPECT_EQ(fresh, "/z");
}

TEST(ConfigPath, IsRelativeToTheFolderOfTheConfiguration) {
    const auto read = [](const std::string& text, std::filesystem::path value = "") {
        root_of(text).read("k", value, "");
        return value.string();
    };
    EXPECT_EQ(read("k: data/x"), "/cfg/data/x");
    EXPECT_EQ(read("k: ../data/./x/"), "/data/x");
    EXPECT_EQ(read("k: /abs/x/../y"), "/abs/y");
    EXPECT_EQ(read("k: /"), "/");
    EXPECT_EQ(read("k: ."), "/cfg");
    EXPECT_EQ(read("k: ''"), "");
    EXPECT_EQ(read("{}", "runs"), "/cfg/runs");
    EXPECT_EQ(read("{}"), "");
    EXPECT_EQ(message_of([&] { read("k: [a]"); }), "c.yaml:1:4: error: k: expected a path, found a list");
}

TEST(ConfigLists, ReadTheirElements) {
    Section root = root_of("i: [1, -2]\nd: [0.5, 1]\nt: [a, '1', \"x y\"]\ne: []\n");
    std::vector<std::int64_t> integers, empty = {1};
    std::vector<double> reals;
    std::vector<std::string> texts, absent = {"kept"};
    root.read("i", integers, any_integer, "");
    root.read("d", reals, Range<double>{}, "");
    root.read("t", texts, "");
    root.read("e", empty, any_integer, "");
    root.read("absent", absent, "");
    EXPECT_THAT(integers, ElementsAre(1, -2));
    EXPECT_THAT(reals, ElementsAre(0.5, 1.0));
    EXPECT_THAT(texts, ElementsAre("a", "1", "x y"));
    EXPECT_THAT(empty, ElementsAre());
    EXPECT_THAT(absent, ElementsAre("kept"));
}

TEST(ConfigLists, PointAtTheElementThatIsWrong) {
    const auto read = [](const std::string& text) {
        std::vector<std::int64_t> value = {5};
        root_of(text).read("k", value, {0, 9}, "");
    };
    EXPECT_EQ(message_of([&] { read("k: [1, 2, 30]"); }),
              "c.yaml:1:11: error: k[2]: must be in 0..9, found 30");
    EXPECT_EQ(message_of([&] { read("k:\n  - 1\n  - x\n"); }),
              "c.yaml:3:5: error: k[1]: expected an integer, found \"x\"");
    EXPECT_EQ(message_of([&] { read("k: 3"); }),
              "c.yaml:1:4: error: k: expected a list of integers, found \"3\" (write [3])");
    EXPECT_EQ(message_of([&] { read("k: {a: 1}"); }),
              "c.yaml:1:4: error: k: expected a list of integers, found a section");
    EXPECT_EQ(message_of([&] { read("k: null"); }),
              "c.yaml:1:4: error: k: expected a list of integers, found nothing");
    EXPECT_EQ(message_of([&] {
                  std::vector<std::string> texts;
                  root_of("k: [a, [b]]").read("k", texts, "");
              }),
              "c.yaml:1:8: error: k[1]: expected a text, found a list");
}

enum class Optimiser { sgd, adam, adamw };
const EnumNames<Optimiser> optimisers = {
    {"sgd", Optimiser::sgd}, {"adam", Optimiser::adam}, {"adamw", Optimiser::adamw}};

TEST(ConfigEnumeration, ReadsItsSpellings) {
    const auto read = [](const std::string& text) {
        auto value = Optimiser::adam;
        root_of(text).read("k", value, optimisers, "");
        return value;
    };
    EXPECT_EQ(read("k: sgd"), Optimiser::sgd);
    EXPECT_EQ(read("k: 'adamw'"), Optimiser::adamw);
    EXPECT_EQ(read("{}"), Optimiser::adam);
    EXPECT_EQ(
        message_of([&] { read("k: adamW"); }),
        "c.yaml:1:4: error: k: must be one of sgd, adam, adamw, found \"adamW\" (did you mean \"adamw\"?)");
    EXPECT_EQ(message_of([&] { read("k: newton"); }),
              "c.yaml:1:4: error: k: must be one of sgd, adam, adamw, found \"newton\"");
    EXPECT_EQ(message_of([&] { read("k: [sgd]"); }),
              "c.yaml:1:4: error: k: must be one of sgd, adam, adamw, found a list");
    EXPECT_EQ(message_of([&] { read("k: ~"); }),
              "c.yaml:1:4: error: k: must be one of sgd, adam, adamw, found nothing");
}

TEST(ConfigFreeKeys, AreReadAsTexts) {
    Section root = root_of("kernel: [3, '5', x y]\nact: relu\n");
    EXPECT_THAT(root.present(), ElementsAre("kernel", "act"));
    EXPECT_THAT(root.texts("kernel"), ElementsAre("3", "5", "x y"));
    EXPECT_THAT(root.texts("act"), ElementsAre("relu"));
    EXPECT_THAT(root.texts("absent"), ElementsAre());
    EXPECT_NO_THROW(root.finish());
}

TEST(ConfigFreeKeys, RefuseNestedValues) {
    EXPECT_EQ(message_of([] { root_of("k: {a: 1}").texts("k"); }),
              "c.yaml:1:4: error: k: expected a value or a list of values, found a section");
    EXPECT_EQ(message_of([] { root_of("k: [1, [2]]").texts("k"); }),
              "c.yaml:1:8: error: k[1]: expected a value, found a list");
    EXPECT_EQ(message_of([] { root_of("k: [1, ~]").texts("k"); }),
              "c.yaml:1:8: error: k[1]: expected a value, found nothing (write \"\" for an empty text)");
}

TEST(ConfigMessages, StayOnOneLineWhateverTheKey) {
    EXPECT_EQ(message_of([] { root_of("\"a\\nb\": 1").finish(); }), "c.yaml:1:1: error: a b: unknown key");
    EXPECT_EQ(refusal<std::int64_t>(std::string(5000, '9')),
              "c.yaml:1:4: error: k: " + std::string(60, '9') + " does not fit 64 bits");
}

TEST(ConfigMessages, StayOnOneShortLine) {
    const std::string message = refusal<std::int64_t>("\"a\\n" + std::string(5000, 'x') + "\"");
    EXPECT_EQ(message, "c.yaml:1:4: error: k: expected an integer, found the text \"a\\x0a" +
                           std::string(58, 'x') + "...\"");
}

} // namespace
} // namespace tessera::support
