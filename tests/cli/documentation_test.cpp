// docs/configuration.md is what the program prints: a key that is added or changed without it fails here.
#include <gtest/gtest.h>

#include "support/files.h"
#include "tests/cli/program.h"

namespace tessera::tests {
namespace {

TEST(CommandLineDocumentation, EveryKeyOfTheCodeIsInTheReference) {
    const Scratch scratch;
    const Ending printed = run({"keys"}, scratch.here());
    ASSERT_EQ(printed.status, 0) << printed.err;
    EXPECT_GT(printed.out.size(), 1000U);
    // Not compared by EXPECT_EQ, which would print both pages.
    EXPECT_TRUE(support::read_file(std::string(TESSERA_SOURCE_DIR) + "/docs/configuration.md") == printed.out)
        << "run `build/release/tessera keys > docs/configuration.md`";
}

TEST(CommandLineDocumentation, EveryConfigurationThatIsShippedIsAccepted) {
    const Scratch scratch;
    int seen = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(TESSERA_SOURCE_DIR) + "/configs")) {
        const Ending described = run({"describe", entry.path().string()}, scratch.here());
        EXPECT_EQ(described.status, 0) << entry.path() << "\n" << described.err;
        ++seen;
    }
    EXPECT_GE(seen, 4);
}

} // namespace
} // namespace tessera::tests
