#include "support/config_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tessera::support {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> texts(const std::string& before, const std::string& after) {
    std::vector<std::string> result;
    for (const KeyChange& change : differences(before, after, "teach")) {
        result.push_back(change.text());
    }
    return result;
}

TEST(ConfigDifference, EqualTextsDifferInNothing) {
    EXPECT_THAT(texts("epochs: 3\nclip: 1\n", "clip: 1\nepochs: 3\n"), IsEmpty()) << "order does not matter";
    EXPECT_THAT(texts("", ""), IsEmpty());
}

TEST(ConfigDifference, NamesKeysWithBothValues) {
    EXPECT_THAT(
        texts("epochs: 12\naugment: {pad: 4, flip: true}", "epochs: 16\naugment: {pad: 2, flip: true}"),
        ElementsAre("teach.epochs: 12 -> 16", "teach.augment.pad: 4 -> 2"));
}

TEST(ConfigDifference, NamesWhatCameAndWent) {
    EXPECT_THAT(texts("a: 1\nb: [1, 2]", "b: [1, 2, 3]\nc: x"),
                ElementsAre("teach.b[2]: none -> 3", "teach.c: none -> x", "teach.a: 1 -> none"));
}

TEST(ConfigDifference, TextsThatAreNoMappingsAreOneValue) {
    EXPECT_THAT(texts("12", "13"), ElementsAre("teach: 12 -> 13"));
    EXPECT_THAT(texts("{a", "{b"), ElementsAre("teach: {a -> {b"));
}

} // namespace
} // namespace tessera::support
