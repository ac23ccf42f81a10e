// Canonical text and content-hash id of an architecture.
#include <unordered_set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/architecture.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;

const std::string long_text =
    "mbconv(depth=2,kernel=5,expand=4,width=1,group=1,attention=se,act=swish) | identity";

TEST(Architecture, TextRoundTrips) {
    for (const std::string& text : {std::string("identity"), long_text}) {
        EXPECT_EQ(Architecture::parse(text).text(), text);
        EXPECT_EQ(Architecture::parse(Architecture::parse(text).text()), Architecture::parse(text));
    }
    EXPECT_EQ(Architecture::parse(" identity|conv( depth=1 )").text(), "identity | conv(depth=1)");
    EXPECT_TRUE(Architecture::parse("  ").choices.empty());
}

TEST(Architecture, IdsAreTheSameOnEveryMachine) {
    EXPECT_EQ(Architecture::parse("identity").id(), "2bbba36426751dc2");
    EXPECT_EQ(Architecture::parse(long_text).id(), "73348570034b1258");
    EXPECT_EQ(Architecture{}.id(), "7bd3144f29c0cc9e");
}

TEST(Architecture, IsAValue) {
    const Architecture a = Architecture::parse("conv(depth=1) | identity"),
                       b = Architecture::parse("identity | conv(depth=1)");
    EXPECT_NE(a, b);
    EXPECT_NE(a.id(), b.id());
    EXPECT_LT(a, b);
    const std::unordered_set<Architecture> set{a, b, Architecture::parse(a.text())};
    EXPECT_EQ(set.size(), 2U);
}

TEST(Architecture, ErrorsNameTheBlock) {
    EXPECT_THAT(message_of([] { Architecture::parse("identity | conv(depth=)"); }),
                HasSubstr("block 2: choice ' conv(depth=)', character 13"));
    EXPECT_THAT(message_of([] { Architecture::parse("identity |"); }), HasSubstr("block 2"));
    EXPECT_THAT(message_of([] { Architecture::parse("| identity"); }), HasSubstr("block 1"));
}

} // namespace
} // namespace tessera::search_spaces
