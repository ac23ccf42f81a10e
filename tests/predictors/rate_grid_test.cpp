#include "predictors/rate_grid.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tessera::predictors {
namespace {

using Rates = std::vector<double>;

/// The smallest score at `best`; `asked` gathers the rates that were tried, in their order.
double search(double best, Rates& asked) {
    return best_rate([&](const Rates& rates) {
        Rates scores;
        for (const double rate : rates) {
            asked.push_back(rate);
            scores.push_back(std::abs(std::log(rate / best)));
        }
        return scores;
    });
}

TEST(RateGrid, StaysWithinTheFourWhereNotTheLargestWins) {
    for (const double best : {3e-4, 1e-3, 3e-3}) {
        Rates asked;
        EXPECT_EQ(search(best, asked), best);
        EXPECT_EQ(asked, (Rates{3e-4, 1e-3, 3e-3, 1e-2}));
    }
}

TEST(RateGrid, GoesOnWhileTheLargestWins) {
    Rates asked;
    EXPECT_EQ(search(1e-2, asked), 1e-2);
    EXPECT_EQ(asked, (Rates{3e-4, 1e-3, 3e-3, 1e-2, 3e-2}));
    for (const double best : {3e-2, 1e-1}) {
        asked.clear();
        EXPECT_EQ(search(best, asked), best);
        EXPECT_EQ(asked, (Rates{3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1}));
    }
}

TEST(RateGrid, TakesTheSmallestOfEquals) {
    EXPECT_EQ(best_rate([](const Rates& rates) { return Rates(rates.size(), 1); }), 3e-4);
}

} // namespace
} // namespace tessera::predictors
