#include "training/datasets/split.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/training/data_helpers.h"

namespace tessera::training {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsSubsetOf;
using ::testing::UnorderedElementsAreArray;

/// Ten of class 0, four of class 1, one of class 2.
torch::Tensor labels() { return torch::tensor({0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0}, torch::kInt64); }

std::vector<std::int64_t> count(const std::vector<std::int64_t>& rows) {
    std::vector<std::int64_t> counts(3);
    for (const auto row : rows) {
        ++counts[static_cast<std::size_t>(labels()[row].item<std::int64_t>())];
    }
    return counts;
}

TEST(BalancedRows, TakesAsManyOfEachClassAsThereAre) {
    EXPECT_THAT(count(balanced_rows(labels(), 3, 1)), ElementsAre(1, 1, 1));
    EXPECT_THAT(count(balanced_rows(labels(), 6, 1)), ElementsAre(3, 2, 1));
    EXPECT_THAT(count(balanced_rows(labels(), 12, 1)), ElementsAre(7, 4, 1));
    EXPECT_EQ(balanced_rows(labels(), 0, 1).size(), 15U);
    EXPECT_EQ(balanced_rows(labels(), 99, 1).size(), 15U);
}

TEST(BalancedRows, ASmallerLimitIsASubset) {
    EXPECT_THAT(balanced_rows(labels(), 4, 1), IsSubsetOf(balanced_rows(labels(), 9, 1)));
}

TEST(Split, HoldsOutTheShareOfEveryClassButNeverAllOfIt) {
    const auto [kept, held_out] = stratified_split(labels(), 0.25, 1);
    EXPECT_THAT(count(held_out), ElementsAre(3, 1, 0)); // 2.5 rounds up
    EXPECT_THAT(count(kept), ElementsAre(7, 3, 1));
    auto all = kept;
    all.insert(all.end(), held_out.begin(), held_out.end());
    EXPECT_THAT(all, UnorderedElementsAreArray(balanced_rows(labels(), 0, 1)));
    EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
}

TEST(Split, DependsOnTheSeedAlone) {
    const auto [kept, held_out] = stratified_split(labels(), 0.4, 5);
    EXPECT_EQ(held_out, stratified_split(labels(), 0.4, 5).second);
    EXPECT_NE(held_out, stratified_split(labels(), 0.4, 6).second);
    EXPECT_THAT(held_out, ElementsAre(0, 1, 5, 7, 11, 12)); // on every machine
}

/// `count` rows of one class.
torch::Tensor one_class(std::size_t count) {
    return torch::zeros({static_cast<std::int64_t>(count)}, torch::kInt64);
}

std::vector<std::uint64_t> names(std::size_t count) {
    std::vector<std::uint64_t> result;
    for (std::size_t i = 0; i < count; ++i) {
        result.push_back(1000 + i);
    }
    return result;
}

TEST(SplitByName, HoldsOutAtLeastOneOfAClassThatIsLargeEnough) {
    const auto held_out = [](std::size_t rows, double share, std::int64_t enough) {
        return split_by_name(one_class(rows), names(rows), share, 1, enough).second.size();
    };
    EXPECT_EQ(held_out(100, 0.1, 3), 10U);
    EXPECT_EQ(held_out(3, 0.1, 3), 1U);
    EXPECT_EQ(held_out(2, 0.1, 3), 0U);
    EXPECT_EQ(held_out(2, 0.1, 2), 1U);
    EXPECT_EQ(held_out(1, 0.9, 1), 0U); // never all of them
    EXPECT_EQ(held_out(2, 0.9, 1), 1U);
}

TEST(SplitByName, DependsOnNamesAndSeedAlone) {
    const auto rows = names(40);
    auto reversed = rows;
    std::reverse(reversed.begin(), reversed.end());
    const auto chosen = [&](const std::vector<std::uint64_t>& of, std::uint64_t seed) {
        std::vector<std::uint64_t> held_out;
        for (const auto row : split_by_name(one_class(of.size()), of, 0.25, seed, 1).second) {
            held_out.push_back(of[static_cast<std::size_t>(row)]);
        }
        std::sort(held_out.begin(), held_out.end());
        return held_out;
    };
    const auto before = chosen(rows, 1);
    EXPECT_EQ(before.size(), 10U);
    EXPECT_EQ(before, chosen(reversed, 1));
    EXPECT_NE(before, chosen(rows, 2));
    // One more: at most one of the others changes sides.
    for (std::uint64_t extra = 0; extra < 20; ++extra) {
        auto more = rows;
        more.insert(more.begin(), extra);
        auto after = chosen(more, 1);
        std::erase(after, extra);
        std::vector<std::uint64_t> moved;
        std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(),
                                      std::back_inserter(moved));
        EXPECT_LE(moved.size(), 1U);
    }
}

TEST(Normalisation, OfKnownPixels) {
    auto images = torch::zeros({2, 2, 1, 2}, torch::kUInt8);
    images.select(1, 0)[1].fill_(255); // half 0, half 255
    images.select(1, 1).fill_(51);     // constant
    const auto found = measure_normalisation(images);
    EXPECT_DOUBLE_EQ(found.mean[0], 0.5);
    EXPECT_DOUBLE_EQ(found.deviation[0], 0.5);
    EXPECT_DOUBLE_EQ(found.mean[1], 0.2);
    EXPECT_DOUBLE_EQ(found.deviation[1], 1.0 / 255);
}

} // namespace
} // namespace tessera::training
