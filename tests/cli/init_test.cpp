// From a folder that the program has never seen to a configuration that runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/image_files.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Init : public ::testing::Test {
protected:
    /// What init printed, stored as my.yaml.
    std::string init(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "init");
        const Ending ending = run(arguments, folder.here());
        EXPECT_EQ(ending.status, 0) << ending.err;
        put(folder / "my.yaml", ending.out);
        return ending.out;
    }
    void accepted() {
        const Ending described = run({"describe", "my.yaml"}, folder.here());
        EXPECT_EQ(described.status, 0) << described.err << content_of(folder / "my.yaml");
    }
    const Scratch folder;
};

TEST_F(Init, AFolderWithoutSplitsBecomesAConfigurationThatRuns) {
    put_classes(folder / "my photos", {"cats", "dogs & wolves", "vögel"}, 40, 34);
    put(folder / "my photos/cats/broken.png", "no picture at all");
    const std::string text = init({"my photos", "--hours", "0.002", "--threads", "1"});
    EXPECT_THAT(text, StartsWith("# my photos: 3 classes, 121 images without a split"));
    EXPECT_THAT(text, HasSubstr("\n# Estimated on this machine (1 thread): "));
    EXPECT_THAT(text, HasSubstr("\n# 1 of 121 images looked at cannot be decoded; the first: "));
    EXPECT_THAT(text, HasSubstr("\n  input: [3, 32, 32]\n  classes: 3\n"));
    accepted();
    // One line of the printed budgets is changed, as users do; the rest is as it was printed.
    const Ending ran = run({"run", "my.yaml", "--run", "r", "--set", "sample.count=5", "--set",
                            "data.max_damaged=0.1", "--set", "distil.pilot_batches=1"},
                           folder.here());
    EXPECT_EQ(ran.status, 0) << last_line(ran.err);
    EXPECT_TRUE(fs::exists(folder / "r/report/report.html"));
}

TEST_F(Init, TheCacheLiesBesideTheImagesHoweverTheyAreNamed) {
    put_classes(folder / "photos", {"a", "b"}, 12, 34);
    const std::string beside = "\n  cache: " + (folder.path() / "photos.cache").string() + "\n";
    for (const char* name : {"photos", "photos/", "photos/.", "./photos//"}) {
        EXPECT_THAT(init({name, "--hours", "0.01"}), HasSubstr(beside)) << name;
    }
    const Ending inside =
        run({"init", ".", "--hours", "0.01"}, {folder / "photos", 0, false}); // where its images are
    EXPECT_THAT(inside.out, HasSubstr(beside)) << inside.err;
    // What an earlier version put inside is no class.
    put(folder / "photos/photos.cache/photos-1.images", "decoded");
    EXPECT_THAT(init({"photos", "--hours", "0.01"}), HasSubstr("\n  classes: 2\n"));
}

TEST_F(Init, SplitsGreyImagesAndLargeOnesAreSeen) {
    put_classes(folder / "images/train", {"a", "b"}, 12, 100);
    put_classes(folder / "images/test", {"a", "b"}, 3, 100);
    const std::string text = init({"images"});
    EXPECT_THAT(text, HasSubstr("30 images (24 train, 0 validation, 6 test)"));
    EXPECT_THAT(text, HasSubstr("\n  input: [3, 96, 96]\n"));
    accepted();
}

TEST_F(Init, ClassFoldersBesideASplitAreLeftOutAloud) {
    put_classes(folder / "images/train", {"a", "b"}, 12, 34);
    put_classes(folder / "images", {"dogs", "birds"}, 3, 34);
    const std::string said =
        "images: its classes are those in 'train'; left out 2 folders beside it: birds, dogs\n";
    const Ending ending = run({"init", "images", "--hours", "0.01"}, folder.here());
    EXPECT_THAT(ending.err, HasSubstr(said));
    EXPECT_THAT(ending.out, HasSubstr("\n  classes: 2\n"));
    put(folder / "my.yaml", ending.out);
    EXPECT_THAT(run({"run", "my.yaml", "--dry-run"}, folder.here()).err, HasSubstr(said));
    EXPECT_THAT(run({"describe", "my.yaml"}, folder.here()).err, IsEmpty());
}

TEST_F(Init, AWishThatCannotBeMetIsSaidSo) {
    put_classes(folder / "images", {"a", "b"}, 12, 34);
    const Ending ending = run({"init", "images", "--hours", "0.00001"}, folder.here());
    EXPECT_EQ(ending.status, 0);
    const std::string said =
        "--hours 1e-05 cannot be met: the least for these images on this machine is about ";
    EXPECT_THAT(ending.err, HasSubstr(said));
    EXPECT_THAT(ending.out, HasSubstr("# " + said));
    EXPECT_THAT(run({"init", "images", "--hours", "2"}, folder.here()).err,
                ::testing::Not(HasSubstr("cannot be met")));
}

TEST_F(Init, TheLargestImageIsSaidAndCarriedAlong) {
    put_classes(folder / "images", {"a", "b"}, 12, 40);
    put_image(folder / "images/a/large.png", 200, 200, 0, 1);
    EXPECT_EQ(init({"images", "--hours", "0.01"}).find("max_pixels"), std::string::npos);
    const std::string text = init({"images", "--hours", "0.01", "--max-pixels", "30000"});
    EXPECT_THAT(text, HasSubstr("\n  max_pixels: 30000\n"));
    EXPECT_THAT(text, HasSubstr("# 1 of 25 images looked at cannot be decoded"));
    accepted();
}

TEST_F(Init, ATableTakesTheMeasuresPlace) {
    put_classes(folder / "images", {"a", "b"}, 12, 40);
    put(folder / "phone.csv", "device,block,choice,latency_ms\nphone,stem,,1\n");
    const std::string text = init({"images", "--table", "phone.csv"});
    EXPECT_THAT(text, HasSubstr("\n  table: " + (folder.path() / "phone.csv").string() + "\n"));
    EXPECT_THAT(text, HasSubstr("{name: latency_phone_ms, direction: minimize}"));
    put(folder / "phone.yaml", text);
    const Ending ending = run({"describe", "phone.yaml"}, folder.here());
    EXPECT_EQ(ending.status, 1);
    EXPECT_THAT(ending.err, HasSubstr("phone.csv: no latency on phone of "));
}

TEST_F(Init, AReferenceBringsItsSpace) {
    put(folder / "table.yaml", tiny_latency_table());
    put(folder / "tiny.yaml", replaced(tiny_configuration(), "rounds: 2", "table: table.yaml"));
    ASSERT_EQ(run({"teach", "tiny.yaml", "--run", "r", "-q"}, folder.here()).status, 0);
    put_classes(folder / "images", {"a", "b", "c", "d"}, 12, 20);
    const std::string text = init({"images", "--reference", "r/teach/weights.safetensors"});
    EXPECT_THAT(
        text,
        HasSubstr(
            "\n  input: [3, 8, 8]\n  classes: 4\n  stem: {channels: 8, kernel: 3, stride: 1, act: relu}\n"));
    EXPECT_THAT(text, HasSubstr("\n  weights: "));
    accepted();
    EXPECT_EQ(run({"teach", "my.yaml", "--run", "taken"}, folder.here()).status, 0) << "the weights fit";

    put_classes(folder / "two", {"a", "b"}, 12, 20);
    const Ending other = run({"init", "two", "--reference", "r/teach/weights.safetensors"}, folder.here());
    EXPECT_EQ(other.status, 2);
    EXPECT_THAT(other.err, HasSubstr("was trained for 4 classes, and two has 2"));
}

TEST_F(Init, NamesCannotWriteIntoTheConfiguration) {
    put_classes(folder / "we\nseed: 9\nird", {"a", "b"}, 12, 40);
    put(folder / "we\nseed: 9\nird/a/x\nthreads: 7\n#.jpg", "no picture");
    const std::string text = init({"we\nseed: 9\nird", "--hours", "0.01"});
    EXPECT_EQ(text.find("\nseed: 9"), std::string::npos);
    EXPECT_EQ(text.find("\nthreads: 7"), std::string::npos);
    accepted();
}

TEST_F(Init, EachMistakeIsOneLine) {
    put_classes(folder / "one", {"a"}, 3, 20);
    put_classes(folder / "images", {"a", "b"}, 3, 20);
    put(folder / "texts/a/1.jpg", "text");
    put(folder / "texts/b/1.jpg", "text");
    fs::create_directories(folder / "empty");
    put_classes(folder / "single", {"a", "b"}, 1, 20);
    put_classes(folder / "differ/train", {"a", "b"}, 3, 20);
    put_classes(folder / "differ/test", {"a", "c"}, 3, 20);
    const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
        {{"init"}, "name a folder of images"},
        {{"init", "nowhere"}, "nowhere: no such folder"},
        {{"init", "texts/a/1.jpg"}, "texts/a/1.jpg: not a folder"},
        {{"init", "one"}, "one class folder (a); a classifier needs two or more"},
        {{"init", "empty"}, "empty: expected"},
        {{"init", "single"}, "data.test 0.15 of 2 training images leaves none for test in any class"},
        {{"init", "differ"}, "class folders differ: only in "},
        {{"init", "texts"}, "texts: none of 2 images looked at can be decoded; the first: "},
        {{"init", "images", "--hours", "soon"}, "--hours: 'soon' is not a number"},
        {{"init", "images", "--max-pixels", "0"}, "--max-pixels 0: expected 1 to 4000000000"},
        {{"init", "images", "--max-pixels", "1e6"}, "--max-pixels 1e6: expected 1 to 4000000000"},
        {{"init", "images", "--hours", "0"}, "--hours: 0 is not above 0"},
        {{"init", "images", "--table", "nowhere.csv"}, "--table: nowhere.csv: no such file"},
        {{"init", "images", "--set", "seed=3"}, "takes no --set"},
        {{"init", "images", "--pick", "knee"}, "--pick belongs to `tessera finetune`"},
    };
    for (const auto& [arguments, message] : mistakes) {
        const Ending ending = run(arguments, folder.here());
        EXPECT_NE(ending.status, 0) << message;
        EXPECT_THAT(ending.err, HasSubstr(message));
        EXPECT_EQ(line_count(ending.err), 1) << ending.err;
        EXPECT_THAT(ending.out, IsEmpty());
    }
}

} // namespace
} // namespace tessera::tests
