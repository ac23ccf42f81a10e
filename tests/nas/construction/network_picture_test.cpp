// Pictures of constructed networks.
#include "nas/construction/network_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nas/construction/networks.h"

namespace tessera::nas::construction {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

PictureOptions options_of(const EnvelopeNetwork& network, const std::string& title) {
    return {title, {3, 32, 32}, {3, 64, 64}, network_costs(network, {3, 32, 32}, 10), "any <head>"};
}

TEST(NetworkPicture, ShowsEveryBranchStageAndSkip) {
    const EnvelopeNetwork network = published();
    const std::string svg = network_picture(network, options_of(network, "published"));
    EXPECT_THAT(svg, HasSubstr("18 + 18 + 12 branches"));
    EXPECT_THAT(svg, HasSubstr("10 942 475 parameters"));
    EXPECT_THAT(svg, HasSubstr("a 64 × 64 image"));
    EXPECT_THAT(svg, HasSubstr("any &lt;head&gt;"));
    for (const char* part : {"Stage 0", "Stage 1", "Stage 2", "w1", "w2", "s1c6", "128 wide", "512 wide"}) {
        EXPECT_THAT(svg, HasSubstr(part));
    }
    EXPECT_EQ(count_of(svg, ">7x7sep<"), 1 + 11U); // the column's head, then the cells that have it
    // A line with a head for every skip; two in the legend.
    std::size_t skips = 0;
    for (const auto& entry : network.entries) {
        const Cell* const cell = std::get_if<Cell>(&entry);
        skips += cell != nullptr ? cell->skips.size() : 0;
    }
    EXPECT_EQ(skips, 55U);
    EXPECT_EQ(count_of(svg, " to s1c5</title>"), 7U);
    EXPECT_EQ(count_of(svg, "</title></path>"), skips);
    EXPECT_EQ(svg, network_picture(network, options_of(network, "published")));
}

TEST(NetworkPicture, TitlesAreEscaped) {
    const std::string svg = network_picture(published(), options_of(published(), "<b> & \"x\""));
    EXPECT_THAT(svg, Not(HasSubstr("<b>")));
    EXPECT_THAT(svg, HasSubstr("&lt;b&gt; &amp;"));
}

} // namespace
} // namespace tessera::nas::construction
