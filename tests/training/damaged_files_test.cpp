#include "training/datasets/damaged_files.h"

#include <gmock/gmock.h>

#include "support/log.h"
#include "tests/support/captured_stderr.h"

namespace tessera::training {
namespace {

using support::RunError;
using support::testing::get;
using support::testing::message_of;
using support::testing::stderr_in_file;
using support::testing::TemporaryFolder;
using ::testing::HasSubstr;

std::vector<DamagedFile> damaged(int count) {
    std::vector<DamagedFile> files;
    for (int i = 0; i < count; ++i) {
        files.push_back({"cat/" + std::to_string(i) + ".jpg", "an empty file"});
    }
    return files;
}

TEST(DamagedFiles, AFewAreAWarning) {
    const TemporaryFolder folder;
    support::log_to(folder / "log");
    const auto shown = stderr_in_file([&] { report_damage(damaged(5), 1000, 0.01, "pets"); });
    support::close_log();
    EXPECT_EQ(shown,
              "warning: pets: 5 of 1000 images (0.5 %) cannot be read: cat/0.jpg: an empty file; cat/1.jpg: "
              "an empty file; cat/2.jpg: an empty file; and 2 more; they are left out\n");
    EXPECT_THAT(get(folder / "log"), HasSubstr("damaged image pets/cat/4.jpg: an empty file"));
}

TEST(DamagedFiles, MoreThanToleratedAreAnError) {
    EXPECT_EQ(
        message_of<RunError>([] { report_damage(damaged(2), 100, 0.01, "pets"); }),
        "pets: 2 of 100 images (2 %) cannot be read: cat/0.jpg: an empty file; cat/1.jpg: an empty file; "
        "data.max_damaged tolerates 1 %: repair or remove them, or raise it");
    EXPECT_THROW(report_damage(damaged(1), 1'000'000, 0, "pets"), RunError);
    EXPECT_NO_THROW(report_damage(damaged(1), 100, 0.01, "pets"));
}

TEST(DamagedFiles, NoneAreNoMessage) {
    EXPECT_EQ(stderr_in_file([] { report_damage({}, 0, 0, "pets"); }), "");
}

} // namespace
} // namespace tessera::training
