#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "nas/search/front.h"
#include "nas/search/search.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

std::vector<Objective> minimized(std::size_t count) { return std::vector<Objective>(count); }
Scaling unit(std::size_t count) { return {std::vector<double>(count, 0.0), std::vector<double>(count, 1.0)}; }

std::vector<Candidate> points(const std::vector<std::vector<double>>& values) {
    std::vector<Candidate> all;
    for (const auto& v : values) {
        all.push_back({{}, v, 0});
    }
    return all;
}

TEST(Hypervolume, KnownAnswers) {
    EXPECT_NEAR(hypervolume(points({{0.6}}), minimized(1), unit(1)), 0.5, 1e-15);
    EXPECT_NEAR(hypervolume(points({{0, 1}, {1, 0}}), minimized(2), unit(2)), 0.11 + 0.11 - 0.01, 1e-15);
    EXPECT_NEAR(hypervolume(points({{0.1, 0.6}, {0.6, 0.1}, {0.35, 0.35}}), minimized(2), unit(2)), 0.8125,
                1e-12);
    EXPECT_NEAR(hypervolume(points({{0.1, 0.1, 0.1}}), minimized(3), unit(3)), 1, 1e-12);
    EXPECT_NEAR(hypervolume(points({{0.1, 0.1, 0.6}, {0.6, 0.6, 0.1}}), minimized(3), unit(3)), 0.5 + 0.125,
                1e-12);
    EXPECT_NEAR(hypervolume(points({{0.1, 0.1, 0.1, 0.6}, {0.6, 0.1, 0.1, 0.1}}), minimized(4), unit(4)),
                0.75, 1e-12);
    EXPECT_EQ(hypervolume({}, minimized(2), unit(2)), 0);
}

TEST(Hypervolume, LeavesOutWhatIsInfeasibleOrOutsideAndClipsAtTheIdeal) {
    auto some = points({{0.5, 0.5}, {0.1, 0.1}});
    some[1].violation = 0.01;
    EXPECT_NEAR(hypervolume(some, minimized(2), unit(2)), 0.36, 1e-12);
    EXPECT_EQ(hypervolume(points({{0, 1.1}, {5, 0}}), minimized(2), unit(2)), 0);
    EXPECT_NEAR(hypervolume(points({{-3, -8}}), minimized(2), unit(2)), 1.21, 1e-12);
}

TEST(Hypervolume, ScalesAndTurnsObjectives) {
    const std::vector<Objective> o = {{"accuracy", Direction::maximize, {}, {}},
                                      {"macs", Direction::minimize, {}, {}}};
    const Scaling scaling{{0.9, 100}, {0.5, 300}};
    // accuracy 0.7 -> 0.5; macs 200 -> 0.5
    EXPECT_NEAR(hypervolume(points({{0.7, 200}}), o, scaling), 0.36, 1e-12);
}

/// On values that are multiples of 0.1 the volume is a count of grid cells.
double by_grid(const std::vector<std::vector<double>>& values, std::size_t width) {
    std::vector<int> cell(width, 0);
    int covered = 0;
    while (true) {
        covered += std::any_of(values.begin(), values.end(), [&](const auto& v) {
            for (std::size_t k = 0; k < width; ++k) {
                if (std::lround(v[k] * 10) > cell[k]) {
                    return false;
                }
            }
            return true;
        });
        std::size_t k = 0;
        while (k < width && ++cell[k] == 11) {
            cell[k++] = 0;
        }
        if (k == width) {
            break;
        }
    }
    return covered * std::pow(0.1, static_cast<double>(width));
}

TEST(Hypervolume, EqualsACountOfGridCells) {
    support::Rng rng(31);
    for (std::size_t width = 1; width <= 4; ++width) {
        for (int repeat = 0; repeat < 120; ++repeat) {
            std::vector<std::vector<double>> values(1 + rng.below(25), std::vector<double>(width));
            for (auto& v : values) {
                for (double& x : v) {
                    x = static_cast<double>(rng.below(13)) / 10;
                }
            }
            EXPECT_NEAR(hypervolume(points(values), minimized(width), unit(width)), by_grid(values, width),
                        1e-9)
                << width;
        }
    }
}

/// Sum over subsets of the volume that all of them share.
double by_inclusion_exclusion(const std::vector<std::vector<double>>& values, std::size_t width) {
    double sum = 0;
    for (unsigned subset = 1; subset < 1U << values.size(); ++subset) {
        double shared = -1;
        for (std::size_t k = 0; k < width; ++k) {
            double worst = 0;
            for (std::size_t i = 0; i < values.size(); ++i) {
                if ((subset >> i & 1U) != 0) {
                    worst = std::max(worst, values[i][k]);
                }
            }
            shared *= std::max(1.1 - worst, 0.0);
        }
        int members = 0;
        for (unsigned bits = subset; bits != 0; bits &= bits - 1) {
            ++members;
        }
        sum += members % 2 == 0 ? shared : -shared;
    }
    return sum;
}

TEST(Hypervolume, EqualsInclusionAndExclusion) {
    support::Rng rng(32);
    for (std::size_t width = 2; width <= 5; ++width) {
        for (int repeat = 0; repeat < 60; ++repeat) {
            std::vector<std::vector<double>> values(1 + rng.below(9), std::vector<double>(width));
            for (auto& v : values) {
                for (double& x : v) {
                    x = 1.2 * rng.uniform();
                }
            }
            EXPECT_NEAR(hypervolume(points(values), minimized(width), unit(width)),
                        by_inclusion_exclusion(values, width), 1e-11);
        }
    }
}

TEST(Hypervolume, IgnoresOrderAndDominatedPointsAndGrowsWithPoints) {
    support::Rng rng(33);
    for (int repeat = 0; repeat < 200; ++repeat) {
        const std::size_t width = 2 + rng.below(3);
        std::vector<std::vector<double>> values(2 + rng.below(20), std::vector<double>(width));
        for (auto& v : values) {
            for (double& x : v) {
                x = rng.uniform();
            }
        }
        const double volume = hypervolume(points(values), minimized(width), unit(width));
        EXPECT_NEAR(
            hypervolume(non_dominated(points(values), minimized(width)), minimized(width), unit(width)),
            volume, 1e-12);
        rng.shuffle(values);
        EXPECT_NEAR(hypervolume(points(values), minimized(width), unit(width)), volume, 1e-12);
        values.pop_back();
        EXPECT_LE(hypervolume(points(values), minimized(width), unit(width)), volume + 1e-12);
    }
}

TEST(Hypervolume, CurveIsTheVolumeOfEachGenerationsFront) {
    SearchResult result;
    result.evaluated = points({{1, 1}, {0.5, 0.5}, {0, 1}});
    result.generation_fronts = {{0}, {1}, {1, 2}};
    Problem problem;
    problem.objectives = minimized(2);
    const auto curve = hypervolume_curve(result, problem, unit(2));
    ASSERT_EQ(curve.size(), 3u);
    EXPECT_NEAR(curve[0], 0.01, 1e-12);
    EXPECT_NEAR(curve[1], 0.36, 1e-12);
    EXPECT_NEAR(curve[2], 0.36 + 0.05, 1e-12);
}

} // namespace
} // namespace tessera::nas
