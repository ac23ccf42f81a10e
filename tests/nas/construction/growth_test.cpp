#include "nas/construction/growth.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "tests/nas/construction/networks.h"

namespace tessera::nas::construction {
namespace {

using O = Operator;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<O> full(all_operators.begin(), all_operators.end());

std::vector<int> layers_of(const EnvelopeNetwork& network) {
    std::vector<int> layers;
    for (const auto& cells : stage_cells(network)) {
        layers.push_back(static_cast<int>(cells.size()));
    }
    return layers;
}

std::string plan_refusal(const GrowthOptions& options) {
    try {
        growth_plan(options);
    } catch (const support::UsageError& error) { return error.what(); }
    return "";
}

TEST(Growth, ThePlanIsTheLawOfGrowth) {
    const auto plan = growth_plan(published_options());
    ASSERT_EQ(plan.size(), 5u);
    const StageGrowth law[] = {{3, 14, 4}, {4, 16, 4}, {5, 17, 5}, {6, 18, 5}, {7, 18, 6}};
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_THAT(plan[i], ElementsAre(law[i], law[i], StageGrowth{2, 12, 0}));
    }
    const auto ablation = growth_plan(ablation_options());
    ASSERT_EQ(ablation.size(), 5u);
    EXPECT_THAT(ablation.back(), ElementsAre(StageGrowth{15, 60, 6}, StageGrowth{6, 17, 5},
                                             StageGrowth{4, 15, 0}, StageGrowth{4, 15, 0}));
}

TEST(Growth, StartsFullAndDenselyConnected) {
    const EnvelopeNetwork network = start_network(published_options());
    EXPECT_EQ(network.initial_kernel, 1);
    EXPECT_EQ(network.width, 64);
    ASSERT_EQ(network.entries.size(), 8u);
    EXPECT_EQ(*network.cell(1), (Cell{full, {}}));
    EXPECT_EQ(*network.cell(2), (Cell{full, {}}));
    EXPECT_EQ(network.cell(3), nullptr);
    EXPECT_EQ(*network.cell(4), (Cell{full, {1, 2}}));
    EXPECT_EQ(*network.cell(8), (Cell{full, {1, 2, 3, 4, 5, 6}}));
    for (const Entry& entry : start_network(ablation_options()).entries) {
        const Cell* const cell = std::get_if<Cell>(&entry);
        EXPECT_TRUE(!cell || cell->skips.empty());
    }
}

TEST(Growth, AnyStatisticsEndWithTheSameLayersAndBranches) {
    const EnvelopeNetwork final = published();
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const EnvelopeNetwork network = constructed(published_options(), seed);
        EXPECT_THAT(layers_of(network), ElementsAre(7, 7, 2));
        EXPECT_THAT(stage_branches(network), ElementsAre(18, 18, 12));
        // Even the number of each cell's skips is that of the published network.
        for (int number = 1; number <= static_cast<int>(final.entries.size()); ++number) {
            if (final.cell(number)) {
                EXPECT_EQ(network.cell(number)->skips.size(), final.cell(number)->skips.size()) << number;
            }
        }
    }
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const EnvelopeNetwork network = constructed(ablation_options(), seed);
        EXPECT_THAT(layers_of(network), ElementsAre(15, 6, 4, 4));
        EXPECT_THAT(stage_branches(network), ElementsAre(60, 17, 15, 15));
    }
}

/// Slow and plain: which branches are to go.
std::set<std::tuple<double, int, int>> lowest(const EnvelopeNetwork& network,
                                              const std::vector<BranchStatistic>& statistics, int stage,
                                              int count, bool highest) {
    std::vector<std::tuple<double, int, int>> sorted;
    for (const BranchStatistic& s : statistics) {
        if (s.stage == stage) {
            sorted.emplace_back(highest ? -s.mean_square : s.mean_square, s.cell, static_cast<int>(s.branch));
        }
    }
    std::sort(sorted.begin(), sorted.end());
    std::map<int, std::size_t> left;
    const auto cells = stage_cells(network)[static_cast<std::size_t>(stage)];
    for (std::size_t c = 0; c < cells.size(); ++c) {
        left[static_cast<int>(c)] = network.cell(cells[c])->branches.size();
    }
    std::set<std::tuple<double, int, int>> gone;
    for (const auto& row : sorted) {
        if (static_cast<int>(gone.size()) < count && left[std::get<1>(row)] > 1) {
            gone.insert(row);
            --left[std::get<1>(row)];
        }
    }
    return gone;
}

TEST(Growth, EveryIterationPrunesWhatItShould) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        support::Rng rng(seed);
        GrowthOptions options = seed % 3 == 0 ? ablation_options() : published_options();
        options.worst_case = seed % 2 == 1;
        options.limited = seed % 5 == 1;
        EnvelopeNetwork network = start_network(options);
        for (const auto& planned : growth_plan(options)) {
            const auto statistics = random_statistics(network, rng);
            const Growth growth = grow(network, statistics, random_scalars(network, rng), options);
            ASSERT_EQ(growth.outcome, Growth::Outcome::grown);
            EXPECT_EQ(growth.stages, planned);
            EXPECT_EQ(growth.costs, network_costs(growth.network, options.image, options.classes));
            const auto before = stage_cells(network), after = stage_cells(growth.network);
            for (int stage = 0; stage < static_cast<int>(before.size()); ++stage) {
                const auto s = static_cast<std::size_t>(stage);
                const bool grew = planned[s].layers > static_cast<int>(before[s].size());
                std::set<std::tuple<double, int, int>> gone;
                for (std::size_t c = 0; c < before[s].size(); ++c) {
                    const auto& older = network.cell(before[s][c])->branches;
                    const auto& newer = growth.network.cell(after[s][c])->branches;
                    EXPECT_FALSE(newer.empty());
                    EXPECT_TRUE(std::includes(older.begin(), older.end(), newer.begin(), newer.end()));
                    for (const BranchStatistic& row : statistics) {
                        if (row.stage == stage && row.cell == static_cast<int>(c) &&
                            std::find(newer.begin(), newer.end(), row.branch) == newer.end()) {
                            gone.emplace(options.worst_case ? -row.mean_square : row.mean_square, row.cell,
                                         static_cast<int>(row.branch));
                        }
                    }
                }
                EXPECT_EQ(gone, lowest(network, statistics, stage, planned[s].pruned, options.worst_case));
                if (grew) {
                    EXPECT_EQ(growth.network.cell(after[s].back())->branches, full);
                } else {
                    EXPECT_TRUE(gone.empty());
                }
            }
            network = growth.network;
        }
    }
}

TEST(Growth, SkipsKeepTheLargerHalfAndReachNewCells) {
    const GrowthOptions options = published_options();
    const EnvelopeNetwork network = start_network(options);
    support::Rng rng(5);
    // Sources of entry 8 by scalar: 5 > 2 > 6 > 1 > 3 > 4; of 7: 5 > 1 > 3 > 2 > 4 with a negative one kept.
    std::vector<SkipScalar> scalars = {{8, 1, 0.1},  {8, 2, 0.8}, {8, 3, 0},    {8, 4, -2},
                                       {8, 5, 0.9},  {8, 6, 0.2}, {7, 1, -0.1}, {7, 2, -0.3},
                                       {7, 3, -0.2}, {7, 4, -4},  {7, 5, 0.5},  {5, 1, 1},
                                       {5, 2, 1},    {5, 3, 1},   {4, 1, 0},    {4, 2, 1}};
    const Growth growth = grow(network, random_statistics(network, rng), scalars, options);
    // 1 2 [3] 4=w1 5 6 [7] 8=w2 9 10: entries 3 and 7 are new
    ASSERT_EQ(growth.network.entries.size(), 10u);
    EXPECT_EQ(growth.network.cell(4), nullptr);
    EXPECT_EQ(growth.network.cell(8), nullptr);
    const auto skips = [&](int number) { return growth.network.cell(number)->skips; };
    EXPECT_THAT(skips(3), ElementsAre(1));
    EXPECT_THAT(skips(5), ElementsAre(2, 3));
    EXPECT_THAT(skips(6), ElementsAre(1, 2, 3)); // equal scalars: the earlier sources stay
    EXPECT_THAT(skips(7), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_THAT(skips(9), ElementsAre(1, 3, 4, 6, 7));  // 1, 3 -> 4, 5 -> 6; 3 and 7 are new
    EXPECT_THAT(skips(10), ElementsAre(2, 3, 6, 7, 8)); // 2, 5 -> 6, 6 -> 8
}

TEST(Growth, EqualStatisticsGoInTheNetworksOrder) {
    const GrowthOptions options = published_options();
    const EnvelopeNetwork network = start_network(options);
    support::Rng rng(1);
    auto statistics = random_statistics(network, rng);
    for (BranchStatistic& s : statistics) {
        s.mean_square = 1;
    }
    for (const bool worst_case : {false, true}) {
        GrowthOptions same = options;
        same.worst_case = worst_case;
        const Growth growth = grow(network, statistics, random_scalars(network, rng), same);
        EXPECT_EQ(growth.network.cell(1)->branches, (std::vector<O>{O::separable5, O::separable7}));
        EXPECT_EQ(growth.network.cell(2)->branches, full);
        EXPECT_EQ(growth.pruned.front(), (BranchPlace{0, 0, O::conv1}));
        EXPECT_EQ(growth.pruned.size(), 8u);
    }
}

TEST(Growth, AStatisticThatIsNotFiniteIsReportedAndGoesFirst) {
    for (const bool worst_case : {false, true}) {
        GrowthOptions options = published_options();
        options.worst_case = worst_case;
        const EnvelopeNetwork network = start_network(options);
        support::Rng rng(2);
        auto statistics = random_statistics(network, rng);
        auto scalars = random_scalars(network, rng);
        const auto spoil = [&](int stage, int cell, O branch, double value) {
            for (BranchStatistic& s : statistics) {
                if (s.stage == stage && s.cell == cell && s.branch == branch) {
                    s.mean_square = value;
                }
            }
        };
        spoil(0, 1, O::conv5, std::nan(""));
        spoil(1, 0, O::conv1, HUGE_VAL);
        spoil(2, 0, O::conv3, std::nan(""));
        for (SkipScalar& s : scalars) {
            if (s.entry == 8 && s.source == 2) {
                s.scalar = std::nan("");
            }
        }
        const Growth growth = grow(network, statistics, scalars, options);
        EXPECT_THAT(growth.unusable, ElementsAre(BranchPlace{0, 1, O::conv5}, BranchPlace{1, 0, O::conv1},
                                                 BranchPlace{2, 0, O::conv3}));
        EXPECT_EQ(growth.pruned[0], (BranchPlace{0, 1, O::conv5}));
        EXPECT_EQ(growth.pruned[4], (BranchPlace{1, 0, O::conv1}));
        ASSERT_EQ(growth.unusable_skips.size(), 1u);
        EXPECT_EQ(growth.unusable_skips[0].entry, 8);
        EXPECT_EQ(std::count(growth.network.cell(10)->skips.begin(), growth.network.cell(10)->skips.end(), 2),
                  0);
        EXPECT_EQ(growth.network.cell(9)->branches, full); // not a constructed stage
        EXPECT_THAT(growth.summary, HasSubstr("3 branches without a finite statistic"));
    }
}

TEST(Growth, VarianceCanRankInstead) {
    GrowthOptions options = published_options();
    const EnvelopeNetwork network = start_network(options);
    support::Rng rng(3);
    auto statistics = random_statistics(network, rng);
    const auto scalars = random_scalars(network, rng);
    options.statistic = GrowthOptions::Statistic::variance;
    const auto by_variance = grow(network, statistics, scalars, options).pruned;
    for (BranchStatistic& s : statistics) {
        std::swap(s.mean_square, s.variance);
    }
    options.statistic = GrowthOptions::Statistic::mean_square;
    EXPECT_EQ(by_variance, grow(network, statistics, scalars, options).pruned);
}

TEST(Growth, StopsBeforeTheTargetAndSaysSo) {
    GrowthOptions options = published_options();
    options.iterations = 20;
    support::Rng rng(4);
    EnvelopeNetwork network = start_network(options);
    std::vector<EnvelopeCosts> costs = {network_costs(network, options.image, options.classes)};
    std::vector<Growth> free;
    for (;;) {
        free.push_back(grow(network, random_statistics(network, rng), random_scalars(network, rng), options));
        network = free.back().network;
        if (free.back().outcome != Growth::Outcome::grown) {
            break;
        }
        costs.push_back(free.back().costs);
    }
    // Stage 0 reaches 8 layers, one above its maximum.
    EXPECT_EQ(free.back().outcome, Growth::Outcome::finished);
    EXPECT_EQ(free.size(), 7u);
    EXPECT_THAT(layers_of(network), ElementsAre(8, 7, 2));
    EXPECT_EQ(free.back().network, free[5].network);
    EXPECT_THAT(free.back().summary, HasSubstr("finished: every constructed stage is at its maximum"));

    for (const bool macs : {false, true}) {
        const auto size = [&](const EnvelopeCosts& c) { return macs ? c.macs : c.parameters; };
        GrowthOptions bounded = options;
        (macs ? bounded.max_macs : bounded.max_parameters) =
            size(costs[1]); // the first step is still allowed
        rng = support::Rng(4);
        network = start_network(bounded);
        const Growth first =
            grow(network, random_statistics(network, rng), random_scalars(network, rng), bounded);
        EXPECT_EQ(first.outcome, Growth::Outcome::grown);
        --*(macs ? bounded.max_macs : bounded.max_parameters);
        rng = support::Rng(4);
        const Growth stopped =
            grow(network, random_statistics(network, rng), random_scalars(network, rng), bounded);
        EXPECT_EQ(stopped.outcome, Growth::Outcome::target);
        EXPECT_EQ(stopped.network, network);
        EXPECT_EQ(stopped.costs, costs[0]);
        EXPECT_EQ(*stopped.beyond, costs[1]);
        EXPECT_TRUE(stopped.pruned.empty());
        EXPECT_THAT(
            stopped.summary,
            HasSubstr(fmt::format("target met: the next network would have {} {}, more than the {} allowed",
                                  size(costs[1]), macs ? "MACs" : "parameters", size(costs[1]) - 1)));
        (macs ? bounded.max_macs : bounded.max_parameters) = size(costs[0]) - 1;
        EXPECT_THAT(plan_refusal(bounded), HasSubstr("the network that the construction starts from has"));
    }
}

TEST(Growth, CountsTheEndsAgainstTheTarget) {
    GrowthOptions options = published_options();
    const EnvelopeCosts start = counted_costs(start_network(options), options);
    options.max_parameters = start.parameters + 10;
    options.around = {10, 0};
    EXPECT_EQ(plan_refusal(options), "");
    EXPECT_EQ(counted_costs(start_network(options), options).parameters, start.parameters + 10);
    options.around = {11, 0};
    EXPECT_THAT(plan_refusal(options), HasSubstr("the network that the construction starts from has"));
    options.around = {-50, 0};
    EXPECT_EQ(plan_refusal(options), "");
}

TEST(Growth, ExpectsAsManyNetworksAsAreTrained) {
    GrowthOptions options = published_options();
    options.iterations = 50;
    const auto networks = expected_networks(options);
    EXPECT_EQ(networks.size(), growth_plan(options).size());
    EXPECT_EQ(networks.size(), 6U); // 2 cells to 8
}

TEST(Growth, RefusesImpossibleOptionsBeforeAnythingIsTrained) {
    const auto with = [](auto change) {
        GrowthOptions options = published_options();
        change(options);
        return plan_refusal(options);
    };
    EXPECT_EQ(with([](GrowthOptions&) {}), "");
    EXPECT_THAT(with([](GrowthOptions& o) { o.stages.clear(); }), HasSubstr("at least one stage"));
    EXPECT_THAT(with([](GrowthOptions& o) { o.stages[1].layers = 0; }),
                HasSubstr("stage 1: a stage has 1 to"));
    EXPECT_EQ(with([](GrowthOptions& o) { o.stages[0].maximum = 1; }),
              "stage 0: its maximum of 1 layers is below its 2 at the start");
    EXPECT_THAT(with([](GrowthOptions& o) { o.stages[0].constructed = o.stages[1].constructed = false; }),
                HasSubstr("no stage is constructed"));
    EXPECT_THAT(with([](GrowthOptions& o) { o.iterations = 0; }), HasSubstr("iterations, not 0"));
    EXPECT_THAT(with([](GrowthOptions& o) { o.width = 5; }), HasSubstr("5 filters wide"));
    EXPECT_EQ(with([](GrowthOptions& o) { o.width = 16; }), "");
    EXPECT_EQ(
        with([](GrowthOptions& o) {
            o.width = 16;
            o.limited = true;
        }),
        "stage 0 cannot have 4 layers: with 16 channels at the start (construct.width) inner layers are 5 "
        "filters wide; a full cell needs 6");
    EXPECT_EQ(with([](GrowthOptions& o) {
                  o.limited = true;
                  o.target_width = 16;
              }),
              "stage 0 cannot have 4 layers: with 16 channels at the start (space.stem.channels) inner "
              "layers are 5 "
              "filters wide; a full cell needs 6");
    EXPECT_THAT(with([](GrowthOptions& o) { o.width = 20'000; }), HasSubstr("there may be 65536"));
    EXPECT_EQ(with([](GrowthOptions& o) {
                  o.image = {3, 4, 3};
                  o.stages.resize(4, o.stages.back());
              }),
              "4 stages are too many for these images: the map of stage 2 is 1 x 1 and cannot be halved");
    EXPECT_EQ(with([](GrowthOptions& o) { o.prune_least = o.prune_most = 11; }),
              "stage 0 of 2 layers and 12 branches is to lose 11, and 10 can go without emptying a layer: "
              "lower its maximum");
    // Seven layers later the published rule has no more to give either.
    EXPECT_THAT(with([](GrowthOptions& o) {
                    o.stages[0].maximum = 20;
                    o.iterations = 20;
                }),
                HasSubstr("stage 0 of 13 layers and 18 branches is to lose 6, and 5 can go"));
    EXPECT_THAT(with([](GrowthOptions& o) { o.prune_divisor = 0; }), HasSubstr("1 branch in 0"));
    EXPECT_THAT(with([](GrowthOptions& o) { o.classes = 0; }), HasSubstr("0 classes"));
    EXPECT_THROW(start_network([] {
                     GrowthOptions o = published_options();
                     o.stages[0].maximum = 1;
                     return o;
                 }()),
                 support::UsageError);
}

TEST(Growth, RefusesWhatBelongsToAnotherNetwork) {
    const GrowthOptions options = published_options();
    const EnvelopeNetwork network = start_network(options);
    support::Rng rng(6);
    const auto statistics = random_statistics(network, rng);
    const auto scalars = random_scalars(network, rng);
    const auto refusal = [&](auto change) -> std::string {
        auto n = network;
        auto s = statistics;
        auto k = scalars;
        auto o = options;
        change(n, s, k, o);
        try {
            grow(n, s, k, o);
        } catch (const support::UsageError& error) { return error.what(); }
        return "";
    };
    EXPECT_EQ(refusal([](auto&, auto&, auto&, auto&) {}), "");
    EXPECT_THAT(refusal([](auto&, auto& s, auto&, auto&) { s.pop_back(); }),
                HasSubstr("the statistics are those of another network: they lack stage"));
    EXPECT_THAT(refusal([](auto&, auto& s, auto&, auto&) { s.push_back(s[0]); }),
                HasSubstr("two rows for stage"));
    EXPECT_EQ(refusal([](auto&, auto& s, auto&, auto&) { s[0].cell = 2; }).substr(0, 56),
              "the statistics are those of another network: it has no s");
    EXPECT_THAT(refusal([](auto&, auto& s, auto&, auto&) { s[0].stage = -1; }),
                HasSubstr("it has no stage -1"));
    EXPECT_THAT(refusal([](auto&, auto&, auto& k, auto&) { k.pop_back(); }), HasSubstr("has no scalar"));
    EXPECT_THAT(refusal([](auto&, auto&, auto& k, auto&) { k.push_back(k[0]); }), HasSubstr("two scalars"));
    EXPECT_EQ(refusal([](auto&, auto&, auto& k, auto&) {
                  k.push_back({2, 1, 0});
              }),
              "the scalars are those of another network: it has no skip from entry 1 to entry 2");
    EXPECT_THAT(
        refusal([](auto& n, auto&, auto&, auto&) { std::get<Cell>(n.entries[0]).branches = {O::conv1}; }),
        HasSubstr("it has no stage 0, cell 0, branch"));
    EXPECT_THAT(refusal([](auto&, auto&, auto&, auto& o) { o.stages.pop_back(); }),
                HasSubstr("3 stages and options for 2"));
    EXPECT_THAT(refusal([](auto&, auto&, auto&, auto& o) { o.stages[2].layers = 1; }),
                HasSubstr("stage 2 of the network has 2 layers; the options let it have 1"));
    EXPECT_THAT(refusal([](auto&, auto&, auto&, auto& o) { o.width = 32; }),
                HasSubstr("are not those of the options"));
}

} // namespace
} // namespace tessera::nas::construction
