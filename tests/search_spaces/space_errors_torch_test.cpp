// Everything a configuration of a search space can get wrong, with the place that the message names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

using support::testing::message_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string head = "input: [3, 8, 8]\nclasses: 2\n";

struct Wrong {
    std::string yaml, where, what;
};

void expect_refused(const std::vector<Wrong>& all) {
    for (const Wrong& wrong : all) {
        const std::string message = message_of([&] { testing::space_of(wrong.yaml); });
        EXPECT_THAT(message, StartsWith(wrong.where + ": error: ")) << wrong.yaml;
        EXPECT_THAT(message, HasSubstr(wrong.what)) << wrong.yaml;
    }
}

TEST(SpaceErrors, InputStemAndHead) {
    const std::string blocks = "\nblocks: [{name: a, channels: 4, choices: [identity: ]}]";
    expect_refused({
        {"classes: 2" + blocks, "s.yaml:1:1", "input: required"},
        {"input: [3, 8]\nclasses: 2" + blocks, "s.yaml:1:1", "three sizes are needed, not 2"},
        {"input: [3, 8, 8, 8]\nclasses: 2" + blocks, "s.yaml:1:1", "not 4"},
        {"input: [3, 8193, 8]\nclasses: 2" + blocks, "s.yaml:1:1", "at most 8192"},
        {"input: [65537, 8, 8]\nclasses: 2" + blocks, "s.yaml:1:9", "65536"},
        {"input: [3, 0, 8]\nclasses: 2" + blocks, "s.yaml:1:12", "input"},
        {"input: [3, 8, 8]" + blocks, "s.yaml:1:1", "classes: required"},
        {"input: [3, 8, 8]\nclasses: 0" + blocks, "s.yaml:2:10", "classes"},
        {head + "stem: {kernel: 4}" + blocks, "s.yaml:3:8", "4 is even"},
        {head + "stem: {kernel: 13}" + blocks, "s.yaml:3:16", "1..11"},
        {head + "stem: {channels: 0}" + blocks, "s.yaml:3:18", "stem.channels"},
        {head + "stem: {channels: 99999}" + blocks, "s.yaml:3:18", "stem.channels"},
        {head + "stem: {stride: 9}" + blocks, "s.yaml:3:8", "up to 8, not 9; take more layers"},
        {head + "stem: {kind: patch, stride: 65}" + blocks, "s.yaml:3:29", "1..64"},
        {head + "stem: {act: swhish}" + blocks, "s.yaml:3:13", "swish"},
        {head + "stem: {chanels: 4}" + blocks, "s.yaml:3:8", "did you mean \"channels\"?"},
        {head + "head: {dropout: 1}" + blocks, "s.yaml:3:17", "head.dropout"},
        {head + "head: {channels: -1}" + blocks, "s.yaml:3:18", "head.channels"},
        {head + "block: 1" + blocks, "s.yaml:3:1", "did you mean \"blocks\"?"},
    });
}

TEST(SpaceErrors, Blocks) {
    const std::string choices = "choices: [identity: ]}]";
    expect_refused({
        {head + "blocks: []", "s.yaml:3:1", "at least one block"},
        {head, "s.yaml:1:1", "at least one block"},
        {head + "blocks: [{channels: 4, " + choices, "s.yaml:3:10", "name: required"},
        {head + "blocks: [{name: a, " + choices, "s.yaml:3:10", "channels: required"},
        {head + "blocks: [{name: a b, channels: 4, " + choices, "s.yaml:3:11", "letters, digits"},
        {head + "blocks: [{name: ../a, channels: 4, " + choices, "s.yaml:3:11", "letters, digits"},
        {head + "blocks:\n - {name: a, channels: 4, choices: [identity: ]}\n - {name: a, channels: 4, "
                "choices: [identity: ]}",
         "s.yaml:5:5", "there already is a block 'a'"},
        {head + "blocks: [{name: stem, channels: 4, " + choices, "s.yaml:3:11", "a part of every network"},
        {head + "blocks: [{name: a, channels: 65537, " + choices, "s.yaml:3:30", "channels"},
        {head + "blocks: [{name: a, channels: 4, stride: 0, " + choices, "s.yaml:3:41", "stride"},
        {head + "stem: {stride: 8}\nblocks: [{name: a, channels: 4, stride: 2, " + choices, "s.yaml:4:33",
         "1 x 1"},
        {head + "blocks: [{name: a, channels: 4, strides: 2, " + choices, "s.yaml:3:33",
         "did you mean \"stride\"?"},
    });
}

TEST(SpaceErrors, Choices) {
    const std::string start = head + "blocks:\n  - name: a\n    channels: 4\n";
    expect_refused({
        {start, "s.yaml:4:5", "at least one choice"},
        {start + "    choices: []", "s.yaml:6:5", "at least one choice"},
        {start + "    choices: [{}]", "s.yaml:6:15", "each choice is one family"},
        {start + "    choices: [{conv: , identity: }]", "s.yaml:6:24", "each choice is one family"},
        {start + "    choices:\n      - mbcomv: {depth: 1}", "s.yaml:7:9", "did you mean 'mbconv'?"},
        {start + "    choices:\n      - mbconv: {depht: 1}", "s.yaml:7:18", "did you mean 'depth'?"},
        {start + "    choices:\n      - mbconv: {depth: [1, 9]}", "s.yaml:7:18",
         "an integer from 1 to 8, not '9'"},
        {start + "    choices:\n      - mbconv: {kernel: [3, 4]}", "s.yaml:7:18", "an odd integer"},
        {start + "    choices:\n      - mbconv: {act: gelu}", "s.yaml:7:18",
         "one of relu, relu6, swish, hswish"},
        {start + "    choices:\n      - mbconv: {depth: []}", "s.yaml:7:18", "the list is empty"},
        {start + "    choices:\n      - identity: {depth: 1}", "s.yaml:7:20",
         "identity has no parameter 'depth'"},
        {start + "    choices:\n      - mbconv: {group: 8, expand: 1, depth: 2}", "s.yaml:7:9",
         "multiple of group 8"},
        {start + "    reference: conv\n    choices: [identity: ]", "s.yaml:6:5",
         "conv(depth=1,kernel=3,width=1) is not among the block's 1 choices"},
        {start + "    reference: conv(\n    choices: [identity: ]", "s.yaml:6:5", "character 6"},
        {start + "    reference: conv(deep=1)\n    choices: [identity: ]", "s.yaml:6:5",
         "no parameter 'deep'"},
    });
}

TEST(SpaceErrors, Rules) {
    const std::string start =
        head + "blocks:\n  - name: a\n    channels: 4\n    choices: [conv: {depth: [1, 2]}, identity: ]\n";
    expect_refused({
        {start + "    unless: [{deep: 1}]", "s.yaml:7:15", "no parameter 'deep'"},
        {start + "    unless: [{depth: 9}]", "s.yaml:7:15", "an integer from 1 to 8, not '9'"},
        {start + "    unless: [{depth: []}]", "s.yaml:7:15", "has no value"},
        {start + "    unless: [{family: mbconv}]", "s.yaml:7:15", "none of the block's choices is a mbconv"},
        {start + "    unless: [{family: mbcon}]", "s.yaml:7:15", "did you mean 'mbconv'?"},
        {start + "    unless: [{family: identity, depth: 1}]", "s.yaml:7:33",
         "identity has no parameter 'depth'"},
        {start + "    unless: [{}]", "s.yaml:7:14", "would exclude everything"},
        {start + "    unless: [{depth: [1, 2]}, {family: identity}]", "s.yaml:7:5", "exclude every choice"},
    });
}

TEST(SpaceErrors, AbsurdSizes) {
    std::string axis = "[0.1";
    for (int i = 0; i < 899; ++i) {
        axis += fmt::format(", {:.3f}", 0.101 + 0.001 * i);
    }
    expect_refused({
        {head + "blocks: [{name: a, channels: 4,\n  choices: [mbconv: {width: " + axis +
             "], depth: [1, 2, 3, 4, 5, 6, 7, 8], kernel: [1, 3, 5, 7, 9, 11], expand: [1, 2, 3, 4, 5, 6, 7, "
             "8, 9, 10, 11, 12], "
             "act: [relu, swish]}]}]",
         "s.yaml:4:3", "more than 1000000 combinations"},
        {"input: [65536, 8192, 8192]\nclasses: 2\nblocks: [{name: a, channels: 65536,\n choices: [mbconv: "
         "{expand: 12, depth: 8}]}]",
         "s.yaml:4:12", "too large"},
    });
}

} // namespace
} // namespace tessera::search_spaces
