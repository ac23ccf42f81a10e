// A regression at every pixel goes the whole way that classes go.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string depth_configuration() {
    return R"(name: depths
seed: 3
threads: 1
data:
  kind: synthetic_depth
  synthetic: {train: 160, test: 40, size: 16}
  validation: 0.2
space:
  input: [3, 16, 16]
  stem: {kind: patch, channels: 16, stride: 4, positions: learned}
  blocks:
    - name: b1
      channels: 16
      reference: &reference attention(heads=2,mlp=2)
      choices: &choices
        - attention: {heads: 2, mlp: [1, 2]}
        - linear_attention: {heads: 2, mlp: 1}
        - tosa: {depth: 2, heads: 2, mlp: 1, keep: 0.5}
        - identity: {}
    - {name: b2, channels: 16, reference: *reference, choices: *choices}
  head: {kind: depth, channels: 8, norm: layer}
)" + transformer_stages(12, "knee");
}

TEST(Depth, FromScenesToExportedNetworks) {
    const Scratch folder;
    const fs::path r = folder / "r";
    put(folder / "depth.yaml", depth_configuration());
    const Ending whole = run({"run", "depth.yaml", "--run", "r"}, folder.here());
    ASSERT_EQ(whole.status, 0) << whole.err;
    EXPECT_THAT(whole.err, HasSubstr("synthetic scenes with depths"));
    EXPECT_THAT(whole.out, HasSubstr("Reference: validation delta < 1.25 "));
    EXPECT_THAT(whole.out, HasSubstr("Models: delta < 1.25 predicted beside obtained"));
    EXPECT_THAT(content_of(r / "teach/metrics.svg"), HasSubstr("delta"));
    EXPECT_THAT(content_of(r / "report/report.html"), HasSubstr("validation delta &lt; 1.25"));
    EXPECT_THAT(content_of(r / "report/report.html"), HasSubstr("test_rmse"));
    // What a pixel's depth is right by has its name wherever it is shown.
    EXPECT_THAT(content_of(r / "report/report.html"), HasSubstr("The front's delta &lt; 1.25 is predicted"));
    EXPECT_THAT(content_of(r / "search/front.svg"), HasSubstr("delta &lt; 1.25, % (predicted, unless"));
    EXPECT_THAT(content_of(r / "predictor/predicted.svg"),
                AllOf(HasSubstr("predicted delta &lt; 1.25, %"), HasSubstr("fine-tuned delta &lt; 1.25, %")));
    for (const char* plot : {"search/front.svg", "predictor/predicted.svg", "teach/metrics.svg"}) {
        EXPECT_THAT(content_of(r / plot), Not(HasSubstr("accuracy"))) << plot;
    }
    EXPECT_THAT(half_written(r), IsEmpty());

    const auto library = support::read_csv(r / "library/library.csv");
    EXPECT_EQ(library.rows.size(), 10U);
    const auto rise = library.column("loss_rise", "library");
    double worst = 0;
    for (const auto& row : library.rows) {
        worst = std::max(worst, support::parse_number(row[rise], "loss_rise"));
    }
    EXPECT_GT(worst, 0) << "a block that does nothing costs something";

    const auto models = support::read_csv(r / "models/models.csv");
    ASSERT_EQ(models.rows.size(), 1U);
    const auto value = [&](const char* name) {
        return support::parse_number(models.rows[0][models.column(name, "models")], name);
    };
    const std::string id = models.rows[0][0];
    EXPECT_GT(value("test_accuracy"), 0.2);
    EXPECT_LT(value("test_accuracy"), 1);
    EXPECT_GT(value("test_rmse"), value("test_abs_rel"));
    EXPECT_FALSE(fs::exists(r / "models" / id / "per_class.csv"));
    EXPECT_THAT(content_of(r / "export" / id / "preprocessing.json"), HasSubstr("\"output\": \"depth of"));

    const Ending tried =
        run({"evaluate", "r/export/" + id, "--run", "r", "--json", "--out", "tried"}, folder.here());
    ASSERT_EQ(tried.status, 0) << tried.err;
    const auto json = nlohmann::json::parse(tried.out);
    EXPECT_NEAR(json.at("accuracy").get<double>(), value("test_accuracy"), 1e-3);
    EXPECT_NEAR(json.at("rmse").get<double>(), value("test_rmse"), 1e-3);
    EXPECT_NEAR(json.at("abs_rel").get<double>(), value("test_abs_rel"), 1e-3);
    EXPECT_EQ(json.at("images"), 40);
    EXPECT_TRUE(fs::exists(folder / "tried/evaluation.json"));
    EXPECT_FALSE(fs::exists(folder / "tried/confusion.csv"));
    EXPECT_THAT(run({"evaluate", "r/export/" + id, "--run", "r"}, folder.here()).out,
                HasSubstr("Depths    delta < 1.25: "));
    const Ending folders = run({"evaluate", "r/export/" + id, "--data", "."}, folder.here());
    EXPECT_EQ(folders.status, 2);
    EXPECT_THAT(folders.err, HasSubstr("it tells depths, which folders of classes have none of"));

    const Ending ranked = run({"rank", "--run", "r", "--truth", "r/samples/samples.csv", "--samples", "0",
                               "--draws", "2", "--out", "ranked"},
                              folder.here());
    EXPECT_EQ(ranked.status, 0) << ranked.err;
    EXPECT_THAT(ranked.out, HasSubstr("predicted best loses in delta < 1.25"));
    EXPECT_THAT(content_of(folder / "ranked/predicted-0.svg"), HasSubstr("known delta &lt; 1.25, %"));

    const Ending again = run({"run", "--run", "r"}, folder.here());
    ASSERT_EQ(again.status, 0) << again.err;
    EXPECT_THAT(again.err, HasSubstr("export: up to date"));
    const Ending inspected = run({"inspect", "--run", "r", "--images", "20"}, folder.here());
    EXPECT_EQ(inspected.status, 0) << inspected.err;
    EXPECT_EQ(run({"describe", "depth.yaml"}, folder.here()).status, 0);
    const Ending planned = run({"run", "depth.yaml", "--run", "p", "--dry-run"}, folder.here());
    EXPECT_EQ(planned.status, 0) << planned.err;
}

TEST(Depth, AnInterruptedReferenceEndsWithTheSameBytes) {
    const Scratch folder;
    put(folder / "depth.yaml", depth_configuration());
    const std::vector<std::string> arguments = {"teach", "depth.yaml", "--set", "teach.epochs=40", "--run"};
    const auto teach = [&](const std::string& name) {
        auto all = arguments;
        all.push_back(name);
        return all;
    };
    ASSERT_EQ(run(teach("straight"), folder.here()).status, 0);
    Program program(teach("r"), folder.here());
    ASSERT_TRUE(program.wait_until([&] { return fs::exists(folder / "r/teach/checkpoint.safetensors"); }));
    program.send(SIGTERM);
    EXPECT_EQ(program.wait().status, 143);
    const Ending resumed = run(teach("r"), folder.here());
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("teach: continues after epoch"));
    EXPECT_EQ(content_of(folder / "r/teach/weights.safetensors"),
              content_of(folder / "straight/teach/weights.safetensors"));
    EXPECT_EQ(content_of(folder / "r/teach/result.json"), content_of(folder / "straight/teach/result.json"));
}

TEST(Depth, HeadsAndImagesThatDoNotBelongTogetherAreRefusedInOneLine) {
    const Scratch folder;
    const auto refused = [&](const std::string& text) {
        put(folder / "c.yaml", text);
        const Ending ending = run({"teach", "c.yaml", "--run", "r"}, folder.here());
        EXPECT_EQ(ending.status, 2);
        return ending.err;
    };
    const std::string depths = depth_configuration();
    const std::string classifier =
        refused(replaced(tiny_configuration(), "kind: synthetic", "kind: synthetic_depth"));
    EXPECT_EQ(line_count(classifier), 1U);
    EXPECT_THAT(classifier,
                HasSubstr("data.kind: synthetic_depth has depths and no classes, which space.head.kind: "
                          "classifier learns; take space.head.kind: depth"));
    EXPECT_THAT(refused(replaced(depths, "kind: synthetic_depth", "kind: synthetic")),
                HasSubstr("data.kind: synthetic has no depths, which space.head.kind: depth learns; take "
                          "data.kind: synthetic_depth, or space.head.kind: classifier"));
    EXPECT_THAT(refused(replaced(depths, "learning_rate: 0.01", "augment: {pad: 4}")),
                HasSubstr("teach.augment: pad: 4: what padding shows has no depth; 0"));
    EXPECT_THAT(refused(replaced(depths, "pick: [knee]", "augment: {random_resized_crop: true}")),
                HasSubstr("finetune.augment: random_resized_crop: true changes the sizes of things"));
    EXPECT_THAT(refused(replaced(depths, "size: 16", "size: 24")), HasSubstr("but space.input is 3x16x16"));
    EXPECT_THAT(refused(replaced(tiny_configuration(), "size: 8", "size: 65")),
                HasSubstr("65 is more than 64, the largest of data.kind: synthetic"));
}

} // namespace
} // namespace tessera::tests
