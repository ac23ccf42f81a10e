#include "nas/construction/network_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/nas/construction/networks.h"

namespace tessera::nas::construction {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text) {
    try {
        parse_network(text, "file.txt");
    } catch (const support::UsageError& error) { return error.what(); }
    return "";
}

TEST(NetworkText, GoesThereAndBack) {
    EXPECT_EQ(network_text(published()), published_text);
    EXPECT_EQ(parse_network("  " + published_text + "\n", "x"), published());
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        GrowthOptions options = seed % 2 ? ablation_options() : published_options();
        options.limited = seed % 4 > 1;
        options.iterations = static_cast<int>(1 + seed % 5);
        const EnvelopeNetwork network = constructed(options, seed);
        EXPECT_EQ(parse_network(network_text(network), "x"), network);
    }
}

TEST(NetworkText, EveryShorterTextAndEveryChangedCharacterIsRefusedOrAnotherNetwork) {
    for (std::size_t length = 0; length < published_text.size(); ++length) {
        const std::string text = published_text.substr(0, length);
        try {
            EXPECT_NE(parse_network(text, "x"), published());
        } catch (const support::UsageError&) {}
        for (const char c : std::string(" +[],0-x")) {
            std::string changed = published_text;
            changed[length] = c;
            try {
                EXPECT_EQ(parse_network(changed, "x") == published(), changed == published_text) << changed;
            } catch (const support::UsageError&) { EXPECT_NE(changed, published_text); }
        }
    }
}

TEST(NetworkText, SaysWhatIsWrongAndWhere) {
    const std::string head = "envelope_network(width=8,kernel=3,limited=false)";
    EXPECT_EQ(refusal(head + " 1x1"), "");
    EXPECT_EQ(refusal("network"),
              "file.txt: expected 'envelope_network(width=' (character 1 of the network)");
    EXPECT_THAT(refusal(head + " 1x1 widner 1x1"),
                HasSubstr("'widner' is no branch and no widener; did you mean 'widener'? (character 54"));
    EXPECT_THAT(refusal(head + " 1x1+"), HasSubstr("'' is no branch"));
    EXPECT_THAT(refusal(head + " 1x1 1x1 1x1[1"), HasSubstr("expected ']'"));
    EXPECT_THAT(refusal(head + " 1x1 1x1 1x1[one]"), HasSubstr("expected an integer"));
    EXPECT_THAT(refusal(head + " 1x1 1x1 1x1[99999999999]"), HasSubstr("expected an integer"));
    EXPECT_THAT(refusal(head + " 1x1  1x1"), HasSubstr("'' is no branch"));
    EXPECT_THAT(refusal(head + " 1x1 1x1 1x1[01]"),
                HasSubstr("is to be written " + head + " 1x1 1x1 1x1[1]"));
    EXPECT_THAT(refusal(head), HasSubstr("file.txt: stage 0 of the network has no layers"));
    EXPECT_THAT(refusal("envelope_network(width=8,kernel=3,limited=no) 1x1"), HasSubstr("expected 'false)'"));
}

} // namespace
} // namespace tessera::nas::construction
