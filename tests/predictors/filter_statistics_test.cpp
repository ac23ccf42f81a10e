// Moments of filters over images: known answers, merging, scaling.
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "predictors/filter_statistics.h"

namespace tessera::predictors {
namespace {

/// Moments of one image after another.
FilterMoments one_by_one(const std::vector<std::vector<double>>& images, std::int64_t filters,
                         std::size_t from = 0, std::size_t to = SIZE_MAX) {
    FilterMoments moments(filters, static_cast<std::int64_t>(images.front().size()) / filters);
    for (std::size_t i = from; i < std::min(to, images.size()); ++i) {
        FilterMoments image(moments.filters, moments.positions);
        image.images = 1;
        image.mean = images[i];
        moments.merge(image);
    }
    return moments;
}

TEST(FilterMoments, KnownAnswer) {
    // Two filters on two positions, three images. Filter 0 sees 1, 2, 3 at the first position and 0, 0, 6 at
    // the second: mean squares 14/3 and 12, variances 2/3 and 8. Filter 1 is silent.
    const auto filters = one_by_one({{1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 6, 0}}, 2).per_filter();
    ASSERT_EQ(filters.size(), 2U);
    EXPECT_NEAR(filters[0].mean_square, (14.0 / 3 + 12) / 2, 1e-12);
    EXPECT_NEAR(filters[0].variance, (2.0 / 3 + 8) / 2, 1e-12);
    EXPECT_FALSE(filters[0].dead);
    EXPECT_EQ(filters[1].mean_square, 0);
    EXPECT_EQ(filters[1].variance, 0);
    EXPECT_TRUE(filters[1].dead);
}

std::vector<std::vector<double>> random_images(std::size_t count, std::size_t elements, double scale = 1) {
    std::mt19937_64 random(7);
    std::vector<std::vector<double>> images(count, std::vector<double>(elements));
    for (auto& image : images) {
        for (double& x : image) {
            x = scale * std::max(0.0, static_cast<double>(random() % 1000) / 500 - 0.7);
        }
    }
    return images;
}

void expect_equal(const std::vector<FilterStatistic>& a, const std::vector<FilterStatistic>& b,
                  double factor = 1) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_NEAR(factor * a[i].mean_square, b[i].mean_square, 1e-12 * b[i].mean_square) << i;
        EXPECT_NEAR(factor * a[i].variance, b[i].variance, 1e-12 * b[i].mean_square) << i;
    }
}

TEST(FilterMoments, PartsMergeToTheWholeInAnyOrder) {
    const auto images = random_images(31, 12);
    const auto whole = one_by_one(images, 3);
    for (const std::size_t cut : {std::size_t{1}, std::size_t{10}, std::size_t{30}}) {
        auto parts = one_by_one(images, 3, 0, cut);
        parts.merge(one_by_one(images, 3, cut));
        EXPECT_EQ(parts.images, 31);
        expect_equal(parts.per_filter(), whole.per_filter());
        auto turned = one_by_one(images, 3, cut);
        turned.merge(one_by_one(images, 3, 0, cut));
        expect_equal(turned.per_filter(), whole.per_filter());
    }
    auto nothing = FilterMoments(3, 4);
    nothing.merge(FilterMoments(3, 4));
    EXPECT_EQ(nothing.images, 0);
    nothing.merge(whole);
    expect_equal(nothing.per_filter(), whole.per_filter());
}

TEST(FilterMoments, ScaleWithTheSquare) {
    expect_equal(one_by_one(random_images(9, 6), 2).per_filter(),
                 one_by_one(random_images(9, 6, 3), 2).per_filter(), 9);
}

TEST(FilterMoments, LargeMeansLoseNoVariance) {
    std::vector<std::vector<double>> images;
    for (int i = 0; i < 1000; ++i) {
        images.push_back({1e8 + (i % 2 == 0 ? 0.5 : -0.5)});
    }
    EXPECT_NEAR(one_by_one(images, 1).per_filter()[0].variance, 0.25, 1e-6);
}

TEST(FilterMoments, NotANumberStaysOne) {
    const auto filters = one_by_one({{1, 2}, {std::nan(""), 3}}, 2).per_filter();
    EXPECT_TRUE(std::isnan(filters[0].mean_square));
    EXPECT_FALSE(filters[0].dead);
    EXPECT_NEAR(filters[1].mean_square, 6.5, 1e-12);
}

TEST(FilterMoments, BeforeTheFirstImageAllIsZero) {
    EXPECT_EQ(FilterMoments(2, 3).per_filter()[1].mean_square, 0);
    EXPECT_FALSE(FilterMoments(2, 3).per_filter()[1].dead);
    FilterMoments moments(2, 3);
    EXPECT_THROW(moments.merge(FilterMoments(3, 2)), std::invalid_argument);
}

TEST(BranchStatistics, AreMeansOverTheirFilters) {
    const std::vector<FilterStatistic> filters{{2, 1, false}, {0, 0, true}, {5, 4, false}};
    const auto branches = per_branch(filters, {{"3x3", 2}, {"1x1", 1}});
    ASSERT_EQ(branches.size(), 2U);
    EXPECT_EQ(branches[0].branch, "3x3");
    EXPECT_EQ(branches[0].filters, 2);
    EXPECT_DOUBLE_EQ(branches[0].mean_square, 1);
    EXPECT_DOUBLE_EQ(branches[0].variance, 0.5);
    EXPECT_DOUBLE_EQ(branches[0].dead_share, 0.5);
    EXPECT_DOUBLE_EQ(branches[1].mean_square, 5);
    EXPECT_THROW(per_branch(filters, {{"a", 2}}), std::invalid_argument);
    EXPECT_THROW(per_branch(filters, {{"a", 2}, {"b", 2}}), std::invalid_argument);
}

} // namespace
} // namespace tessera::predictors
