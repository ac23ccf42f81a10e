#include "support/table.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tessera::support {
namespace {

TEST(TextTable, AlignsNumbersToTheRight) {
    TextTable table({"block", "params", "note"});
    table.add({"stem", "1.23 M", "first"});
    table.add({"b10", "928", ""});
    EXPECT_EQ(table.text(), "block  params  note\n"
                            "-----  ------  -----\n"
                            "stem   1.23 M  first\n"
                            "b10       928\n");
}

TEST(TextTable, KeepsTextToTheLeft) {
    TextTable table({"kernel", "x"});
    table.add({"3x3", "1"});
    table.add({"5", "-"});
    table.add({"7", "-1.5e-3 %"});
    EXPECT_EQ(table.text(), "kernel          x\n"
                            "------  ---------\n"
                            "3x3             1\n"
                            "5               -\n"
                            "7       -1.5e-3 %\n");
}

TEST(TextTable, CountsCodePoints) {
    TextTable table({"µ", "b"});
    table.add({"éé", "x"});
    EXPECT_EQ(table.text(), "µ   b\n--  -\néé  x\n");
}

TEST(TextTable, TakesRowsOfAnyWidthAndKeepsCellsOnOneLine) {
    TextTable table({"a", "b"});
    table.add({"x"});
    table.add({"two\nlines", "y", "z"});
    EXPECT_EQ(table.text(), "a          b\n---------  -  -\nx\ntwo lines  y  z\n");
    EXPECT_EQ(TextTable({}).text(), "\n\n");
}

TEST(Si, ShowsThreeSignificantDigits) {
    EXPECT_EQ(si(1234567), "1.23 M");
    EXPECT_EQ(si(999), "999");
    EXPECT_EQ(si(1000), "1.00 k");
    EXPECT_EQ(si(12345), "12.3 k");
    EXPECT_EQ(si(123456), "123 k");
    EXPECT_EQ(si(42), "42");
    EXPECT_EQ(si(42.25), "42.2");
    EXPECT_EQ(si(1.5), "1.50");
    EXPECT_EQ(si(5e9), "5.00 G");
    EXPECT_EQ(si(3e20), "300000 P");
}

TEST(Si, RoundsIntoTheNextPrefix) {
    EXPECT_EQ(si(999.6), "1.00 k");
    EXPECT_EQ(si(999'999), "1.00 M");
    EXPECT_EQ(si(9.999), "10.0");
    EXPECT_EQ(si(99.97), "100");
}

TEST(Si, ShowsSmallNegativeAndUndefinedValues) {
    EXPECT_EQ(si(0), "0");
    EXPECT_EQ(si(0.0015), "1.50 m");
    EXPECT_EQ(si(2.5e-6), "2.50 µ");
    EXPECT_EQ(si(1e-12), "0.00 n");
    EXPECT_EQ(si(-1500), "-1.50 k");
    EXPECT_EQ(si(std::nan("")), "nan");
    EXPECT_EQ(si(HUGE_VAL), "inf");
}

TEST(Duration, ChoosesItsUnits) {
    EXPECT_EQ(duration(0), "0 s");
    EXPECT_EQ(duration(0.44), "0.4 s");
    EXPECT_EQ(duration(5), "5 s");
    EXPECT_EQ(duration(9.96), "10 s");
    EXPECT_EQ(duration(42.3), "42 s");
    EXPECT_EQ(duration(59.7), "1 min 00 s");
    EXPECT_EQ(duration(200), "3 min 20 s");
    EXPECT_EQ(duration(3599.9), "1 h 00 min");
    EXPECT_EQ(duration(7500), "2 h 05 min");
    EXPECT_EQ(duration(200'000), "2 d 07 h");
}

TEST(Duration, TakesAnyNumber) {
    EXPECT_EQ(duration(-1), "?");
    EXPECT_EQ(duration(std::nan("")), "?");
    EXPECT_EQ(duration(HUGE_VAL), "?");
    EXPECT_EQ(duration(1e30), "ages");
}

} // namespace
} // namespace tessera::support
