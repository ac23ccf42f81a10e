#include "latency/brought_tables.h"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latency/row_lookup.h"
#include "latency/table_csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/hash.h"

namespace tessera::latency {
namespace {

using search_spaces::SearchSpace;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

/// Two blocks; the reference's choices are conv(depth=1,kernel=3,width=1).
constexpr const char* two_blocks = R"(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 8}
  blocks:
    - {name: b1, channels: 8, choices: [conv: {depth: [1, 2]}, identity: {}]}
    - {name: b2, channels: 8, choices: [conv: {depth: [1, 2]}]}
)";

/// Everything that the space needs, one row a line; choices with defaults left out.
const std::string all_rows = "block,choice,latency_ms\n"
                             "stem,,0.5\n"
                             "b1,conv,1\n"
                             "b1,conv(depth=2),2\n"
                             "b1,identity,0.000001\n"
                             "b2,conv,3\n"
                             "b2,\"conv(depth=2,kernel=3,width=1)\",4\n"
                             "head,,0.25\n";

class BroughtTable : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }
    BroughtTables load(const std::string& text, const std::string& name = "t.csv") {
        std::ofstream(folder / name, std::ios::binary) << text;
        options.file = folder / name;
        return load_tables(options, space);
    }
    void refuse(const std::string& text, const std::string& why, const std::string& name = "t.csv") {
        EXPECT_THAT([&] { load(text, name); },
                    ThrowsMessage<support::RunError>(AllOf(HasSubstr(name), HasSubstr(why))))
            << text;
    }
    static std::string replaced(std::string text, const std::string& from, const std::string& to) {
        EXPECT_NE(text.find(from), std::string::npos) << from;
        return text.replace(text.find(from), from.size(), to);
    }

    const SearchSpace space =
        SearchSpace::read(support::Document::parse(two_blocks).root().section("space", ""));
    TableOptions options;
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("tessera-brought-" + std::to_string(getpid()));
};

TEST_F(BroughtTable, FindsChoicesWrittenInAnyWay) {
    const std::string id = support::content_hash("conv(depth=2,kernel=3,width=1)");
    const BroughtTables brought = load(replaced(replaced(all_rows, "b1,conv(depth=2)", "b1," + id),
                                                "b2,conv,", "b2,\"conv( width = 1.0 , depth=01 )\","));
    EXPECT_THAT(brought.warnings, IsEmpty());
    ASSERT_EQ(brought.tables.size(), 1U);
    const LatencyTable& table = brought.tables[0];
    EXPECT_EQ(table.context.device, "cpu");
    EXPECT_EQ(table.rows().size(), 5U);
    const std::string deep = "conv(depth=2,kernel=3,width=1)", plain = "conv(depth=1,kernel=3,width=1)";
    EXPECT_DOUBLE_EQ(table.network_ms({{"b1", plain}, {"b2", plain}}), 4.75);
    EXPECT_DOUBLE_EQ(table.network_ms({{"b1", deep}, {"b2", deep}}), 6.75);
    EXPECT_DOUBLE_EQ(table.network_ms({{"b1", "identity"}, {"b2", deep}}), 4.750001);
}

TEST_F(BroughtTable, SeveralDevicesAreSeveralTables) {
    const std::string rows = "device,block,choice,latency_us,batch\n"
                             "phone,b1,conv,1,1\nphone,b1,conv(depth=2),2,1\nphone,b1,identity,3,1\n"
                             "phone,b2,conv,4,1\nphone,b2,conv(depth=2),5,1\n"
                             "phone,stem,,1,1\nphone,head,,1,1\n"
                             "board,b1,conv,10,8\nboard,b1,conv(depth=2),20,8\nboard,b1,identity,30,8\n"
                             "board,b2,conv,40,8\nboard,b2,conv(depth=2),50,8\n"
                             "board,stem,,1,8\nboard,head,,1,8\n";
    const BroughtTables brought = load(rows);
    ASSERT_EQ(brought.tables.size(), 2U);
    EXPECT_EQ(brought.tables[0].context.device, "board");
    EXPECT_EQ(brought.tables[0].context.batch, 8);
    EXPECT_DOUBLE_EQ(brought.tables[0].find("b1", "identity")->p50_ms, 0.03);
    EXPECT_EQ(brought.tables[1].context.device, "phone");
    EXPECT_DOUBLE_EQ(brought.tables[1].find("b1", "identity")->p50_ms, 0.003);
    EXPECT_THAT(table_devices(options), ElementsAre("board", "phone"));
    options.device = "one";
    refuse(rows, "rows of 2 devices (board, phone), which cannot all be called 'one'");
    options.device = "";
    refuse(replaced(rows, "board,b2,conv,40,8", "board,b2,conv,40,1"),
           "t.csv:12: hardware, threads, batch, dtype or form differ from line 9");
    refuse(replaced(rows, "board,b2,conv,40,8\n", ""), "no latency on board of 1 of the space's 5 choices");
}

TEST_F(BroughtTable, TheDeviceIsNamedByTheConfigurationWhereTheFileDoesNot) {
    options.device = "watch";
    EXPECT_EQ(load(all_rows).tables[0].context.device, "watch");
    EXPECT_THAT(table_devices(options), ElementsAre("watch"));
    options.device = "";
    EXPECT_THAT(table_devices(options), ElementsAre("cpu"));
}

TEST_F(BroughtTable, MissingChoicesAreCountedAndTheFirstNamed) {
    refuse(
        "block,choice,latency_ms\nb2,conv,1\n",
        "no latency on cpu of 4 of the space's 5 choices: b1 conv(depth=1,kernel=3,width=1); b1 "
        "conv(depth=2,kernel=3,width=1); b1 identity and 1 more; add rows, or set latency.missing: exclude "
        "to search without them");
    refuse("block,choice,latency_ms\nb3,conv,1\n",
           "(not of this space: line 2: no block 'b3' (is 'b1' meant?))");
}

TEST_F(BroughtTable, MissingChoicesMayBeLeftOutButNotTheReferences) {
    options.missing = Missing::exclude;
    const BroughtTables brought = load(replaced(all_rows, "b1,identity,0.000001\n", ""));
    ASSERT_EQ(brought.tables.size(), 1U);
    EXPECT_EQ(brought.tables[0].rows().size(), 4U);
    EXPECT_THAT(brought.warnings, ElementsAre(HasSubstr("no latency on cpu of 1 of the space's 5 choices: b1 "
                                                        "identity; these are left out of the search")));
    refuse(replaced(all_rows, "b1,conv,1\n", ""),
           "b1 conv(depth=1,kernel=3,width=1): the reference's own choices need one");
}

TEST_F(BroughtTable, RowsThatTheSpaceDoesNotHaveAreWarnedOf) {
    const BroughtTables brought =
        load(all_rows + "b3,conv,1\nb1,conv(depth=3),1\nb1,conv(deep=3),1\nb2,what,1\n");
    ASSERT_EQ(brought.warnings.size(), 1U);
    EXPECT_THAT(
        brought.warnings[0],
        AllOf(HasSubstr("4 rows are nothing of this space and left out"),
              HasSubstr("line 9: no block 'b3' (is 'b1' meant?)"),
              HasSubstr("line 10: block 'b1' has no choice conv(depth=3); the nearest is conv(depth="),
              HasSubstr("line 11: block 'b1': "), HasSubstr("depth"), HasSubstr(" and 1 more")));
    EXPECT_EQ(brought.tables[0].rows().size(), 5U);
}

TEST_F(BroughtTable, StemAndHeadMayBeAbsentWhichIsSaid) {
    const BroughtTables brought = load(replaced(replaced(all_rows, "stem,,0.5\n", ""), "head,,0.25\n", ""));
    EXPECT_EQ(brought.tables[0].stem.p50_ms, 0);
    EXPECT_EQ(brought.tables[0].head.count, 0);
    EXPECT_THAT(brought.warnings,
                ElementsAre(HasSubstr("no row 'stem' of cpu: it is taken to cost nothing"),
                            HasSubstr("no row 'head' of cpu: it is taken to cost nothing")));
    // Such a table is a table: it can be written and read again.
    const BroughtTables again = load(brought.tables[0].yaml(), "again.yaml");
    EXPECT_EQ(again.tables[0].yaml(), brought.tables[0].yaml());
}

TEST_F(BroughtTable, RefusesRowsThatAreThereTwice) {
    refuse(all_rows + "b1,\"conv(depth=1,kernel=3)\",7\n",
           "t.csv:9: block 'b1', choice 'conv(depth=1,kernel=3,width=1)' is there twice, first in line 3");
    refuse(all_rows + "stem,,7\n", "t.csv:9: block 'stem' is there twice, first in line 2");
}

TEST_F(BroughtTable, WholeNetworksCheckAndCorrectTheSum) {
    // Truth: half a millisecond less than the sum.
    std::string text = replaced(all_rows, "block,choice,latency_ms", "block,choice,latency_ms,architecture");
    for (std::size_t at = text.find('\n') + 1; (at = text.find('\n', at)) != std::string::npos; at += 2) {
        text.insert(at, 1, ',');
    }
    const BroughtTables brought = load(text + ",,4.25,conv | conv\n,,5.25,conv(depth=2) | conv\n"
                                              ",,6.25,conv(depth=2) | conv(depth=2)\n"
                                              ",,3.250001,identity | conv\n,,1,identity | what\n");
    const LatencyTable& table = brought.tables[0];
    ASSERT_EQ(table.additivity.size(), 4U);
    EXPECT_EQ(table.additivity[0].architecture,
              "conv(depth=1,kernel=3,width=1) | conv(depth=1,kernel=3,width=1)");
    EXPECT_DOUBLE_EQ(table.additivity[0].predicted_ms, 4.75);
    EXPECT_DOUBLE_EQ(table.additivity[0].measured_ms, 4.25);
    EXPECT_NEAR(table.offset_ms, -0.5, 1e-9);
    EXPECT_NEAR(table.scale, 1, 1e-9);
    EXPECT_THAT(brought.warnings, ElementsAre(HasSubstr("1 row is nothing of this space")));
}

TEST_F(BroughtTable, TheTimeOfACallComesOffEveryRowButTheStem) {
    const BroughtTables brought = load(all_rows + "call,,0.125\n");
    const LatencyTable& table = brought.tables[0];
    EXPECT_THAT(brought.warnings, IsEmpty());
    EXPECT_DOUBLE_EQ(table.stem.p50_ms, 0.5);
    EXPECT_DOUBLE_EQ(table.head.p50_ms, 0.125);
    EXPECT_DOUBLE_EQ(table.find("b1", "identity")->p50_ms, 1e-6);
    EXPECT_DOUBLE_EQ(table.find("b2", "conv(depth=2,kernel=3,width=1)")->p50_ms, 3.875);
}

/// 0.5 + 1, 2 or 0 for b1 + 3 or 4 for b2, in each of the ways in which networks may be written.
constexpr const char* whole_networks = "architecture,latency_ms\n"
                                       "conv | conv,4.5\n"
                                       "conv(depth=2) | conv,5.5\n"
                                       "identity | conv,3.5\n"
                                       "\"conv(depth=1,kernel=3) | conv(depth=2)\",5.5\n"
                                       "1 1,6.5\n"
                                       "21,4.5\n";

/// Three blocks, of which every network takes the first's first choice.
constexpr const char* three_blocks = R"(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 8}
  blocks:
    - {name: b1, channels: 8, choices: [conv: {depth: [1, 2]}]}
    - {name: b2, channels: 8, choices: [conv: {depth: [1, 2], width: [0.5, 1]}]}
    - {name: b3, channels: 8, choices: [conv: {depth: [1, 2], width: [0.5, 1]}]}
)";

TEST_F(BroughtTable, WholeNetworksAloneAreTakenApart) {
    refuse(whole_networks, "6 whole networks on cpu, but the costs of 2 blocks need 10 at least");
    const SearchSpace larger =
        SearchSpace::read(support::Document::parse(three_blocks).root().section("space", ""));
    std::string text = "architecture,latency_us,device\n";
    for (int j = 0; j < 4; ++j) {
        for (int k = 0; k < 4; ++k) {
            text += fmt::format("0{}{},{},phone\n", j, k, 500 + 100 * j + 250 * k);
        }
    }
    std::ofstream(folder / "whole.csv", std::ios::binary) << text;
    options.file = folder / "whole.csv";
    const BroughtTables brought = load_tables(options, larger);
    const LatencyTable& table = brought.tables.at(0);
    EXPECT_EQ(table.context.device, "phone");
    EXPECT_THAT(brought.notes, ElementsAre(HasSubstr("costs on phone by regression on 16 whole networks")));
    EXPECT_THAT(brought.warnings,
                ElementsAre(HasSubstr("1 of the space's 10 choices are in none of the networks and cost what "
                                      "their MACs suggest: b1 conv(depth=2,kernel=3,width=1)")));
    EXPECT_EQ(table.rows().size(), 10U);
    EXPECT_EQ(table.additivity.size(), 16U);
    EXPECT_LT(table.additivity_error(), 0.03);
    const std::string first = larger.blocks()[1].choices[0].text(),
                      last = larger.blocks()[1].choices[3].text();
    const std::string plain = "conv(depth=1,kernel=3,width=1)", deep = "conv(depth=2,kernel=3,width=1)";
    EXPECT_NEAR(table.network_ms({{"b1", plain}, {"b2", first}, {"b3", first}}), 0.5, 0.02);
    EXPECT_NEAR(table.network_ms({{"b1", plain}, {"b2", last}, {"b3", last}}), 1.55, 0.03);
    EXPECT_EQ(table.find("b1", deep)->count, 0);
    EXPECT_GT(table.find("b1", deep)->p50_ms, table.find("b1", plain)->p50_ms / 2);
    EXPECT_EQ(table.find("b2", first)->count, 4);
    // Such a table is a table: it can be written and read again.
    std::ofstream(folder / "again.yaml", std::ios::binary) << table.yaml();
    options.file = folder / "again.yaml";
    const BroughtTables again = load_tables(options, larger);
    EXPECT_EQ(again.tables.at(0).yaml(), table.yaml());
    EXPECT_THAT(again.warnings, IsEmpty());
}

TEST_F(BroughtTable, RefusesWholeNetworksThatAreThereTwiceOrOfAnotherSpace) {
    refuse(std::string(whole_networks) + "00,1\n", "t.csv:8: network '00' is there twice, first in line 2");
    const std::string rows = "block,choice,latency_ms,architecture\nb1,conv,1,\nb1,conv(depth=2),1,\n"
                             "b1,identity,1,\nb2,conv,1,\nb2,conv(depth=2),1,\nstem,,1,\nhead,,1,\n";
    EXPECT_THAT(load(rows + ",,1,0 7\n,,1,0 0 0\n,,1,conv | what\n").warnings,
                ElementsAre(testing::AllOf(HasSubstr("line 9: block 'b2' has choices 0 to 1, not 7"),
                                           HasSubstr("line 10: an architecture of 3 blocks for a space of 2"),
                                           HasSubstr("line 11: "))));
}

TEST_F(BroughtTable, OfAnotherSpaceIsRefused) {
    const std::string here = "block,choice,latency_ms,space\nb1,conv,1," + space.hash() + "\n";
    refuse(here, "no latency on cpu of 4");
    refuse(replaced(here, space.hash(), "0123456789abcdef"),
           "t.csv:2: measured for another space (its hash is 0123456789abcdef, this one's " + space.hash());
}

TEST_F(BroughtTable, YamlIsLookedUpInTheSpaceToo) {
    LatencyTable table = load(all_rows).tables[0];
    table.context.device = "phone";
    table.context.input = {3, 8, 8};
    table.add("b9", "conv", Timing::of({1}));
    const BroughtTables brought = load(table.yaml(), "t.yaml");
    EXPECT_EQ(brought.tables[0].context.device, "phone");
    EXPECT_EQ(brought.tables[0].rows().size(), 5U);
    EXPECT_THAT(brought.warnings, ElementsAre(HasSubstr("1 row is nothing of this space and left out: no "
                                                        "block 'b9'")));
    EXPECT_THAT(table_devices(options), ElementsAre("phone"));
    options.device = "renamed";
    EXPECT_EQ(load(table.yaml(), "t.yaml").tables[0].context.device, "renamed");
    table.context.input = {3, 16, 16};
    refuse(table.yaml(), "it was measured for images of 3 x 16 x 16, the space's are 3 x 8 x 8", "t.yaml");
    table.context.input = {};
    table.context.device = "../../etc/x";
    refuse(table.yaml(), "t.yaml:3: 'device' is '../../etc/x': a device's name", "t.yaml");
}

/// The block of code that follows a comment `example: NAME` in the documentation.
std::string example(const std::string& name) {
    const std::string text = support::read_file(std::string(TESSERA_SOURCE_DIR) + "/docs/latency-tables.md");
    const auto mark = text.find("<!-- example: " + name + " -->");
    const auto begin = text.find("```csv\n", mark) + 7;
    EXPECT_NE(mark, std::string::npos);
    return text.substr(begin, text.find("```", begin) - begin);
}

TEST(LatencyTablesDocumentation, TheExampleIsATableOfItsSpace) {
    const auto space = SearchSpace::read(support::Document::parse(R"(
space:
  input: [3, 8, 8]
  classes: 4
  blocks:
    - {name: b1, channels: 16, choices: [conv: {width: [0.5, 1]}, identity: {}]}
    - {name: b2, channels: 16, choices: [conv: {width: [0.5, 1]}]}
)")
                                             .root()
                                             .section("space", ""));
    const auto file =
        std::filesystem::temp_directory_path() / ("tessera-example-" + std::to_string(getpid()) + ".csv");
    std::ofstream(file, std::ios::binary) << example("choices.csv");
    TableOptions options;
    options.file = file;
    const BroughtTables brought = load_tables(options, space);
    std::filesystem::remove(file);
    EXPECT_THAT(brought.warnings, IsEmpty());
    EXPECT_DOUBLE_EQ(brought.tables.at(0).network_ms({{"b1", "conv(depth=1,kernel=3,width=1)"},
                                                      {"b2", "conv(depth=1,kernel=3,width=0.5)"}}),
                     0.523);
}

TEST(LatencyTablesDocumentation, TheExampleOfWholeNetworksIsRead) {
    const TableCsv csv = parse_table_csv(example("networks.csv"), "networks.csv");
    const auto space = SearchSpace::read(support::Document::parse(R"(
space:
  input: [3, 8, 8]
  classes: 4
  blocks:
    - {name: b1, channels: 16, choices: [conv: {width: [1, 0.5]}]}
    - {name: b2, channels: 16, choices: [conv: {width: [1, 0.5]}]}
)")
                                             .root()
                                             .section("space", ""));
    std::vector<std::vector<int>> genomes;
    for (const CsvRow& row : csv.rows) {
        genomes.push_back(find_genome(space, row.architecture));
    }
    EXPECT_EQ(genomes, (std::vector<std::vector<int>>{{0, 0}, {1, 0}, {0, 1}, {1, 1}}));
}

TEST_F(BroughtTable, NeedsItsFile) {
    options.file = folder / "none.csv";
    EXPECT_THAT([&] { load_tables(options, space); },
                ThrowsMessage<support::RunError>(HasSubstr("none.csv")));
    EXPECT_THAT([&] { table_devices(options); }, ThrowsMessage<support::RunError>(HasSubstr("none.csv")));
}

TEST(TableOptions, AreReadAndChecked) {
    const auto read = [](const std::string& text) {
        support::Section section = support::Document::parse("latency: " + text).root().section("latency", "");
        TableOptions options;
        options.read(section);
        section.finish();
        return options;
    };
    EXPECT_TRUE(read("{}").file.empty());
    EXPECT_EQ(read("{device: pixel-7, missing: exclude}").device, "pixel-7");
    EXPECT_EQ(read("{missing: exclude}").missing, Missing::exclude);
    EXPECT_THAT([&] { read("{device: a/b}"); }, ThrowsMessage<support::UsageError>(HasSubstr("a/b")));
    EXPECT_THROW(read("{missing: ignore}"), support::UsageError);
}

} // namespace
} // namespace tessera::latency
