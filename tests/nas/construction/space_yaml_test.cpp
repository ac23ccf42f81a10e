#include "nas/construction/space_yaml.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/nas/construction/networks.h"

namespace tessera::nas::construction {
namespace {

using O = Operator;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(SpaceYaml, SomeBlocksOfThePublishedNetwork) {
    const std::string text = space_yaml(published(), 0, 2);
    EXPECT_THAT(text, HasSubstr("  - name: s0c3\n"
                                "    channels: 128\n"
                                "    skips: [s0c0]\n"
                                "    reference: \"envelope(branches=3x3+5x5)\"\n"
                                "    choices:\n"
                                "      - envelope: {branches: 3x3+5x5, width: [1, 0.5, 0.25]}\n"
                                "      - envelope: {branches: [5x5, 3x3, 1x1, 3x3sep, 5x5sep, 7x7sep, "
                                "1x1+3x3+3x3sep+5x5+5x5sep+7x7sep]}\n"));
    EXPECT_THAT(text, HasSubstr("  - {name: w1, channels: 254, stride: 2, reference: widener, "
                                "choices: [widener: {}]}\n"));
    EXPECT_THAT(text, HasSubstr("skips: [s0c0, s0c6, w1]\n")); // of s1c1
}

TEST(SpaceYaml, BlocksAreTheEntriesAndSkipsNameEarlierOnes) {
    const EnvelopeNetwork network = published();
    const YAML::Node blocks = YAML::Load(space_yaml(network));
    const auto names = entry_names(network);
    const auto sizes = layout(network);
    ASSERT_EQ(blocks.size(), network.entries.size());
    std::set<std::string> earlier;
    for (std::size_t i = 0; i < names.size(); ++i) {
        EXPECT_EQ(blocks[i]["name"].as<std::string>(), names[i]);
        EXPECT_EQ(blocks[i]["channels"].as<std::int64_t>(), sizes[i + 1].output.channels);
        if (const Cell* const cell = network.cell(static_cast<int>(i) + 1)) {
            const YAML::Node skips = blocks[i]["skips"];
            ASSERT_EQ(skips ? skips.size() : 0, cell->skips.size());
            for (std::size_t k = 0; k < cell->skips.size(); ++k) {
                const auto skip = skips[k];
                EXPECT_TRUE(earlier.contains(skip.as<std::string>()));
            }
            const std::string branches = branch_text(cell->branches);
            EXPECT_EQ(blocks[i]["reference"].as<std::string>(), "envelope(branches=" + branches + ")");
            EXPECT_EQ(blocks[i]["choices"][0]["envelope"]["branches"].as<std::string>(), branches);
            EXPECT_TRUE(blocks[i]["choices"][1]["envelope"]["branches"].IsSequence());
        } else {
            EXPECT_EQ(blocks[i]["stride"].as<int>(), 2);
            EXPECT_TRUE(blocks[i]["choices"][0]["widener"].IsMap());
        }
        earlier.insert(names[i]);
    }
}

TEST(SpaceYaml, OtherBranchesAreDistinctAndNotTheCellsOwn) {
    for (unsigned bits = 1; bits < 64; ++bits) {
        std::vector<O> own;
        for (const O branch : all_operators) {
            if (bits >> static_cast<unsigned>(branch) & 1U) {
                own.push_back(branch);
            }
        }
        const auto others = other_branches(own, 12);
        const std::set<std::vector<O>> distinct(others.begin(), others.end());
        EXPECT_EQ(distinct.size(), others.size());
        EXPECT_FALSE(distinct.contains(own));
        EXPECT_EQ(distinct.contains({all_operators.begin(), all_operators.end()}), own.size() < 6);
        const std::size_t expected[] = {0, 6, 7, 10, 11, 12, 12};
        EXPECT_EQ(others.size(), expected[own.size()]) << branch_text(own);
    }
    EXPECT_THAT(other_branches({O::conv1}, 5),
                ElementsAre(std::vector{O::conv3}, std::vector{O::separable3}, std::vector{O::conv5},
                            std::vector{O::separable5}, std::vector{O::separable7}));
}

} // namespace
} // namespace tessera::nas::construction
