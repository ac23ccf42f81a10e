// Transformers of every family go the whole way: taught, imitated, measured, searched, tuned, exported.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/csv.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A convolutional block before transformers of another width, or a class token before all of them.
std::string configuration(bool hybrid) {
    const std::string families = R"(
        - attention: {heads: 2, mlp: [1, 2]}
        - linear_attention: {heads: 2, mlp: 1}
        - padre: {kernel: 3, mlp: 1}
        - tosa: {depth: 2, heads: 2, mlp: 1, keep: [0.5, 1]}
        - identity: {})";
    const std::string first =
        hybrid
            ? "  stem: {channels: 8, layers: 2, stride: 2, positions: sinusoidal}\n  blocks:\n    - {name: "
              "b1, "
              "channels: 8, choices: [conv: {depth: 1, width: [1, 0.5]}, padre: {kernel: 5, mlp: 1}]}\n    - "
              "name: b2\n      stride: 2\n"
            : "  stem: {kind: patch, channels: 16, stride: 4, positions: learned, class_token: true}\n  "
              "blocks:\n    - name: b2\n";
    return "name: tokens\nseed: 3\nthreads: 2\ndata:\n  kind: synthetic\n  synthetic: {train: 160, test: 40, "
           "classes: 3, size: 16}\n  validation: 0.2\nspace:\n  input: [3, 16, 16]\n  classes: 3\n" +
           first +
           "      channels: 16\n      reference: attention(heads=2,mlp=2)\n      choices:" + families +
           "\n  head: {norm: layer, pool: " + (hybrid ? "mean" : "class") + "}\n" +
           transformer_stages(4, "knee, reference");
}

/// Every family is trained, and measured in its deployed form.
void expect_whole_library(const fs::path& r, std::size_t rows) {
    const auto library = support::read_csv(r / "library/library.csv");
    EXPECT_EQ(library.rows.size(), rows);
    const auto choice = library.column("choice", "library"), status = library.column("status", "library"),
               nsr = library.column("nsr", "library");
    std::map<std::string, int> families;
    for (const auto& row : library.rows) {
        ++families[row[choice].substr(0, row[choice].find('('))];
        EXPECT_NE(row[status], "unusable") << row[choice];
        EXPECT_GE(support::parse_number(row[nsr], "nsr"), 0) << row[choice];
    }
    for (const char* family : {"attention", "linear_attention", "padre", "tosa", "identity"}) {
        EXPECT_GT(families[family], 0) << family;
        EXPECT_THAT(content_of(r / "latency/cpu.yaml"), HasSubstr(family));
    }
}

TEST(Transformers, GoFromNothingToExportedNetworks) {
    for (const bool hybrid : {false, true}) {
        const Scratch folder;
        const fs::path r = folder / "r";
        put(folder / "tokens.yaml", configuration(hybrid));
        const Ending whole = run({"run", "tokens.yaml", "--run", "r"}, folder.here());
        ASSERT_EQ(whole.status, 0) << whole.err;
        EXPECT_THAT(half_written(r), IsEmpty());
        expect_whole_library(r, hybrid ? 10 : 7);
        int exported = 0;
        for (const auto& entry : fs::directory_iterator(r / "export")) {
            exported += fs::exists(entry.path() / "model.pt") ? 1 : 0;
        }
        EXPECT_GE(exported, 1);
    }
}

TEST(Transformers, TheSameBytesFromOneWorkerAndTwo) {
    const Scratch folder;
    put(folder / "tokens.yaml", configuration(false));
    ASSERT_EQ(run({"teach", "tokens.yaml", "--run", "a", "--threads", "1"}, folder.here()).status, 0);
    fs::copy(folder / "a", folder / "b", fs::copy_options::recursive);
    ASSERT_EQ(run({"distil", "--run", "a", "--threads", "1"}, folder.here()).status, 0);
    ASSERT_EQ(run({"distil", "--run", "b", "--threads", "2"}, folder.here()).status, 0);
    EXPECT_EQ(content_of(folder / "a/library/library.csv"), content_of(folder / "b/library/library.csv"));
}

TEST(Transformers, ChoicesThatDoNotFitAreRefusedWithTheirPlace) {
    const auto refused = [](const std::string& from, const std::string& to) {
        const Scratch folder;
        put(folder / "c.yaml", replaced(configuration(false), from, to));
        const Ending ending = run({"describe", "c.yaml"}, folder.here());
        EXPECT_EQ(ending.status, 2);
        EXPECT_THAT(ending.err, HasSubstr("c.yaml:"));
        return ending.err;
    };
    EXPECT_THAT(refused("padre: {kernel: 3", "padre: {kernel: 5"),
                HasSubstr("kernel 5 is larger than the grid of 4 x 4 tokens"));
    EXPECT_THAT(refused("tosa: {depth: 2", "tosa: {depth: 3"), HasSubstr("layers come in pairs"));
    EXPECT_THAT(refused("keep: [0.5, 1]", "keep: [0.5, 0]"), HasSubstr("leaves no token"));
    EXPECT_THAT(refused("tosa: {depth: 2, heads: 2", "tosa: {depth: 2, heads: 3"),
                HasSubstr("3 heads do not divide 16 channels"));
    EXPECT_THAT(refused("stride: 4", "stride: 5"), HasSubstr("do not tile an image of 16 x 16"));
}

} // namespace
} // namespace tessera::tests
