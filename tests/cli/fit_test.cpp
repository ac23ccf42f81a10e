// A predictor fitted to other qualities than the library's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/csv.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(Fit, GoesByOtherQualities) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    for (const char* stage : {"teach", "distil", "measure", "sample", "fit", "search"}) {
        const Ending ending = run({stage, "tiny.yaml", "--run", "r", "-q"}, folder.here());
        ASSERT_EQ(ending.status, 0) << stage << ending.err;
    }
    const std::string own = content_of(folder / "r/search/front.csv");
    ASSERT_EQ(run({"inspect", "--run", "r", "--out", "q.csv"}, folder.here()).status, 0);
    const auto with = [&](const char* stage, const std::string& columns) {
        return run({stage, "tiny.yaml", "--run", "r", "--set", "fit.qualities=q.csv", "--set",
                    "fit.quality=" + columns},
                   folder.here());
    };
    // The search goes by what the predictor was fitted with, and does not need the file any more.
    ASSERT_EQ(with("fit", "[variance_loss]").status, 0);
    EXPECT_EQ(content_of(folder / "r/predictor/qualities.csv"), content_of(folder / "q.csv"));
    fs::remove(folder / "q.csv");
    const Ending searched = with("search", "[variance_loss]");
    ASSERT_EQ(searched.status, 0) << searched.err;
    EXPECT_NE(content_of(folder / "r/search/front.csv"), own);
    // Columns of the library's own table need no file.
    const auto by_own = [&](const char* stage, const std::string& column) {
        return run({stage, "tiny.yaml", "--run", "r", "--set", "fit.quality=[" + column + "]"},
                   folder.here());
    };
    ASSERT_EQ(by_own("fit", "variance_loss").status, 0);
    EXPECT_EQ(by_own("search", "variance_loss").status, 0);
    EXPECT_NE(content_of(folder / "r/search/front.csv"), own);
    const Ending unknown = by_own("fit", "varianceloss");
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(last_line(unknown.err),
                HasSubstr("fit.quality: the library has no 'varianceloss'; did you mean 'variance_loss'?"));
    // Without it everything is as before.
    ASSERT_EQ(run({"fit", "tiny.yaml", "--run", "r"}, folder.here()).status, 0);
    ASSERT_EQ(run({"search", "tiny.yaml", "--run", "r"}, folder.here()).status, 0);
    EXPECT_EQ(content_of(folder / "r/search/front.csv"), own);
}

TEST(Fit, RefusesQualitiesThatAreNotThere) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    const auto refused = [&](std::vector<std::string> overrides) {
        std::vector<std::string> words = {"run", "tiny.yaml", "--run", "r"};
        for (std::string& value : overrides) {
            words.insert(words.end(), {"--set", std::move(value)});
        }
        const Ending ending = run(words, folder.here());
        EXPECT_EQ(ending.status, 2) << ending.err;
        return last_line(ending.err);
    };
    EXPECT_THAT(refused({"fit.qualities=none.csv"}), HasSubstr("none.csv: no such file"));
    EXPECT_THAT(refused({"fit.quality=[nsr, dead_share]", "distil.inspect_images=0"}),
                HasSubstr("fit.quality: there is no 'dead_share' with distil.inspect_images: 0"));
    put(folder / "q.csv", "block,choice,nsr\n");
    EXPECT_THAT(refused({"fit.qualities=q.csv", "fit.quality=[nsr, nsr, nsr]"}),
                HasSubstr("more than two columns"));
    EXPECT_THAT(refused({"fit.qualities=q.csv", "fit.quality=[nsr, nsr]"}),
                HasSubstr("'nsr' is there twice"));
}

} // namespace
} // namespace tessera::tests
