#include "latency/table_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "support/seed.h"

namespace tessera::latency {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

TEST(TableCsv, ColumnsStandInAnyOrder) {
    const TableCsv table = parse_table_csv("latency_us, note ,choice,block\r\n"
                                           "1500,x,\"conv(depth=1,kernel=3)\", b1\r\n"
                                           "20,,,stem\r\n",
                                           "t.csv");
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_THAT(table.ignored, ElementsAre("note"));
    const CsvRow& row = table.rows[0];
    EXPECT_EQ(row.line, 2U);
    EXPECT_EQ(row.block, "b1");
    EXPECT_EQ(row.choice, "conv(depth=1,kernel=3)");
    EXPECT_DOUBLE_EQ(row.timing.p50_ms, 1.5);
    EXPECT_EQ(row.timing.count, 1);
    EXPECT_EQ(row.context.device, "");
    EXPECT_EQ(row.context.batch, 1);
    EXPECT_EQ(row.context.hardware, "not told");
    EXPECT_EQ(table.rows[1].block, "stem");
    EXPECT_EQ(table.rows[1].choice, "");
    EXPECT_DOUBLE_EQ(table.rows[1].timing.p50_ms, 0.02);
}

TEST(TableCsv, TellsWhatTheRowTells) {
    const TableCsv table =
        parse_table_csv("device,hardware,threads,batch,dtype,form,space,count,block,choice,architecture,"
                        "mean_ms,std_ms,p10_ms,p50_ms,p90_ms\n"
                        "pixel-7,Tensor G2,4,8,float16,tflite,0123456789abcdef,30,b1,identity,,2,0.5,1,2,4\n"
                        "pixel-7,Tensor G2,4,8,float16,tflite,,30,,,identity | conv,20,,,,\n",
                        "t.csv");
    ASSERT_EQ(table.rows.size(), 2U);
    const CsvRow& row = table.rows[0];
    EXPECT_EQ(row.context.device, "pixel-7");
    EXPECT_EQ(row.context.hardware, "Tensor G2");
    EXPECT_EQ(row.context.threads, 4);
    EXPECT_EQ(row.context.batch, 8);
    EXPECT_EQ(row.context.dtype, "float16");
    EXPECT_EQ(row.context.form, "tflite");
    EXPECT_EQ(row.space, "0123456789abcdef");
    EXPECT_EQ(row.timing.count, 30);
    EXPECT_EQ(row.timing.mean_ms, 2);
    EXPECT_EQ(row.timing.variance_ms2, 0.25);
    EXPECT_EQ(row.timing.p10_ms, 1);
    EXPECT_EQ(row.timing.p90_ms, 4);
    EXPECT_EQ(table.rows[1].architecture, "identity | conv");
    EXPECT_EQ(table.rows[1].timing.p50_ms, 20);
    EXPECT_THAT(table.ignored, IsEmpty());
}

TEST(TableCsv, RefusesColumnsInOneLine) {
    const auto refuse = [](const std::string& header, const std::string& why) {
        EXPECT_THAT([&] { parse_table_csv(header + "\n", "t.csv"); },
                    ThrowsMessage<support::RunError>(AllOf(HasSubstr("t.csv:1: "), HasSubstr(why))))
            << header;
    };
    refuse("block,choice",
           "no column with a latency and its unit: write latency_ms, latency_us or latency_s");
    refuse("block,choice,std_ms", "no column with a latency and its unit");
    refuse("block,choice,latency", "does not tell a unit that is known here: write latency_ms");
    refuse("block,choice,latency_ns", "'latency_ns' does not tell a unit");
    refuse("block,choice,latency_ms,latency_us", "columns 'latency_ms' and 'latency_us' say the same");
    refuse("block,choice,median_ms,p50_ms", "columns 'median_ms' and 'p50_ms' say the same");
    refuse("block,choice,block,latency_ms", "column 'block' is there twice");
    refuse("block,choise,latency_ms", "unknown column 'choise'; did you mean 'choice'?");
    refuse("block,choice,devcie,latency_ms", "did you mean 'device'?");
    refuse("block,latency_ms", "a column 'block' but none 'choice'");
    refuse("choice,latency_ms", "a column 'choice' but none 'block'");
    refuse("network,latency_ms", "neither columns 'block' and 'choice' nor a column 'architecture'");
    refuse("block,choice,latency_ms", "no rows under the header");
    refuse("", "no header");
}

TEST(TableCsv, RefusesRowsWithFileAndLine) {
    const auto refuse = [](const std::string& row, const std::string& why,
                           const std::string& header = "block,choice,latency_ms") {
        const std::string good = header == "block,choice,latency_ms" ? "b0,identity,1\n" : "";
        const std::string line = good.empty() ? "t.csv:2: " : "t.csv:3: ";
        EXPECT_THAT([&] { parse_table_csv(header + "\n" + good + row + "\n", "t.csv"); },
                    ThrowsMessage<support::RunError>(AllOf(HasSubstr(line), HasSubstr(why))))
            << row;
    };
    refuse("b1,identity,-3", "'latency_ms' is -3: a time is positive");
    refuse("b1,identity,0", "'latency_ms' is 0: a time is positive (0.000001 for what does nothing)");
    refuse("b1,identity,nan", "'latency_ms' is nan, not a finite number");
    refuse("b1,identity,inf", "'latency_ms' is inf, not a finite number");
    refuse("b1,identity,fast", "'latency_ms' is \"fast\", not a number");
    refuse("b1,identity,1 ms", "'latency_ms' is \"1 ms\", not a number");
    refuse("b1,identity,1e999", "'latency_ms' is \"1e999\", not a number");
    refuse("b1,identity,1e200", "'latency_ms' is 1e200: times lie between 1e-09 and 1000000000 ms");
    refuse("b1,identity,1e-200", "'latency_ms' is 1e-200: times lie between");
    refuse("b1,identity,", "'latency_ms' is empty");
    refuse("b1,,1", "block 'b1' without a choice");
    refuse(",identity,1", "neither a block nor an architecture");
    refuse("b1,conv(depth=1,kernel=3),1",
           "4 fields where the header has 3 (a field with a comma in it needs double quotes)");
    refuse("b1,identity", "2 fields where the header has 3");
    refuse("b1,identity,1,", "'device' is ''", "block,choice,latency_ms,device");
    refuse("b1,identity,1,../x", "'device' is '../x': a device's name", "block,choice,latency_ms,device");
    refuse("b1,identity,1,.x", "'device' is '.x'", "block,choice,latency_ms,device");
    refuse("b1,identity,1,0", "'count' is 0, not a whole number of at least 1",
           "block,choice,latency_ms,count");
    refuse("b1,identity,1,1.5", "'batch' is 1.5, not a whole number", "block,choice,latency_ms,batch");
    refuse("b1,identity,1,-1", "'std_ms' is -1: a time is positive", "block,choice,latency_ms,std_ms");
    refuse("b1,identity,1,2", "p10 <= p50 <= p90", "block,choice,latency_ms,p10_ms");
    refuse("b1,identity,,2", "no latency", "block,choice,p50_ms,p90_ms");
    refuse("b1,identity,identity,1", "both a block and an architecture",
           "block,choice,architecture,latency_ms");
}

TEST(TableCsv, LinesAreCountedThroughQuotedLineEnds) {
    EXPECT_THAT(
        [] {
            parse_table_csv("block,choice,latency_ms,note\nb0,identity,1,\"a\nb\"\nb1,identity,x,\n", "t");
        },
        ThrowsMessage<support::RunError>(HasSubstr("t:4: ")));
}

TEST(TableCsv, SurvivesArbitraryDamage) {
    const std::string good =
        "block,choice,device,latency_us,p90_us\nb1,\"conv(depth=1,kernel=3)\",phone,7,9\n"
        "stem,,phone,3,4\n";
    support::Rng rng(11);
    for (int repeat = 0; repeat < 500; ++repeat) {
        std::string text = good;
        for (std::size_t k = 0; k < 1 + rng.below(3); ++k) {
            const std::size_t at = rng.below(text.size());
            if (rng.below(2) == 0) {
                text[at] = static_cast<char>(rng.below(256));
            } else {
                text.erase(at, 1 + rng.below(4));
            }
        }
        try {
            for (const CsvRow& row : parse_table_csv(text, "t").rows) {
                EXPECT_GT(row.timing.p50_ms, 0);
            }
        } catch (const support::RunError&) { // refused: as good as read
        }
    }
}

} // namespace
} // namespace tessera::latency
