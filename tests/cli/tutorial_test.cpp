// docs/tutorial.md, as a reader would follow it: every command, in order, in one folder.
#include <cstdlib>
#include <fstream>
#include <regex>

#include <gtest/gtest.h>

#include "tests/cli/image_files.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;

/// The blocks between ```sh and ```, one after the other.
std::string commands_of(const std::string& page) {
    std::string commands;
    const std::regex block("```sh\n([^`]*)```");
    for (std::sregex_iterator at(page.begin(), page.end(), block), end; at != end; ++at) {
        commands += at->str(1);
    }
    return commands;
}

TEST(Tutorial, EveryCommandWorksAsItStands) {
    const Scratch folder;
    put_classes(folder / "photos", {"birds", "cats", "dogs"}, 30, 36);
    put_image(folder / "photos/cats/holiday/12 b.png", 90, 50, 1, 7); // deeper, larger
    put(folder / "photos/dogs/broken.jpg", "no picture at all");
    put(folder / "photos/notes.txt", "no class");

    std::string commands = commands_of(content_of(fs::path(TESSERA_SOURCE_DIR) / "docs/tutorial.md"));
    ASSERT_NE(commands.find("tessera init photos --hours 0.1"), std::string::npos);
    // The only changes: a test has no six minutes, and no other device to measure on.
    commands = std::regex_replace(commands, std::regex("--hours 0\\.1"), "--hours 0.001");
    const std::string emitted = "--emit probes\n";
    ASSERT_NE(commands.find(emitted), std::string::npos);
    commands.insert(commands.find(emitted) + emitted.size(),
                    "awk '{print $0 (NR == 1 ? \",latency_ms\" : /,call,/ ? \",0.001\" : \",1\")}' "
                    "probes/manifest.csv > RESULTS.csv\n");
    put(folder / "tutorial.sh", "set -e\nPATH='" + fs::path(TESSERA_PROGRAM).parent_path().string() +
                                    "':$PATH\n" + "export OMP_NUM_THREADS=1\n" + commands);
    const std::string call = "cd '" + folder.path().string() + "' && bash -x tutorial.sh > out 2> err";
    EXPECT_EQ(std::system(call.c_str()), 0) << content_of(folder / "err") << content_of(folder / "my.yaml");

    const std::string out = content_of(folder / "out");
    for (const char* said : {"Front: ", "Models: ", "Exported: ", "Accuracy "}) {
        const bool there =
            out.find(said) != std::string::npos || content_of(folder / "err").find(said) != std::string::npos;
        EXPECT_TRUE(there) << said;
    }
    EXPECT_TRUE(fs::exists(folder / "runs/photos/report/report.html"));
    EXPECT_TRUE(fs::exists(folder / "probes/manifest.csv"));
    EXPECT_NE(content_of(folder / "runs/photos/search/front.csv").find("latency_phone_ms"),
              std::string::npos);
}

} // namespace
} // namespace tessera::tests
