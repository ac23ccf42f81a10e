#include "support/csv.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

using ::testing::ElementsAre;
using testing::message_of;

std::string refusal(std::string_view text) {
    return message_of<RunError>([&] { parse_csv(text, "t.csv"); });
}

TEST(Csv, WritesQuotesWhereNeeded) {
    CsvTable table{{"name", "text"}, {}};
    table.add({"a", "plain"});
    table.add({"b,c", "say \"hi\""});
    table.add({"", "two\nlines"});
    EXPECT_EQ(table.text(), "name,text\na,plain\n\"b,c\",\"say \"\"hi\"\"\"\n,\"two\nlines\"\n");
}

TEST(Csv, ReadsWhatItWrote) {
    CsvTable table{{"x,\"y\"", ""}, {}};
    table.add({"\r\n", "\""});
    table.add({"", ""});
    table.add({"\r", " é "});
    const CsvTable read = parse_csv(table.text(), "t");
    EXPECT_EQ(read.header, table.header);
    EXPECT_EQ(read.rows, table.rows);
}

TEST(Csv, KeepsEmptyFieldsOfASingleColumn) {
    CsvTable table{{"x"}, {{""}, {"1"}, {""}}};
    EXPECT_EQ(table.text(), "x\n\"\"\n1\n\"\"\n");
    EXPECT_EQ(parse_csv(table.text(), "t").rows, table.rows);
}

TEST(Csv, ReadsBothLineEndsAndNoFinalOne) {
    const CsvTable table = parse_csv("a,b\r\n1,\"2\"\r\n3,\"\"", "t");
    EXPECT_THAT(table.header, ElementsAre("a", "b"));
    EXPECT_THAT(table.rows, ElementsAre(ElementsAre("1", "2"), ElementsAre("3", "")));
}

TEST(Csv, SkipsAByteOrderMark) {
    EXPECT_THAT(parse_csv("\xEF\xBB\xBF"
                          "a,b\n",
                          "t")
                    .header,
                ElementsAre("a", "b"));
}

TEST(Csv, RefusesRaggedRows) {
    EXPECT_EQ(refusal("a,b\n1,2\n3\n"), "t.csv:3: 1 fields where the header has 2");
    EXPECT_EQ(refusal("a,b\n\"1\n1\",2\n3,4,5\n"),
              "t.csv:4: 3 fields where the header has 2 (a field with a comma in it needs double quotes)");
    EXPECT_EQ(refusal("a,b\n1,2\n\n"), "t.csv:3: 1 fields where the header has 2");
}

TEST(Csv, RefusesBadQuotes) {
    EXPECT_EQ(refusal("a,b\n1,\"2\n3,4\n"), "t.csv:2: a quote that is never closed");
    EXPECT_EQ(refusal("a,b\n1,2\"3\n"), "t.csv:2: a quote inside an unquoted field");
    EXPECT_EQ(refusal("a,b\n1,\"2\"3\n"), "t.csv:2: text after a closing quote");
}

TEST(Csv, RefusesNulBytesAndMissingHeaders) {
    EXPECT_EQ(refusal(std::string_view("a\nb\0c\n", 6)), "t.csv:2: a NUL byte: not a text file");
    EXPECT_EQ(refusal(""), "t.csv:1: empty: no header");
    EXPECT_EQ(refusal("\na,b\n"), "t.csv:1: the first line is empty: no header");
}

TEST(Csv, RefusesOtherSeparators) {
    EXPECT_EQ(refusal("block;choice;latency_ms\nb1;conv;0,3\n"),
              "t.csv:1: the columns seem to be separated by ';'; write commas");
    EXPECT_EQ(refusal("block\tchoice\n"), "t.csv:1: the columns seem to be separated by tabs; write commas");
    EXPECT_EQ(parse_csv("a;b,c\n1,2\n", "t.csv").header.size(), 2U);
}

TEST(Csv, ReadsAFile) {
    const testing::TemporaryFolder folder;
    testing::put(folder / "t.csv", "a\n1\n");
    EXPECT_THAT(read_csv(folder / "t.csv").rows, ElementsAre(ElementsAre("1")));
    EXPECT_EQ(message_of<RunError>([] { read_csv("/nowhere.csv"); }),
              "cannot read /nowhere.csv: No such file or directory");
}

TEST(Csv, FindsColumns) {
    const CsvTable table{{"block", "choice"}, {}};
    EXPECT_EQ(table.column("choice", "t.csv"), 1U);
    EXPECT_EQ(message_of<RunError>([&] { table.column("chioce", "t.csv"); }),
              "t.csv: no column \"chioce\" (is \"choice\" meant?)");
    EXPECT_EQ(message_of<RunError>([&] { table.column("mean_ms", "t.csv"); }),
              "t.csv: no column \"mean_ms\", only block, choice");
}

TEST(Csv, RefusesRowsOfAnotherWidth) {
    CsvTable table{{"a", "b"}, {}};
    EXPECT_THROW(table.add({"1"}), std::logic_error);
}

TEST(Number, IsTheShortestTextThatReadsBack) {
    EXPECT_EQ(number(0.1), "0.1");
    EXPECT_EQ(number(1.0), "1");
    EXPECT_EQ(number(-0.0), "-0");
    EXPECT_EQ(number(1e300), "1e+300");
    EXPECT_EQ(number(2.0 / 3.0), "0.6666666666666666");
    EXPECT_EQ(number(std::numeric_limits<double>::denorm_min()), "5e-324");
    EXPECT_EQ(number(std::int64_t{-42}), "-42");
    for (const double value : {0.1, 2.0 / 3.0, 1e-310, 123456789.123456789}) {
        EXPECT_EQ(parse_number(number(value), "x"), value);
    }
}

TEST(Number, SpellsOutWhatIsNotFinite) {
    EXPECT_EQ(number(std::nan("")), "nan");
    EXPECT_EQ(number(-std::nan("")), "nan");
    EXPECT_EQ(number(HUGE_VAL), "inf");
    EXPECT_EQ(number(-HUGE_VAL), "-inf");
    EXPECT_TRUE(std::isnan(parse_number("nan", "x")));
    EXPECT_EQ(parse_number("-inf", "x"), -HUGE_VAL);
}

TEST(Number, RefusesWhatIsNotOneNumber) {
    for (const char* text :
         {"", " 1", "1 ", "1,5", "0x10", "abc", "1e999", "infinity", "NaN", "1.5.2", "+-1"}) {
        EXPECT_EQ(message_of<RunError>([&] { parse_number(text, "t.csv:2"); }),
                  "t.csv:2: expected a number, found \"" + std::string(text) + "\"");
    }
}

} // namespace
} // namespace tessera::support
