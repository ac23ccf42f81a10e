#include <algorithm>
#include <clocale>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latency/latency_table.h"
#include "support/error.h"
#include "support/seed.h"

namespace tessera::latency {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class LatencyYaml : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::filesystem::path write(const std::string& text) const {
        std::ofstream(folder / "t.yaml", std::ios::binary) << text;
        return folder / "t.yaml";
    }
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("tessera-latency-" + std::to_string(getpid()));
};

LatencyTable small() {
    LatencyTable table;
    table.context.device = "cpu";
    table.context.hardware = "AMD EPYC";
    table.context.libtorch = "2.11.0";
    table.context.input = {3, 32, 32};
    table.stem = {5, 0.5, 0.001, 0.4, 0.5, 0.6};
    table.head = {5, 0.25, 0, 0.25, 0.25, 0.25};
    table.offset_ms = 0.125;
    table.scale = 0.875;
    table.additivity = {{"conv(kernel=3) | conv(kernel=5)", 2.5, 2.75}};
    table.add("b2", "conv(kernel=3)", {7, 1.25, 0.01, 1.1, 1.2, 1.5});
    table.add("b1", "dw", {7, 0.1, 0, 0.1, 0.1, 0.1});
    return table;
}

const std::string expected = R"yaml(schema: tessera-latency-1
context:
  device: "cpu"
  hardware: "AMD EPYC"
  threads: 1
  batch: 1
  dtype: "float32"
  layout: "channels_last"
  form: "TorchScript, frozen, BatchNorm folded"
  libtorch: "2.11.0"
  input: [3, 32, 32]
stem: {count: 5, mean_ms: 0.5, variance_ms2: 0.001, p10_ms: 0.4, p50_ms: 0.5, p90_ms: 0.6}
head: {count: 5, mean_ms: 0.25, variance_ms2: 0, p10_ms: 0.25, p50_ms: 0.25, p90_ms: 0.25}
correction: {offset_ms: 0.125, scale: 0.875}
additivity:
  - {architecture: "conv(kernel=3) | conv(kernel=5)", predicted_ms: 2.5, measured_ms: 2.75}
rows:
  - {block: "b1", choice: "dw", count: 7, mean_ms: 0.1, variance_ms2: 0, p10_ms: 0.1, p50_ms: 0.1, p90_ms: 0.1}
  - {block: "b2", choice: "conv(kernel=3)", count: 7, mean_ms: 1.25, variance_ms2: 0.01, p10_ms: 1.1, p50_ms: 1.2, p90_ms: 1.5}
)yaml";

TEST_F(LatencyYaml, IsWrittenByteForByte) { EXPECT_EQ(small().yaml(), expected); }

void expect_equal(const LatencyTable& a, const LatencyTable& b) {
    const auto same = [](const Timing& s, const Timing& t) {
        return s.count == t.count && s.mean_ms == t.mean_ms && s.variance_ms2 == t.variance_ms2 &&
               s.p10_ms == t.p10_ms && s.p50_ms == t.p50_ms && s.p90_ms == t.p90_ms;
    };
    EXPECT_TRUE(a.context == b.context);
    EXPECT_TRUE(same(a.stem, b.stem) && same(a.head, b.head));
    EXPECT_EQ(a.offset_ms, b.offset_ms);
    EXPECT_EQ(a.scale, b.scale);
    EXPECT_TRUE(std::equal(a.rows().begin(), a.rows().end(), b.rows().begin(), b.rows().end(),
                           [&](auto& s, auto& t) { return s.first == t.first && same(s.second, t.second); }));
    EXPECT_TRUE(std::equal(a.additivity.begin(), a.additivity.end(), b.additivity.begin(), b.additivity.end(),
                           [](auto& s, auto& t) {
                               return s.architecture == t.architecture && s.predicted_ms == t.predicted_ms &&
                                      s.measured_ms == t.measured_ms;
                           }));
}

TEST_F(LatencyYaml, ReadsBackExactly) {
    support::Rng rng(17);
    const std::vector<std::string> odd = {"plain",         "with: colon",  "quote\"s and \\ slashes",
                                          "# no comment",  "new\nline",    "tab\there",
                                          "-leading dash", "unicode µs ✓", "{brace}, [x]",
                                          " spaces "};
    for (int repeat = 0; repeat < 100; ++repeat) {
        LatencyTable table = small();
        table.context.hardware = odd[rng.below(odd.size())];
        table.context.threads = 1 + static_cast<std::int64_t>(rng.below(64));
        table.context.input.clear();
        table.offset_ms = rng.normal();
        for (std::size_t r = 0; r < rng.below(20); ++r) {
            std::vector<double> samples(1 + rng.below(9));
            for (double& s : samples) {
                s = std::exp(8 * rng.normal());
            }
            table.add(odd[rng.below(odd.size())], odd[rng.below(odd.size())], Timing::of(samples));
        }
        table.additivity.push_back(
            {odd[rng.below(odd.size())], 1 / (1 + rng.uniform()), rng.uniform() + 1e-9});
        const LatencyTable back = LatencyTable::load(write(table.yaml()));
        expect_equal(table, back);
        EXPECT_EQ(back.yaml(), table.yaml());
    }
}

TEST_F(LatencyYaml, AnEmptyTableIsATable) {
    LatencyTable table;
    table.context.device = "cpu";
    expect_equal(LatencyTable::load(write(table.yaml())), table);
}

TEST_F(LatencyYaml, ReadsATableWrittenByHand) {
    std::string text = expected;
    text.replace(text.find("  - {block: \"b1\""), 0,
                 "  - block: b0\n    choice: conv\n    count: 1\n    mean_ms: 1e-1\n    variance_ms2: 0.0\n"
                 "    p10_ms: .1\n    p50_ms: 0.10\n    p90_ms: 0.1 # the only sample\n");
    EXPECT_DOUBLE_EQ(LatencyTable::load(write(text)).find("b0", "conv")->p50_ms, 0.1);
}

TEST_F(LatencyYaml, RefusesDamageWithFileAndLine) {
    const auto refuse = [&](const std::string& from, const std::string& to, int line,
                            const std::string& why) {
        std::string text = expected;
        ASSERT_NE(text.find(from), std::string::npos) << from;
        text.replace(text.find(from), from.size(), to);
        EXPECT_THAT([&] { LatencyTable::load(write(text)); },
                    ThrowsMessage<support::RunError>(
                        AllOf(HasSubstr("t.yaml:" + std::to_string(line) + ":"), HasSubstr(why))))
            << from << " -> " << to;
    };
    refuse("tessera-latency-1", "tessera-latency-7", 1,
           "'tessera-latency-7', this version reads tessera-latency-1");
    refuse("schema: tessera-latency-1\n", "", 1, "'schema' is missing");
    refuse("  device: \"cpu\"\n", "", 3, "'device' is missing");
    refuse("device: \"cpu\"", "device: \"\"", 3, "'device' is empty");
    refuse("device: \"cpu\"", "device: [cpu]", 3, "'device' is not a text");
    refuse("threads: 1", "threads: 0", 5, "'threads' is not a whole number of at least 1");
    refuse("threads: 1", "threads: 1.5", 5, "'threads' is not a whole number");
    refuse("batch: 1", "batch: 1e300", 6, "'batch' is not a whole number");
    refuse("batch: 1", "bacth: 1", 6, "unknown key 'bacth'; did you mean 'batch'?");
    refuse("batch: 1", "threads: 1", 6, "there twice");
    refuse("input: [3, 32, 32]", "input: [3, 32]", 11, "[channels, height, width]");
    refuse("input: [3, 32, 32]", "input: [3, -32, 32]", 11, "'input' is not a whole number");
    refuse("input: [3, 32, 32]", "input: 3", 11, "'input' is not a list");
    refuse("stem: {count: 5", "stem: {count: 0", 12, "a time without a measurement");
    refuse("p50_ms: 0.5,", "p50_ms: 0.7,", 12, "p10_ms <= p50_ms <= p90_ms");
    refuse("p10_ms: 0.4", "p10_ms: 0.55", 12, "p10_ms <= p50_ms <= p90_ms");
    refuse("p90_ms: 0.6", "p90_ms: .nan", 12, "'p90_ms' is not a finite number");
    refuse("p90_ms: 0.6", "p90_ms: 1e999", 12, "'p90_ms' is not a finite number");
    refuse("p90_ms: 0.6", "p90_ms: inf", 12, "'p90_ms' is not a finite number");
    refuse("p90_ms: 0.6", "p90_ms: fast", 12, "'p90_ms' is not a finite number");
    refuse("variance_ms2: 0.001", "variance_ms2: -0.001", 12, "the variance is negative");
    refuse("mean_ms: 0.5", "mean_ms: 0", 12, "a time is not positive");
    refuse("head: {count: 5, mean_ms: 0.25, variance_ms2: 0, ", "head: {count: 5, ", 13,
           "'mean_ms' is missing");
    refuse("scale: 0.875", "scale: 0", 14, "'scale' is not positive");
    refuse("offset_ms: 0.125", "offset_ms: x", 14, "'offset_ms' is not a finite number");
    refuse("measured_ms: 2.75", "measured_ms: 0", 16, "a time is not positive");
    refuse("predicted_ms: 2.5", "predicted_ms: -2.5", 16, "a time is not positive");
    refuse("count: 7", "count: -1", 18, "'count' is not a whole number of at least 0");
    refuse("p10_ms: 0.1,", "p10_ms: -0.1,", 18, "a time is not positive");
    refuse("block: \"b2\", choice: \"conv(kernel=3)\"", "block: b1, choice: dw", 19,
           "block 'b1', choice 'dw' is there twice");
    refuse("block: \"b2\", ", "", 19, "'block' is missing");
    refuse("  - {block: \"b2\"", "  - 7\n  - {block: \"b2\"", 19, "a mapping is expected");
    refuse("rows:\n", "rows: nothing\nrest:\n", 18, "unknown key 'rest'");
    refuse("head: {count", "head: {{count", 13, "malformed YAML");
    refuse("stem: {", "stem: }{", 12, "malformed YAML");
}

TEST_F(LatencyYaml, RefusesWhatIsNoTable) {
    for (const std::string text : {"", "just text", "[1, 2]", "\t:\n", "a: &x [*x"}) {
        EXPECT_THROW(LatencyTable::load(write(text)), support::RunError) << text;
    }
    EXPECT_THROW(LatencyTable::load(write(std::string(100000, '['))), support::RunError);
    EXPECT_THROW(LatencyTable::load(folder / "missing.yaml"), support::RunError);
    EXPECT_THROW(LatencyTable::load(folder), support::RunError);
}

TEST_F(LatencyYaml, SurvivesArbitraryDamage) {
    support::Rng rng(23);
    for (int repeat = 0; repeat < 500; ++repeat) {
        std::string text = expected;
        for (std::size_t k = 0; k < 1 + rng.below(3); ++k) {
            const std::size_t at = rng.below(text.size());
            switch (rng.below(3)) {
            case 0:
                text[at] = static_cast<char>(rng.below(256));
                break;
            case 1:
                text.erase(at, 1 + rng.below(30));
                break;
            default:
                text.insert(at, text.substr(rng.below(text.size()), rng.below(30)));
            }
        }
        try {
            LatencyTable::load(write(text)).yaml();
        } catch (const support::RunError& error) { EXPECT_THAT(error.what(), HasSubstr("t.yaml")); }
    }
}

} // namespace
} // namespace tessera::latency
