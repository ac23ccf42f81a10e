#include "predictors/ranking.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "support/seed.h"

namespace tessera::predictors {
namespace {

using Values = std::vector<double>;

struct Known {
    Values a, b;
    double tau, rho; // scipy.stats.kendalltau and spearmanr, SciPy's defaults
};

const std::vector<Known> known = {
    {{1, 2, 3, 4, 5}, {3, 1, 2, 5, 4}, 0.39999999999999997, 0.6},
    {{1, 1, 2, 2, 3, 3, 4}, {1, 2, 2, 3, 1, 4, 4}, 0.5000000000000001, 0.5566037735849058},
    {{0.71, 0.64, 0.69, 0.75, 0.66, 0.70, 0.73, 0.62},
     {0.70, 0.65, 0.70, 0.74, 0.64, 0.66, 0.74, 0.63},
     0.8153742483272113,
     0.9277781834703689},
    {{5, 4, 3, 2, 1, 1, 1, 2}, {1, 2, 3, 3, 5, 5, 4, 2}, -0.816496580927726, -0.900070320740819},
    {{12, 2, 1, 12, 2}, {1, 4, 7, 1, 0}, -0.4714045207910316, -0.5407380704358752},
    {{5, 3, 4, 5, 3, 4, 5, 1, 0, 1, 1, 5, 5, 0, 2, 4, 0, 4, 0, 2, 4, 1, 2, 1, 4},
     {2, 8, 4, 4, 4, 5, 4, 4, 8, 7, 7, 6, 5, 3, 8, 4, 1, 7, 1, 7, 5, 1, 0, 4, 0},
     0.030891715216826356,
     0.060425507184320416},
};

TEST(Ranking, AgreesWithScipy) {
    for (const Known& k : known) {
        EXPECT_NEAR(kendall_tau_b(k.a, k.b), k.tau, 1e-14);
        EXPECT_NEAR(kendall_tau_b(k.b, k.a), k.tau, 1e-14);
        EXPECT_NEAR(spearman_rho(k.a, k.b), k.rho, 1e-14);
        EXPECT_NEAR(spearman_rho(k.b, k.a), k.rho, 1e-14);
    }
}

/// The definition, over all pairs.
double naive_tau(const Values& a, const Values& b) {
    double sum = 0, free_a = 0, free_b = 0;
    const auto sign = [](double v) { return (v > 0) - (v < 0); };
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            sum += sign(a[i] - a[j]) * sign(b[i] - b[j]);
            free_a += a[i] != a[j] ? 1 : 0;
            free_b += b[i] != b[j] ? 1 : 0;
        }
    }
    return sum / std::sqrt(free_a * free_b);
}

TEST(Ranking, TauEqualsItsDefinitionOnRandomTiedData) {
    support::Rng rng(3);
    for (int repeat = 0; repeat < 500; ++repeat) {
        const std::size_t n = 2 + rng.below(40), levels = 2 + rng.below(30);
        Values a(n), b(n);
        for (std::size_t i = 0; i < n; ++i) {
            a[i] = static_cast<double>(rng.below(levels));
            b[i] = static_cast<double>(rng.below(levels)) + (repeat % 3 == 0 ? a[i] : 0);
        }
        const double expected = naive_tau(a, b), got = kendall_tau_b(a, b);
        if (std::isnan(expected)) {
            EXPECT_TRUE(std::isnan(got));
        } else {
            EXPECT_NEAR(got, expected, 1e-13);
        }
    }
}

TEST(Ranking, OrderAloneMatters) {
    support::Rng rng(5);
    Values a(60), b(60), mapped(60);
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = rng.normal();
        b[i] = a[i] + rng.normal();
        mapped[i] = std::exp(3 * b[i]) - 7;
    }
    EXPECT_EQ(kendall_tau_b(a, b), kendall_tau_b(a, mapped));
    EXPECT_EQ(spearman_rho(a, b), spearman_rho(a, mapped));
    EXPECT_NEAR(kendall_tau_b(a, a), 1, 1e-14);
    for (double& v : mapped) {
        v = -v;
    }
    EXPECT_NEAR(kendall_tau_b(a, mapped), -kendall_tau_b(a, b), 1e-14);
}

TEST(Ranking, LongInputsAreQuick) {
    Values a(200000), b(200000);
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = b[a.size() - 1 - i] = static_cast<double>(i);
    }
    EXPECT_NEAR(kendall_tau_b(a, b), -1, 1e-12); // 2e10 pairs: only n log n ends soon
}

TEST(Ranking, IsUndefinedWithoutVariation) {
    EXPECT_TRUE(std::isnan(kendall_tau_b({}, {})));
    EXPECT_TRUE(std::isnan(kendall_tau_b(Values{1}, Values{2})));
    EXPECT_TRUE(std::isnan(kendall_tau_b(Values{1, 1, 1}, Values{1, 2, 3})));
    EXPECT_TRUE(std::isnan(spearman_rho(Values{1, 2, 3}, Values{4, 4, 4})));
    EXPECT_TRUE(std::isnan(rmse({}, {})));
    EXPECT_TRUE(std::isnan(precision_at(Values{1, 2}, Values{1, 2}, 0)));
}

TEST(Ranking, RmseOfKnownErrors) {
    EXPECT_DOUBLE_EQ(rmse(Values{1, 2, 3}, Values{1, 5, -1}), std::sqrt(25.0 / 3));
    EXPECT_EQ(rmse(Values{0.5}, Values{0.5}), 0);
}

TEST(Ranking, TheBestAreATenthButFiveAtLeast) {
    EXPECT_EQ(top_count(0), 0U);
    EXPECT_EQ(top_count(3), 3U);
    EXPECT_EQ(top_count(12), 5U);
    EXPECT_EQ(top_count(50), 5U);
    EXPECT_EQ(top_count(51), 6U);
    EXPECT_EQ(top_count(1000), 100U);
}

TEST(Ranking, TopTauLooksAtTheTrulyBestOnly) {
    Values truth(100), predicted(100);
    for (std::size_t i = 0; i < 100; ++i) {
        truth[i] = static_cast<double>(i);
        predicted[i] = i < 90 ? truth[i] : 1000 - truth[i]; // right below, reversed among the best ten
    }
    EXPECT_NEAR(top_tau(predicted, truth, 10), -1, 1e-14);
    // Of 12 the best five are 7..11.
    Values few{0, 0, 0, 0, 0, 0, 0, 3, 2, 4, 5, 6}, order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    EXPECT_NEAR(top_tau(few, order, 5), 0.8, 1e-14);
    EXPECT_NEAR(top_tau(Values{1, 2, 3}, Values{4, 5, 6}, 5), 1, 1e-14);
}

TEST(Ranking, PrecisionCountsTheOverlap) {
    const Values predicted{0.9, 0.8, 0.1, 0.7, 0.2}, truth{0.5, 0.1, 0.2, 0.9, 0.8};
    EXPECT_EQ(precision_at(predicted, truth, 1), 0);
    EXPECT_EQ(precision_at(predicted, truth, 2), 0);
    EXPECT_DOUBLE_EQ(precision_at(predicted, truth, 3), 2.0 / 3);
    EXPECT_EQ(precision_at(predicted, truth, 5), 1);
    EXPECT_EQ(precision_at(predicted, truth, 50), 1);
    EXPECT_EQ(precision_at(Values{1, 1, 1}, Values{3, 2, 1}, 2), 1); // ties by position
}

TEST(Ranking, RefusesUnequalLengthsAndNonFiniteValues) {
    const Values two{1, 2}, three{1, 2, 3}, bad{1, std::numeric_limits<double>::quiet_NaN()};
    const Values infinite{1, std::numeric_limits<double>::infinity()};
    for (const auto& [a, b] :
         std::vector<std::pair<Values, Values>>{{two, three}, {two, bad}, {infinite, two}}) {
        EXPECT_THROW(kendall_tau_b(a, b), std::invalid_argument);
        EXPECT_THROW(spearman_rho(a, b), std::invalid_argument);
        EXPECT_THROW(rmse(a, b), std::invalid_argument);
        EXPECT_THROW(top_tau(a, b, 1), std::invalid_argument);
        EXPECT_THROW(precision_at(a, b, 1), std::invalid_argument);
    }
}

} // namespace
} // namespace tessera::predictors
