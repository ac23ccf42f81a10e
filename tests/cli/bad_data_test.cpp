// Data, weights and disks that fail: one line that names the file, status 1, nothing half-written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/image_files.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class BadData : public ::testing::Test {
protected:
    void SetUp() override { put(folder / "tiny.yaml", tiny_configuration()); }
    /// Runs `teach` with the overrides, which is to fail with `status`; the error's line.
    std::string failing(const std::vector<std::string>& overrides, int status = 1) {
        std::vector<std::string> arguments = {"teach", "tiny.yaml", "--run", "r", "-q"};
        for (const std::string& set : overrides) {
            arguments.emplace_back("--set");
            arguments.push_back(set);
        }
        const Ending ending = run(arguments, surroundings);
        EXPECT_EQ(ending.status, status) << ending.err;
        EXPECT_EQ(line_count(ending.err), 1) << ending.err;
        EXPECT_THAT(ending.out, IsEmpty());
        EXPECT_THAT(half_written(folder.path()), IsEmpty());
        EXPECT_FALSE(fs::exists(folder / "r/stages/teach.json"));
        EXPECT_FALSE(fs::exists(folder / "r/teach/weights.safetensors"));
        return ending.err;
    }
    /// What a dry run says of the same is no other line.
    void expect_foreseen(const std::vector<std::string>& overrides, int status = 1) {
        const std::string said = failing(overrides, status);
        std::vector<std::string> arguments = {"run", "tiny.yaml", "--run", "r", "--dry-run", "-q"};
        for (const std::string& set : overrides) {
            arguments.insert(arguments.end(), {"--set", set});
        }
        const Ending foreseen = run(arguments, surroundings);
        EXPECT_EQ(foreseen.status, status);
        EXPECT_EQ(foreseen.err, said);
    }
    std::string in(const std::string& name) const { return (folder / name).string(); }
    void images(const std::string& name) { put(folder / name, "\xFF\xD8\xFF\xE0 not the rest of a picture"); }

    const Scratch folder;
    Surroundings surroundings = folder.here();
};

TEST_F(BadData, FolderThatIsNotThere) {
    for (const std::string kind : {"cifar10", "mnist", "image_folder"}) {
        EXPECT_EQ(failing({"data.kind=" + kind, "data.path=none"}, 2),
                  "error: data.path: " + in("none") + ": no such folder\n");
    }
    EXPECT_THAT(failing({"data.kind=mnist", "data.path=tiny.yaml"}, 2), HasSubstr("tiny.yaml: not a folder"));
}

TEST_F(BadData, TruncatedCifarFile) {
    put(folder / "cifar/data_batch_1.bin", std::string(5000, '\1'));
    const std::string error = failing({"data.kind=cifar10", "data.path=cifar"});
    EXPECT_THAT(error, StartsWith("error: " + in("cifar/data_batch_1.bin")));
    EXPECT_THAT(error, HasSubstr("5000"));
}

TEST_F(BadData, CorruptJpeg) {
    for (const std::string name : {"a", "b", "c", "d"}) {
        for (const char* file : {"/one.jpg", "/three.jpg", "/two.jpg"}) { // enough to hold some out
            images("images/train/" + name + file);
        }
        images("images/test/" + name + "/one.jpg");
    }
    const std::string error = failing({"data.kind=image_folder", "data.path=images", "data.cache=cache"});
    EXPECT_THAT(error,
                StartsWith("error: " + in("images") +
                           ": 16 of 16 images (100 %) cannot be read: train/a/one.jpg: damaged JPEG: "));
    EXPECT_THAT(error, HasSubstr("; and 13 more; data.max_damaged tolerates 1 %"));
}

TEST_F(BadData, ClassFoldersThatDiffer) {
    for (const char* name : {"a", "b", "c", "d"}) {
        images(std::string("images/train/") + name + "/one.jpg");
    }
    for (const char* name : {"a", "b", "c", "e"}) {
        images(std::string("images/test/") + name + "/one.jpg");
    }
    const std::string error = failing({"data.kind=image_folder", "data.path=images"});
    EXPECT_THAT(error, HasSubstr("class folders differ"));
    EXPECT_THAT(error, HasSubstr("images/train: d; only in"));
    EXPECT_THAT(error, HasSubstr("images/test: e"));
    expect_foreseen({"data.kind=image_folder", "data.path=images"});
    expect_foreseen({"data.kind=image_folder", "data.path=images", "space.classes=5"}, 2);
}

TEST_F(BadData, ClassesOfOneImage) {
    put_classes(folder / "images", {"a", "b", "c", "d"}, 1, 10);
    EXPECT_THAT(failing({"data.kind=image_folder", "data.path=images"}, 2),
                HasSubstr("data.test 0.1 of 4 training images leaves none for test in any class"));
    expect_foreseen({"data.kind=image_folder", "data.path=images"}, 2);
}

TEST_F(BadData, ImagesThatDoNotFitTheSpace) {
    EXPECT_THAT(failing({"data.synthetic.size=16"}, 2), HasSubstr("3x16x16"));
    EXPECT_THAT(failing({"data.synthetic.classes=5"}, 2), HasSubstr("5 classes, but the space has 4"));
}

TEST_F(BadData, WeightsOfAnotherArchitectureOrOfNothing) {
    ASSERT_EQ(
        run({"teach", "tiny.yaml", "--run", "other", "-q", "--set", "space.stem.channels=4"}, folder.here())
            .status,
        0);
    const std::string weights = in("other/teach/weights.safetensors");
    EXPECT_THAT(failing({"teach.weights=other/teach/weights.safetensors"}),
                StartsWith("error: " + weights + ": its tensors do not fit the network: "));
    EXPECT_THAT(failing({"teach.weights=none.safetensors"}, 2),
                HasSubstr("teach.weights: " + in("none.safetensors") + ": no such file"));
    put(folder / "cut.safetensors", content_of(weights).substr(0, 700));
    EXPECT_THAT(failing({"teach.weights=cut.safetensors"}), StartsWith("error: " + in("cut.safetensors")));
    put(folder / "text.safetensors", "these are not weights");
    EXPECT_THAT(failing({"teach.weights=text.safetensors"}), StartsWith("error: " + in("text.safetensors")));
}

TEST_F(BadData, LossThatIsNotANumber) {
    const std::string error = failing({"teach.learning_rate=100", "teach.weight_decay=1", "teach.epochs=4"});
    EXPECT_THAT(error, HasSubstr("teach: the loss is not finite in epoch "));
    EXPECT_THAT(error, HasSubstr("lower learning_rate"));
}

TEST_F(BadData, DeviceThatIsNotThere) {
    EXPECT_THAT(failing({"device=toaster"}, 2), HasSubstr("device 'toaster': expected"));
}

TEST_F(BadData, DiskThatIsFull) {
    surroundings.largest_file = 12 << 10;
    EXPECT_THAT(failing({}), HasSubstr("r/teach/"));
    surroundings.largest_file = 100;
    fs::remove_all(folder / "r");
    EXPECT_THAT(failing({}), HasSubstr("cannot write r/config.yaml: File too large"));
    EXPECT_FALSE(fs::exists(folder / "r/config.yaml"));
}

TEST_F(BadData, FileInPlaceOfTheRun) {
    put(folder / "r", "a file");
    const Ending ending = run({"teach", "tiny.yaml", "--run", "r"}, folder.here());
    EXPECT_EQ(ending.status, 1);
    EXPECT_EQ(ending.err, "error: r: cannot create the run folder: Not a directory\n");
    EXPECT_EQ(content_of(folder / "r"), "a file");
}

TEST_F(BadData, RunFolderThatIsReadOnly) {
    if (!can_be_bound_by_permissions()) {
        GTEST_SKIP() << "root here cannot give up its rights";
    }
    surroundings.bound_by_permissions = true;
    fs::create_directory(folder / "r");
    fs::permissions(folder / "r", fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_THAT(failing({}), HasSubstr("r: Permission denied"));
    EXPECT_TRUE(fs::is_empty(folder / "r"));
    fs::permissions(folder / "r", fs::perms::owner_all);
}

TEST_F(BadData, BoundsThatNoSearchedNetworkMeets) {
    put(folder / "table.yaml", tiny_latency_table());
    const Ending ending =
        run({"run", "tiny.yaml", "--run", "r", "-q", "--set", "latency.table=table.yaml", "--set",
             "search.objectives=[{name: accuracy, direction: maximize},"
             "{name: latency_cpu_ms, direction: minimize, max: 0.001}]"},
            folder.here());
    EXPECT_EQ(ending.status, 3);
    EXPECT_THAT(last_line(ending.err),
                StartsWith("error: search.objectives: no architecture has latency_cpu_ms <= 0.001"));
    EXPECT_FALSE(fs::exists(folder / "r/stages/search.json"));
    EXPECT_FALSE(fs::exists(folder / "r/search/front.csv"));
}

} // namespace
} // namespace tessera::tests
