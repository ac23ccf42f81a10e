// docs/file-formats.md names every file of a run and every column of its tables.
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/csv.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// With what differs between runs replaced by its name.
std::string generic(std::string text) {
    text = std::regex_replace(text, std::regex("^stages/(?!seconds)[a-z]+"), "stages/<stage>");
    text = std::regex_replace(text, std::regex("^library/b[12]/[0-9a-f]{16}"), "library/<block>/<choice>");
    text = std::regex_replace(text, std::regex("/[0-9a-f]{16}/"), "/<id>/");
    text = std::regex_replace(text, std::regex("iteration-[0-9]+"), "iteration-<k>");
    text = std::regex_replace(text, std::regex("latency/cpu"), "latency/<device>");
    text = std::regex_replace(text, std::regex("latency_cpu_ms"), "latency_<device>_ms");
    return std::regex_replace(text, std::regex("(nsr|loss_rise)_b[12]"), "$1_<block>");
}

/// A whole run, and what a construction adds to one.
std::map<std::string, std::string> files_of_runs(const Scratch& folder) {
    put(folder / "tiny.yaml", tiny_configuration());
    put(folder / "grown.yaml", constructing_configuration());
    const Ending whole = run({"run", "tiny.yaml", "--run", "r", "-q"}, folder.here());
    EXPECT_EQ(whole.status, 0) << whole.err;
    const Ending grown = run({"construct", "grown.yaml", "--run", "g", "-q"}, folder.here());
    EXPECT_EQ(grown.status, 0) << grown.err;
    auto files = snapshot(folder / "r");
    files.merge(snapshot(folder / "g"));
    return files;
}

TEST(FileFormats, EveryFileAndColumnIsDescribed) {
    const Scratch folder;
    const auto made = files_of_runs(folder);
    const std::string page = content_of(fs::path(TESSERA_SOURCE_DIR) / "docs/file-formats.md");
    std::size_t files = 0, tables = 0;
    for (const auto& [name, content] : made) {
        EXPECT_TRUE(page.find("| `" + generic(name) + "` |") != std::string::npos) << generic(name);
        ++files;
        if (fs::path(name).extension() != ".csv") {
            continue;
        }
        ++tables;
        for (const auto& column : support::parse_csv(content, name).header) {
            EXPECT_TRUE(page.find("`" + generic(column) + "`") != std::string::npos)
                << name << ": " << column;
        }
    }
    EXPECT_GT(files, 30U);
    EXPECT_GE(tables, 8U);
}

TEST(FileFormats, NoFileIsDescribedThatIsNotThere) {
    const Scratch folder;
    const auto made = files_of_runs(folder);
    std::set<std::string> written = {"log.jsonl", "lock", "stages/seconds.json"};
    for (const auto& [name, content] : made) {
        written.insert(generic(name));
    }
    const std::string page = content_of(fs::path(TESSERA_SOURCE_DIR) / "docs/file-formats.md");
    const std::regex row("\\n\\| `([^`]+)` \\| [^|]+ \\| ([^|]+)");
    for (std::sregex_iterator at(page.begin(), page.end(), row), end; at != end; ++at) {
        const bool passing = at->str(2).starts_with("only while");
        EXPECT_TRUE(passing || written.contains(at->str(1))) << at->str(1);
    }
}

} // namespace
} // namespace tessera::tests
