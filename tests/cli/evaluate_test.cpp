// evaluate: what it says of an exported network, and what it refuses.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "tests/cli/pictures.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Json = nlohmann::json;

class Evaluate : public ::testing::Test {
protected:
    void SetUp() override {
        model = export_from_pictures(folder);
        ASSERT_FALSE(model.empty());
    }
    Ending evaluate(const fs::path& network, const fs::path& data, std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"evaluate", network.string(), "--data", data.string()};
        if (std::find(more.begin(), more.end(), "--threads") == more.end()) {
            arguments.insert(arguments.end(), {"--threads", "1"});
        }
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments, folder.here());
    }
    Json result(const fs::path& network, const fs::path& data, std::vector<std::string> more = {}) const {
        more.emplace_back("--json");
        const Ending ending = evaluate(network, data, more);
        EXPECT_EQ(ending.status, 0) << ending.err;
        return Json::parse(ending.out, nullptr, false);
    }
    /// The one line of a refusal.
    std::string refused(const fs::path& network, const fs::path& data, int status,
                        const std::vector<std::string>& more = {}) const {
        const Ending ending = evaluate(network, data, more);
        EXPECT_EQ(ending.status, status) << ending.out << ending.err;
        EXPECT_THAT(ending.out, IsEmpty());
        EXPECT_EQ(line_count(ending.err), 1U) << ending.err;
        return ending.err;
    }
    /// All there are, less what the program's own output goes to.
    std::map<std::string, std::string> files() const {
        auto all = snapshot(folder.path());
        std::erase_if(all, [](const auto& file) { return file.first.starts_with(".output-"); });
        return all;
    }
    std::string in(const std::string& name) const { return (folder / name).string(); }

    const Scratch folder;
    fs::path model;
};

TEST_F(Evaluate, AgreesWithTheRunThatTrainedTheNetwork) {
    const auto before = files();
    const Json json = result(model, folder / "images");
    EXPECT_TRUE(same_files(before, files())) << "it writes nothing";
    const auto models = support::read_csv(folder / "r/models/models.csv");
    const double accuracy =
        support::parse_number(models.rows.at(0)[models.column("test_accuracy", "models")], "accuracy");
    EXPECT_EQ(json.at("accuracy"), accuracy);
    EXPECT_EQ(json.at("images"), 24);
    EXPECT_EQ(json.at("id"), model.filename().string());
    EXPECT_EQ(json.at("data"), in("images/test"));
    EXPECT_THAT(json.at("missing_classes"), IsEmpty());
    ASSERT_EQ(json.at("classes").size(), 4U);
    for (std::size_t c = 0; c < 4; ++c) {
        EXPECT_EQ(json.at("classes")[c].at("class"), picture_classes[c]);
        EXPECT_EQ(json.at("classes")[c].at("images"), 6);
    }
    for (const char* batch : {"batch_1", "batch_32"}) {
        const Json& timing = json.at("latency").at(batch);
        EXPECT_GT(timing.at("p10_ms"), 0);
        EXPECT_LE(timing.at("p10_ms"), timing.at("p50_ms"));
        EXPECT_LE(timing.at("p50_ms"), timing.at("p90_ms"));
        EXPECT_GE(timing.at("count"), 1);
    }
    EXPECT_EQ(json.at("latency").at("threads"), 1);
    EXPECT_THAT(content_of(folder / "r/report/report.html"),
                HasSubstr("Classes of " + model.filename().string() + " in the test set, the worst first"));
    EXPECT_THAT(run({"finetune", "--run", "r"}, folder.here()).out,
                HasSubstr("Accuracy of each class in the test set\nclass"));
    EXPECT_GT(json.at("latency").at("images_per_second"), 0);

    ASSERT_EQ(evaluate(model / "model.pt", folder / "images", {"--out", "o"}).status, 0);
    EXPECT_EQ(content_of(folder / "o/per_class.csv"),
              content_of(folder / "r/models" / model.filename() / "per_class.csv"));
    const auto predictions = support::read_csv(folder / "o/predictions.csv");
    EXPECT_THAT(predictions.header, ElementsAre("file", "class", "predicted", "probability"));
    ASSERT_EQ(predictions.rows.size(), 24U);
    double right = 0, images = 0;
    for (const auto& row : predictions.rows) {
        EXPECT_EQ(row[0].substr(0, row[0].find('/')), row[1]);
        right += row[1] == row[2] ? 1 : 0;
        const double probability = support::parse_number(row[3], "probability");
        EXPECT_TRUE(probability >= 0.25 && probability <= 1) << probability;
    }
    EXPECT_DOUBLE_EQ(right / 24, accuracy);
    for (const auto& row : support::read_csv(folder / "o/confusion.csv").rows) {
        images += support::parse_number(row[2], "images");
    }
    EXPECT_EQ(images, 24);
    EXPECT_EQ(Json::parse(content_of(folder / "o/evaluation.json")).at("accuracy"), accuracy);
}

TEST_F(Evaluate, EveryKeyOfItsFilesIsDescribed) {
    const std::string page = content_of(fs::path(TESSERA_SOURCE_DIR) / "docs/file-formats.md");
    ASSERT_EQ(evaluate(model, folder / "images", {"--out", "o"}).status, 0);
    for (const fs::path& file : {model / "preprocessing.json", folder / "o/evaluation.json"}) {
        const Json json = Json::parse(content_of(file));
        for (const auto& [key, value] : json.items()) {
            EXPECT_THAT(page, HasSubstr("`" + key + "`")) << file;
        }
    }
    for (const char* file : {"predictions.csv", "confusion.csv", "per_class.csv"}) {
        for (const std::string& column : support::read_csv(folder / "o" / file).header) {
            EXPECT_THAT(page, HasSubstr("`" + column + "`")) << file;
        }
    }
}

TEST_F(Evaluate, MatchesClassFoldersByName) {
    // Two of the four classes, in another order on disk, without a split.
    fs::create_directories(folder / "some");
    fs::copy(folder / "images/test/tomato", folder / "some/tomato", fs::copy_options::recursive);
    fs::copy(folder / "images/test/night", folder / "some/night", fs::copy_options::recursive);
    const Json json = result(model, folder / "some");
    EXPECT_EQ(json.at("images"), 12);
    EXPECT_THAT(json.at("missing_classes"), ElementsAre("grass", "sky, blue"));
    EXPECT_EQ(json.at("classes")[0].at("accuracy"), nullptr);
    const Json all = result(model, folder / "images");
    EXPECT_EQ(json.at("classes")[3], all.at("classes")[3]);
    EXPECT_EQ(json.at("classes")[1], all.at("classes")[1]);

    const Ending told = evaluate(model, folder / "some");
    EXPECT_EQ(told.status, 0);
    for (const char* text : {"Images    12 of 2 classes in ", "no folder for grass, sky, blue", "Accuracy  ",
                             "Latency   one image: p10 ", "32 at a time: ", "Classes, the worst first\nclass",
                             "Confusion: a row for each class"}) {
        EXPECT_THAT(told.out, HasSubstr(text));
    }
    EXPECT_EQ(result(model, folder / "images", {"--split", "train"}).at("images"), 96);
    EXPECT_THAT(refused(model, folder / "images", 2, {"--split", "validation"}),
                AllOf(HasSubstr("--split validation"), HasSubstr("has no such folder")));

    fs::copy(folder / "images/test/night", folder / "some/dusk", fs::copy_options::recursive);
    fs::copy(folder / "images/test/night", folder / "some/Night", fs::copy_options::recursive);
    EXPECT_EQ(refused(model, folder / "some", 1),
              "error: " + in("some") +
                  ": 2 folders are no class of the network: Night, dusk; it knows grass, night, sky, blue, "
                  "tomato\n");
    fs::remove_all(folder / "some/Night");
    EXPECT_THAT(refused(model, folder / "some", 1),
                HasSubstr(": 1 folder is no class of the network: dusk; "));
    EXPECT_THAT(refused(model, folder / "none", 2), HasSubstr(in("none") + ": no such folder"));
    put(folder / "file", "");
    EXPECT_THAT(refused(model, folder / "file", 2), HasSubstr(in("file") + ": not a folder"));
    fs::create_directory(folder / "empty");
    EXPECT_THAT(refused(model, folder / "empty", 1), HasSubstr(in("empty")));
}

TEST_F(Evaluate, LatencyIsThatOfOneThreadUnlessAskedOtherwise) {
    EXPECT_THAT(run({"evaluate", model.string(), "--data", "images"}, folder.here()).out,
                HasSubstr(", 1 thread\n\nClasses"));
    EXPECT_EQ(result(model, folder / "images", {"--threads", "2"}).at("latency").at("threads"), 2);
}

TEST_F(Evaluate, LeavesOutWhatCannotBeReadAndSaysSo) {
    fs::rename(folder / "images/test", folder / "images/Testing");
    put(folder / "images/Testing/night/0.jpg", "\xFF\xD8\xFF\xE0 not the rest of a picture");
    const Ending ending = evaluate(model, folder / "images");
    EXPECT_EQ(ending.status, 0);
    EXPECT_THAT(ending.err, HasSubstr("1 of 24 images (4.17 %) cannot be read: night/0.jpg: damaged JPEG: "));
    EXPECT_THAT(ending.err, ::testing::Not(HasSubstr(in("images/Testing/night/0.jpg"))))
        << "it is named once";
    EXPECT_THAT(ending.out, HasSubstr("Images    23 of 4 classes in " + in("images/Testing") +
                                      "\n          1 more cannot be read\n"));
    const Json json = result(model, folder / "images");
    EXPECT_EQ(json.at("images"), 23);
    EXPECT_THAT(json.at("damaged"), ElementsAre("night/0.jpg"));
    EXPECT_EQ(json.at("classes")[1].at("images"), 5);
    put(folder / "bad/night/0.png", "no picture");
    EXPECT_THAT(refused(model, folder / "bad", 1, {"-q"}),
                StartsWith("error: no image can be read; the first: " + in("bad/night/0.png")));
}

TEST_F(Evaluate, RefusesWhatIsNoExportAndOptionsWithoutMeaning) {
    const fs::path images = folder / "images";
    EXPECT_EQ(refused(folder / "none", images, 1), "error: " + in("none") + ": no such file\n");
    EXPECT_THAT(refused(folder / "r", images, 1), HasSubstr(in("r") + ": no model.pt in it"));
    put(folder / "cut.pt", content_of(model / "model.pt").substr(0, 2000));
    put(folder / "text.pt", "no network at all");
    for (const char* name : {"cut.pt", "text.pt"}) {
        EXPECT_EQ(refused(folder / name, images, 1),
                  "error: " + in(name) +
                      ": cannot be read as TorchScript, it is damaged or of another kind\n");
    }
    EXPECT_THAT(refused(model / "weights.safetensors", images, 1),
                HasSubstr("cannot be read as TorchScript"));
    EXPECT_THAT(refused(model, images, 2, {"--set", "search.generations=3"}),
                HasSubstr("evaluate reads no configuration: search.generations has no effect"));
    EXPECT_THAT(refused(model, images, 2, {"--run", "r"}), HasSubstr("--data does not go with it"));
    EXPECT_THAT(refused(model, images, 2, {"--threads", "many"}), HasSubstr("--threads many"));
    EXPECT_THAT(refused(model, images, 2, {"--device", "toaster"}), HasSubstr("device 'toaster'"));
    put(folder / "file", "");
    EXPECT_THAT(refused(model, images, 1, {"--out", "file/o"}), HasSubstr("cannot create file/o"));
    for (const auto& arguments : {std::vector<std::string>{"evaluate", model.string()},
                                  std::vector<std::string>{"evaluate", "--data", "images"}}) {
        const Ending ending = run(arguments, folder.here());
        EXPECT_EQ(ending.status, 2);
        EXPECT_THAT(ending.err, HasSubstr("tessera evaluate MODEL --data DIR"));
    }
}

/// What the run's table says of its only network.
double test_accuracy(const Scratch& folder) {
    const auto models = support::read_csv(folder / "r/models/models.csv");
    return support::parse_number(models.rows.at(0).at(models.column("test_accuracy", "models")), "accuracy");
}

TEST(EvaluateRun, TakesTheImagesThatTheRunHeldOut) {
    const Scratch folder;
    put_pictures(folder / "pictures");
    fs::rename(folder / "pictures/train", folder / "images"); // class folders alone
    put(folder / "images/night/5.jpg", "damaged");
    const fs::path model = export_from_images(folder, 3, "  test: 0.25\n  max_damaged: 0.1\n");
    ASSERT_FALSE(model.empty());
    const auto evaluate = [&](const fs::path& network, std::vector<std::string> more) {
        more.insert(more.begin(), {"evaluate", network.string(), "--run", "r"});
        return run(more, folder.here());
    };
    const Ending ending = evaluate(model, {"--json", "--out", "o"});
    ASSERT_EQ(ending.status, 0) << ending.err;
    const Json json = Json::parse(ending.out);
    EXPECT_EQ(json.at("images"), 24);
    EXPECT_EQ(json.at("accuracy"), test_accuracy(folder));
    EXPECT_EQ(json.at("data"), (folder / "images").string());
    EXPECT_EQ(json.at("run"), "r");
    EXPECT_EQ(content_of(folder / "o/per_class.csv"),
              content_of(folder / "r/models" / model.filename() / "per_class.csv"));
    EXPECT_THAT(
        evaluate(model / "model.pt", {}).out,
        HasSubstr("Images    24 of 4 classes in " + (folder / "images").string() + ", test images of r\n"));

    const Ending split = evaluate(model, {"--split", "test"});
    EXPECT_EQ(split.status, 2);
    EXPECT_THAT(split.err, HasSubstr("--run takes the test images of that run: --split does not go with it"));
    EXPECT_EQ(evaluate(model, {"--set", "search.generations=3"}).status, 2);
    const Ending otherwise = evaluate(model, {"--set", "data.test=0.5"});
    EXPECT_EQ(otherwise.status, 1);
    EXPECT_THAT(otherwise.err, HasSubstr("r: data.test: 0.25 -> 0.5 since the network was trained"));

    fs::rename(folder / "images", folder / "moved");
    const std::string moved =
        "data.path=" + (folder / "moved").string(); // relative ones belong to r/config.yaml
    EXPECT_EQ(evaluate(model, {"--set", moved}).status, 0);
    fs::remove(folder / "moved/night/7.jpg");
    const Ending changed = evaluate(model, {"--set", moved});
    EXPECT_EQ(changed.status, 1);
    EXPECT_THAT(changed.err, HasSubstr("which images were held out can no longer be told"));
}

TEST(EvaluateRun, TakesImagesThatAreNoFiles) {
    const Scratch folder;
    put(folder / "table.yaml", tiny_latency_table());
    put(folder / "tiny.yaml", replaced(tiny_configuration(), "rounds: 2", "table: table.yaml, threads: 2"));
    ASSERT_EQ(run({"run", "tiny.yaml", "--run", "r", "-q"}, folder.here()).status, 0);
    const auto exports = support::read_csv(folder / "r/export/exports.csv");
    const Ending ending =
        run({"evaluate", "r/export/" + exports.rows.at(0).at(0), "--run", "r", "--json"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    const Json json = Json::parse(ending.out);
    EXPECT_EQ(json.at("images"), 60);
    EXPECT_EQ(json.at("accuracy"), test_accuracy(folder));
    EXPECT_EQ(json.at("data"), nullptr);
    EXPECT_EQ(json.at("latency").at("threads"), 2) << "as the run's own are measured";
}

TEST(EvaluateRun, TheLargestImageOfTheRunGoesWithTheNetwork) {
    const Scratch folder;
    put_pictures(folder / "images"); // one of each class has 80 x 60 pixels
    const fs::path model = export_from_images(folder, 3, "  max_pixels: 4000\n  max_damaged: 0.1\n");
    ASSERT_FALSE(model.empty());
    const Ending ending = run({"evaluate", model.string(), "--data", "images", "--json"}, folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;
    const Json json = Json::parse(ending.out);
    EXPECT_EQ(json.at("images"), 20);
    EXPECT_EQ(json.at("damaged").size(), 4U);
    EXPECT_EQ(json.at("accuracy"), test_accuracy(folder));
}

} // namespace
} // namespace tessera::tests
