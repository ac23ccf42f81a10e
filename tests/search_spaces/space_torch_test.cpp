// Search spaces read from YAML: sizes, order of choices, rules, genomes, hashes.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using testing::awkward_space;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::space_of;

/// A space of one block (16 channels in, 16 x 16) with these lines in it.
SearchSpace one_block(const std::string& lines) {
    return space_of("input: [3, 16, 16]\nclasses: 10\nblocks: [{name: b, channels: 16, " + lines + "}]");
}

std::vector<std::string> texts(const SearchSpace& space) {
    std::vector<std::string> result;
    for (const Choice& choice : space.blocks().front().choices) {
        result.push_back(choice.text());
    }
    return result;
}

TEST(SearchSpace, DonnaAxesMake384ChoicesABlock) {
    const SearchSpace space = one_block(testing::donna_axes);
    EXPECT_EQ(space.choice_count(), 384);
    EXPECT_EQ(space.size(), 384.0);
    const std::vector<std::string> all = texts(space);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 384U);
    for (const Choice& choice : space.blocks().front().choices) {
        EXPECT_EQ(choice.text_of("attention") == "se", choice.text_of("act") == "swish") << choice.text();
        EXPECT_EQ(complete(choice), choice);
    }
}

TEST(SearchSpace, ShippedConfigurationsAreDonnaSized) {
    for (const char* file : {"donna-imagenet.yaml", "donna-cifar.yaml"}) {
        const auto document = support::Document::load(std::string(TESSERA_SOURCE_DIR "/configs/") + file);
        const SearchSpace space = SearchSpace::read(document.root().section("space", "the search space"));
        EXPECT_EQ(space.blocks().size(), 5U) << file;
        EXPECT_EQ(space.choice_count(), 5 * 384) << file;
        EXPECT_DOUBLE_EQ(space.size(), 384.0 * 384 * 384 * 384 * 384) << file;
    }
}

TEST(SearchSpace, LastParameterChangesFastestAndTheReferenceComesFirst) {
    EXPECT_THAT(texts(one_block("choices: [conv: {kernel: [5, 3], depth: [1, 2]}, identity: ]")),
                ElementsAre("conv(depth=1,kernel=5,width=1)", "conv(depth=1,kernel=3,width=1)",
                            "conv(depth=2,kernel=5,width=1)", "conv(depth=2,kernel=3,width=1)", "identity"));
    EXPECT_THAT(
        texts(one_block(
            "choices: [conv: {kernel: [5, 3], depth: [1, 2]}, identity: ], reference: conv(depth=2)")),
        ElementsAre("conv(depth=2,kernel=3,width=1)", "conv(depth=1,kernel=5,width=1)",
                    "conv(depth=1,kernel=3,width=1)", "conv(depth=2,kernel=5,width=1)", "identity"));
}

TEST(SearchSpace, EqualChoicesCountOnce) {
    EXPECT_THAT(
        texts(
            one_block("choices: [conv: {width: [1, 1.0, 0.5]}, conv: {width: 0.50}, conv: , identity: {}]")),
        ElementsAre("conv(depth=1,kernel=3,width=1)", "conv(depth=1,kernel=3,width=0.5)", "identity"));
}

TEST(SearchSpace, RulesExcludeWhatMatchesAllOfTheirEntries) {
    const std::string axes =
        "choices: [conv: {depth: [1, 2], kernel: [3, 5]}, mbconv: {depth: [1, 2]}, identity: ], ";
    EXPECT_EQ(one_block(axes + "unless: []").choice_count(), 7);
    EXPECT_EQ(one_block(axes + "unless: [{depth: 2, kernel: 5}]").choice_count(), 6);
    EXPECT_EQ(one_block(axes + "unless: [{depth: 2}]").choice_count(), 4);
    EXPECT_EQ(one_block(axes + "unless: [{depth: 2, family: mbconv}]").choice_count(), 6);
    EXPECT_EQ(one_block(axes + "unless: [{depth: [1, 2], family: [mbconv, conv]}]").choice_count(), 1);
    EXPECT_EQ(
        one_block(axes + "unless: [{depth: 2, kernel: 5}, {family: identity}, {act: relu}]").choice_count(),
        3);
    // Of these families only conv has a kernel of 5 and a width of 1.0; aliases and spellings are understood.
    EXPECT_EQ(one_block(axes + "unless: [{kernel: 5, width: 1.0}]").choice_count(), 5);
    EXPECT_EQ(one_block(axes + "unless: [{group: depthwise}]").choice_count(), 5);
}

TEST(SearchSpace, BlocksMayShareTheirChoicesByAnchor) {
    const SearchSpace space = space_of(R"(
input: [3, 8, 8]
classes: 2
blocks:
  - {name: a, channels: 4, choices: &all [conv: {depth: [1, 2]}]}
  - {name: b, channels: 4, choices: *all, reference: conv(depth=2)}
)");
    EXPECT_EQ(space.choice_count(), 4);
    EXPECT_EQ(space.reference().text(), "conv(depth=1,kernel=3,width=1) | conv(depth=2,kernel=3,width=1)");
}

TEST(SearchSpace, ShapesFollowTheStrides) {
    const SearchSpace space = awkward_space();
    EXPECT_EQ(space.blocks()[0].site.input, (Shape{12, 10, 8}));
    EXPECT_EQ(space.blocks()[0].site.output(), (Shape{18, 5, 4}));
    EXPECT_EQ(space.blocks()[1].site.output(), (Shape{18, 5, 4}));
    EXPECT_EQ(space.stem().act, "swish");
    EXPECT_EQ(space.head().dropout, 0.2);
    EXPECT_EQ(space.size(), 69.0 * 3.0);
}

TEST(SearchSpace, GenomesAndArchitecturesAreOneToOne) {
    const SearchSpace space = awkward_space();
    for (int i = 0; i < 69; ++i) {
        const std::vector<int> genome{i, i % 3};
        EXPECT_EQ(space.genome(space.architecture(genome)), genome);
    }
    EXPECT_EQ(space.genome(space.reference()), (std::vector<int>{0, 0}));
    EXPECT_EQ(space.genome(Architecture::parse("identity | conv")),
              (std::vector<int>{68, 2})); // defaults left out
    EXPECT_EQ(space.index_of(1, Choice::parse("conv")), 2);
}

TEST(SearchSpace, RefusesWhatIsNotInIt) {
    const SearchSpace space = awkward_space();
    const auto refusal = [&](const std::string& text) {
        return message_of([&] { space.genome(Architecture::parse(text)); });
    };
    EXPECT_EQ(refusal("identity"), "an architecture of 1 blocks for a space of 2 blocks");
    EXPECT_EQ(refusal("identity | conv(kernel=5)"),
              "block 'b' has no choice conv(kernel=5); the nearest is conv(depth=1,kernel=3,width=1)");
    EXPECT_THAT(refusal("identity | conv(kernal=5)"), HasSubstr("did you mean 'kernel'?"));
    EXPECT_THAT(message_of([&] { space.architecture(std::vector<int>{0}); }), HasSubstr("1 numbers"));
    EXPECT_THAT(message_of([&] {
                    space.architecture(std::vector<int>{69, 0});
                }),
                HasSubstr("choices 0 to 68, not 69"));
    EXPECT_THAT(message_of([&] { space.architecture(std::vector<int>{0, -1}); }), HasSubstr("not -1"));
}

TEST(SearchSpace, SkeletonHashIgnoresChoicesAndSeesShapes) {
    const auto hash = [](const std::string& changes, const std::string& choice) {
        return space_of("input: [3, 8, 8]\nclasses: 2\n" + changes +
                        "blocks: [{name: a, channels: 4, choices: [" + choice + "]}]")
            .skeleton_hash();
    };
    const std::set<std::string> all{hash("", "identity: "), hash("stem: {channels: 8}\n", "identity: "),
                                    hash("stem: {act: swish}\n", "identity: "),
                                    hash("head: {channels: 8}\n", "identity: ")};
    EXPECT_EQ(all.size(), 4U);
    EXPECT_EQ(hash("", "identity: "), hash("", "conv: {depth: [1, 2]}"));
    EXPECT_EQ(hash("", "identity: "), hash("head: {dropout: 0.5}\nname: other\n", "identity: "));
    EXPECT_EQ(hash("", "identity: "), "ba686914a2504f67");
}

TEST(SearchSpace, HashSeesEveryChoiceWhateverItsPlace) {
    const auto hash = [](const std::string& choices, const std::string& stem = "") {
        return space_of("input: [3, 8, 8]\nclasses: 2\n" + stem +
                        "blocks: [{name: a, channels: 4, choices: [" + choices + "]}]")
            .hash();
    };
    const std::set<std::string> all{hash("identity: "), hash("identity: , conv: "), hash("conv: "),
                                    hash("identity: ", "stem: {channels: 8}\n")};
    EXPECT_EQ(all.size(), 4U);
    EXPECT_EQ(hash("identity: , conv: "), hash("conv: , identity: "));
}

TEST(SearchSpace, EveryKeyIsListed) {
    const auto document = support::Document::parse("input: [3, 8, 8]\nclasses: 2\nblocks: [{name: a, "
                                                   "channels: 4, choices: [conv: ], unless: [{depth: 2}]}]",
                                                   "s.yaml");
    SearchSpace::read(document.root());
    std::vector<std::string> paths;
    for (const support::KeyInfo& key : document.keys()) {
        paths.push_back(key.path);
    }
    EXPECT_THAT(paths, ::testing::IsSupersetOf({"name", "input", "classes", "stem", "stem.channels",
                                                "stem.kernel", "stem.stride", "stem.act", "blocks",
                                                "blocks[].name", "blocks[].channels", "blocks[].stride",
                                                "blocks[].choices", "blocks[].unless", "blocks[].reference",
                                                "head", "head.channels", "head.act", "head.dropout"}));
    for (const support::KeyInfo& key : document.keys()) {
        EXPECT_NE(key.meaning, "") << key.path;
    }
}

} // namespace
} // namespace tessera::search_spaces
