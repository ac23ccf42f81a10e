#include <algorithm>

#include <gtest/gtest.h>

#include "nas/search/exact/certificate.h"
#include "nas/search/exact/labels.h"
#include "nas/search/exact/sweep.h"
#include "table_models.h"

namespace tessera::nas::exact {
namespace {

Columns random_columns(std::size_t width, std::size_t rows, double parts, support::Rng& rng) {
    Columns q(width);
    for (auto& column : q) {
        for (std::size_t i = 0; i < rows; ++i) {
            column.push_back(parts > 0 ? std::floor(rng.uniform() * parts) : rng.uniform());
        }
    }
    return q;
}

bool covers(const Columns& q, std::size_t a, std::size_t b) {
    return std::all_of(q.begin(), q.end(), [&](const auto& column) { return column[a] <= column[b]; });
}

TEST(ExactParts, TheSweepKeepsTheFirstOfTheUndominated) {
    support::Rng rng(1);
    for (std::size_t width = 1; width <= 6; ++width) {
        for (const double parts : {0.0, 3.0, 10.0}) {
            const Columns q = random_columns(width, 400, parts, rng);
            auto kept = undominated(q, 400, [](std::uint32_t a, std::uint32_t b) { return a < b; });
            for (std::size_t i = 1; i < kept.size(); ++i) {
                EXPECT_LE(q[0][kept[i - 1]], q[0][kept[i]]);
            }
            std::sort(kept.begin(), kept.end());
            std::vector<std::uint32_t> truth;
            for (std::uint32_t i = 0; i < 400; ++i) {
                bool dominated = false;
                for (std::uint32_t j = 0; j < 400 && !dominated; ++j) {
                    dominated = covers(q, j, i) && (!covers(q, i, j) || j < i);
                }
                if (!dominated) {
                    truth.push_back(i);
                }
            }
            EXPECT_EQ(kept, truth) << width << " " << parts;
        }
    }
}

TEST(ExactParts, ThinningRepresentsEveryLabelWithinTheError) {
    support::Rng rng(2);
    for (std::size_t width = 1; width <= 4; ++width) {
        for (const std::size_t most : {1, 7, 60, 299}) {
            Labels labels(width);
            labels.resize(300);
            labels.q = random_columns(width, 300, 0, rng);
            const Columns all = labels.q;
            std::vector<double> error(width, 0.125);
            thin(labels, most, error);
            EXPECT_LE(labels.size(), most);
            EXPECT_GE(labels.size(), 1u);
            for (std::size_t i = 0; i < 300; ++i) {
                bool represented = false;
                for (std::size_t r = 0; r < labels.size() && !represented; ++r) {
                    represented = true;
                    for (std::size_t d = 0; d < width; ++d) {
                        represented &= labels.q[d][r] <= all[d][i] + (error[d] - 0.125) + 1e-15;
                    }
                }
                ASSERT_TRUE(represented) << i;
            }
        }
    }
}

TEST(ExactParts, SupportedGenomesAreOptimalAndTheirBoundHolds) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const TableModel model = additive_model(Tables::random(4, 3, 8, Shape::trade_off, false, seed), 2);
        const Supported found = supported(model);
        const auto costs = [&](const std::vector<int>& genome) {
            return std::pair(model.columns[0].total(genome), model.columns[1].total(genome));
        };
        std::vector<int> genome(4, 0);
        do {
            const auto [x, y] = costs(genome);
            EXPECT_TRUE(std::any_of(found.bound.begin(), found.bound.end(),
                                    [&](const auto& p) { return p[0] <= x && p[1] <= y; }));
            for (const auto& other : found.genomes) { // not dominated
                const auto [a, b] = costs(other);
                EXPECT_FALSE(x < a - 1e-12 && y < b - 1e-12);
            }
        } while (next_genome(genome, model.choices));
        EXPECT_GT(found.genomes.size(), 4u);
    }
}

TEST(ExactParts, TheOrderOfGenomes) {
    Ancestry ancestry(2);
    ancestry.add({{0, 5}, {0, 2}, {0, 9}});
    EXPECT_EQ(ancestry.ranks(), (std::vector<std::uint32_t>{1, 0, 2}));
    ancestry.add({{2, 0}, {0, 3}, {0, 1}, {1, 7}});
    EXPECT_EQ(ancestry.ranks(), (std::vector<std::uint32_t>{3, 2, 1, 0}));
    EXPECT_EQ(ancestry.genome(1), (std::vector<int>{5, 3}));
    EXPECT_EQ(ancestry.size(), 7u);
}

} // namespace
} // namespace tessera::nas::exact
