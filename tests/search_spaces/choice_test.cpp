// Canonical text of a choice, and where a wrong one is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/choice.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;

TEST(Choice, TextRoundTrips) {
    for (const std::string text :
         {"identity", "conv(depth=2)", "mbconv(depth=2,kernel=5,width=0.5,attention=se)",
          "a_b(x=-1.5e-07,y=one-two)"}) {
        EXPECT_EQ(Choice::parse(text).text(), text);
        EXPECT_EQ(Choice::parse(Choice::parse(text).text()), Choice::parse(text));
    }
}

TEST(Choice, BlanksAndEmptyParenthesesAreDropped) {
    EXPECT_EQ(Choice::parse("  conv ( depth = 2 ,\tkernel=3 )  ").text(), "conv(depth=2,kernel=3)");
    EXPECT_EQ(Choice::parse("identity()"), Choice::parse("identity"));
}

TEST(Choice, ReadsItsParameters) {
    const Choice choice = Choice::parse("mbconv(depth=2,width=0.5,act=swish)");
    EXPECT_EQ(choice.family(), "mbconv");
    EXPECT_EQ(choice.integer("depth"), 2);
    EXPECT_EQ(choice.number("width"), 0.5);
    EXPECT_EQ(choice.number("depth"), 2.0);
    EXPECT_EQ(choice.text_of("act"), "swish");
    EXPECT_THROW(choice.text_of("kernel"), std::out_of_range);
    EXPECT_THROW(choice.integer("width"), std::invalid_argument);
    EXPECT_THROW(choice.number("act"), std::invalid_argument);
}

TEST(Choice, OrderedByFamilyThenParameters) {
    EXPECT_LT(Choice::parse("conv(depth=1)"), Choice::parse("conv(depth=2)"));
    EXPECT_LT(Choice::parse("conv(depth=2)"), Choice::parse("identity"));
    EXPECT_NE(Choice::parse("conv(depth=1)"), Choice::parse("conv(depth=1,kernel=3)"));
}

struct Wrong {
    std::string text, where, what;
};

TEST(Choice, SyntaxErrorsNameTheCharacter) {
    const std::vector<Wrong> all{
        {"", "character 1 (the end)", "the name of a layer family was expected"},
        {"(depth=1)", "character 1 ('(')", "the name of a layer family"},
        {"conv(", "character 6 (the end)", "a parameter's name"},
        {"conv(depth", "character 11 (the end)", "'=' was expected"},
        {"conv(depth=)", "character 12 (')')", "a value for 'depth'"},
        {"conv(depth=1", "character 13 (the end)", "')' was expected"},
        {"conv(depth=1,)", "character 14 (')')", "a parameter's name"},
        {"conv(depth=1,depth=2)", "character 14 ('d')", "'depth' is given twice"},
        {"conv(depth=1))", "character 14 (')')", "nothing more"},
        {"conv depth", "character 6 ('d')", "nothing more"},
        {"conv(a=b|c=d)", "character 9 ('|')", "')' was expected"},
        {"conv(a=\xC3\xA9)", "character 8", "a value for 'a'"},
    };
    for (const Wrong& wrong : all) {
        const std::string message = message_of([&] { Choice::parse(wrong.text); });
        EXPECT_THAT(message, HasSubstr(wrong.where)) << wrong.text;
        EXPECT_THAT(message, HasSubstr(wrong.what)) << wrong.text;
    }
}

} // namespace
} // namespace tessera::search_spaces
