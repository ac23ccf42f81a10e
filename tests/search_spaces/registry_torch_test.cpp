// Families, their parameters, and what complete() makes of a choice.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search_spaces/family.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;

std::string completed(const std::string& text) { return complete(Choice::parse(text)).text(); }
std::string refusal(const std::string& text) {
    return message_of([&] { complete(Choice::parse(text)); });
}

TEST(Registry, ListsEveryFamilyOnce) {
    std::set<std::string_view> names;
    for (const Family* one : families()) {
        EXPECT_TRUE(names.insert(one->name()).second);
        EXPECT_EQ(&family(one->name()), one);
    }
    EXPECT_THAT(names, ::testing::IsSupersetOf({"mbconv", "conv", "identity"}));
}

TEST(Registry, DefaultsAreCanonicalAndWithinRange) {
    for (const Family* one : families()) {
        for (const Parameter& parameter : one->parameters()) {
            EXPECT_EQ(canonical_value(one->name(), parameter, parameter.default_value),
                      parameter.default_value)
                << one->name() << "." << parameter.name;
        }
        EXPECT_EQ(complete(complete(Choice(std::string(one->name()), {}))),
                  complete(Choice(std::string(one->name()), {})));
    }
}

TEST(Complete, FillsInDefaultsInCanonicalOrder) {
    EXPECT_EQ(completed("mbconv"),
              "mbconv(depth=1,kernel=3,expand=6,width=1,group=1,attention=none,act=relu)");
    EXPECT_EQ(completed("mbconv(act=swish,attention=se,kernel=5,depth=2)"),
              "mbconv(depth=2,kernel=5,expand=6,width=1,group=1,attention=se,act=swish)");
    EXPECT_EQ(completed("conv(kernel=5)"), "conv(depth=1,kernel=5,width=1)");
    EXPECT_EQ(completed("identity"), "identity");
}

TEST(Complete, CanonicalisesValues) {
    EXPECT_EQ(completed("conv(depth=02,kernel=3,width=0.50)"), "conv(depth=2,kernel=3,width=0.5)");
    EXPECT_EQ(completed("conv(width=1.0)"), completed("conv"));
    EXPECT_EQ(completed("conv(width=5e-1)"), completed("conv(width=0.5)"));
    EXPECT_EQ(completed("mbconv(group=depthwise)"), completed("mbconv(group=1)"));
}

TEST(Complete, RefusesWithTheNearestSpelling) {
    EXPECT_EQ(refusal("mbcomv"), "unknown layer family 'mbcomv'; did you mean 'mbconv'?");
    EXPECT_THAT(refusal("zzzzzzzz"), HasSubstr("there are identity, conv, mbconv"));
    EXPECT_EQ(refusal("mbconv(kernle=3)"), "mbconv has no parameter 'kernle'; did you mean 'kernel'?");
    EXPECT_EQ(refusal("identity(depth=1)"), "identity has no parameter 'depth'; it has none at all");
    EXPECT_EQ(
        refusal("mbconv(act=swihs)"),
        "mbconv: parameter 'act' is one of relu, relu6, swish, hswish, not 'swihs'; did you mean 'swish'?");
    EXPECT_EQ(refusal("conv(kernel=4)"), "conv: parameter 'kernel' is an odd integer from 1 to 11, not '4'");
    EXPECT_EQ(refusal("mbconv(group=dense)"),
              "mbconv: parameter 'group' is an integer from 1 to 4096 or 'depthwise', not 'dense'");
}

TEST(Complete, RefusesValuesOutOfRangeOrOfAnotherKind) {
    for (const char* text :
         {"mbconv(depth=0)", "mbconv(depth=9)", "mbconv(depth=1.5)", "mbconv(depth=two)", "mbconv(kernel=13)",
          "mbconv(kernel=-3)", "mbconv(expand=0)", "mbconv(expand=13)", "mbconv(width=0)",
          "mbconv(width=1.01)", "mbconv(width=nan)", "mbconv(width=inf)", "mbconv(group=0)",
          "mbconv(attention=SE)", "mbconv(act=none)", "conv(width=4.5)", "conv(depth=99999999999999999999)",
          "conv(kernel=3x)", "conv(width=0.5.1)"}) {
        EXPECT_THAT(refusal(text), HasSubstr("parameter '")) << text;
    }
}

} // namespace
} // namespace tessera::search_spaces
