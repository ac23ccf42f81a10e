#include "search_spaces/digits.h"

#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

/// The reference's choice is the second of three in the first block and the last of two in the second.
SearchSpace two_blocks() {
    return testing::space_of(
        "input: [3, 8, 8]\nclasses: 2\nblocks:\n"
        "  - {name: a, channels: 16, choices: [identity: , conv: {kernel: [3, 5]}], "
        "reference: 'conv(kernel=3)'}\n"
        "  - {name: b, channels: 16, choices: [identity: , conv: {kernel: 3}], reference: conv(kernel=3)}\n");
}

TEST(Digits, ArePlacesInTheListAsWritten) {
    const SearchSpace space = two_blocks();
    ASSERT_TRUE(has_digits(space));
    EXPECT_EQ(to_digits(space, space.reference()), "11");
    const Architecture mixed = from_digits(space, "20");
    EXPECT_EQ(mixed.choices[0],
              space.blocks()[0].choices[2]); // kernel 5; the reference's choice was put first
    EXPECT_EQ(mixed.choices[1].family(), "identity");
}

TEST(Digits, GoBothWaysForEveryNetwork) {
    const SearchSpace space = two_blocks();
    for (const std::string text : {"00", "01", "10", "11", "20", "21"}) {
        EXPECT_EQ(to_digits(space, from_digits(space, text)), text);
    }
}

TEST(Digits, RefuseWhatNamesNoNetwork) {
    const SearchSpace space = two_blocks();
    const auto message = [&](const char* digits) -> std::string {
        try {
            from_digits(space, digits);
        } catch (const support::UsageError& error) { return error.what(); }
        return "accepted";
    };
    EXPECT_EQ(message("1"), "'1' has 1 digits, the space has 2 blocks");
    EXPECT_EQ(message("30"), "'30': block 'a' has choices 0 to 2, not 3");
    EXPECT_EQ(message("12"), "'12': block 'b' has choices 0 to 1, not 2");
    EXPECT_EQ(message("1 "), "'1 ': block 'b' has choices 0 to 1, not  ");
}

} // namespace
} // namespace tessera::search_spaces
