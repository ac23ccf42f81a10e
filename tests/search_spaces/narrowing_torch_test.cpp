// Narrower blocks that start from a wider one's weights.
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/narrowing.h"

namespace tessera::search_spaces {
namespace {

using torch::Tensor;

std::shared_ptr<BlockImpl> built(const std::string& choice, const Site& site, std::uint64_t seed) {
    auto block = build_block(Choice::parse(choice), site);
    initialise(*block, seed);
    return block;
}

Tensor indices(std::vector<std::int64_t> values) { return torch::tensor(values, torch::kInt64); }

TEST(Narrowing, KeepsTheBestFiltersWhereverTheyAreMet) {
    const Site site{{2, 6, 6}, 3, 1};
    const auto wide = built("mbconv(kernel=5,expand=4)", site, 1),
               narrow = built("mbconv(kernel=3,expand=2)", site, 2);
    auto p = wide->named_parameters();
    auto buffers = wide->named_buffers();
    {
        const torch::NoGradGuard no_grad;
        for (const char* norm : {"expand", "spatial", "project"}) {
            const std::string name = std::string("layer0.") + norm + ".norm.";
            p[name + "weight"].uniform_();
            p[name + "bias"].uniform_();
            buffers[name + "running_mean"].uniform_();
            buffers[name + "running_var"].uniform_();
        }
    }
    // Of 8 hidden filters 4 stay: 1, 4, 6, 7, by the spatial layer's scores, not the expansion's.
    const FilterScores scores{{"layer0.expand", {9, 9, 9, 9, 0, 0, 0, 0}},
                              {"layer0.spatial", {0, 5, 1, 1, 7, 0, 3, 2}},
                              {"layer0.project", {1, 2, 3}}};
    ASSERT_TRUE(start_from(*narrow, *wide, scores));
    const Tensor kept = indices({1, 4, 6, 7});
    const auto q = narrow->named_parameters();
    EXPECT_TRUE(
        torch::equal(q["layer0.expand.conv.weight"], p["layer0.expand.conv.weight"].index_select(0, kept)));
    EXPECT_TRUE(
        torch::equal(q["layer0.spatial.conv.weight"],
                     p["layer0.spatial.conv.weight"].index_select(0, kept).slice(2, 1, 4).slice(3, 1, 4)));
    EXPECT_TRUE(
        torch::equal(q["layer0.project.conv.weight"], p["layer0.project.conv.weight"].index_select(1, kept)));
    EXPECT_TRUE(
        torch::equal(q["layer0.spatial.norm.bias"], p["layer0.spatial.norm.bias"].index_select(0, kept)));
    EXPECT_TRUE(torch::equal(q["layer0.project.norm.weight"], p["layer0.project.norm.weight"]));
    EXPECT_TRUE(torch::equal(narrow->named_buffers()["layer0.expand.norm.running_var"],
                             buffers["layer0.expand.norm.running_var"].index_select(0, kept)));
}

TEST(Narrowing, WithoutTheDeadFiltersNothingChanges) {
    // Half of the hidden filters put nothing out; without them the block computes the same.
    const Site site{{3, 7, 5}, 3, 1};
    for (const char* family : {"mbconv(expand=4,kernel=3,act=relu)", "envelope(branches=1x1+3x3sep,width=2)",
                               "attention(heads=1,mlp=4)"}) {
        const bool tokens = std::string(family).starts_with("att"),
                   cell = std::string(family).starts_with("env");
        const auto wide = built(family, site, 1);
        const auto narrow = built(tokens ? "attention(heads=1,mlp=2)"
                                  : cell ? "envelope(branches=1x1+3x3sep,width=1)"
                                         : "mbconv(expand=2,kernel=3,act=relu)",
                                  site, 2);
        const std::int64_t hidden = cell ? 6 : 12, left = hidden / 2;
        std::vector<double> score;
        auto p = wide->named_parameters();
        const torch::NoGradGuard no_grad;
        for (std::int64_t i = 0; i < hidden; ++i) {
            const bool dead = i % 2 == 0;
            score.push_back(dead ? 0 : 1);
            if (dead && tokens) {
                p["layer0.expand.weight"][i].zero_();
                p["layer0.expand.bias"][i].zero_();
            } else if (dead && cell) {
                p["cell.bottleneck.conv.weight"][i].zero_();
                p["cell.bottleneck.conv.bias"][i].fill_(-1);
            } else if (dead) {
                p["layer0.spatial.norm.weight"][i].zero_();
                p["layer0.spatial.norm.bias"][i].fill_(-1);
            }
        }
        auto scores = magnitude_scores(*wide);
        scores[tokens ? "layer0" : cell ? "cell.bottleneck" : "layer0.spatial"] = score;
        wide->eval();
        narrow->eval();
        const Tensor x = torch::randn({2, 3, 7, 5});
        EXPECT_FALSE(torch::allclose(narrow->forward(x), wide->forward(x), 1e-3, 1e-4)) << family;
        ASSERT_TRUE(start_from(*narrow, *wide, scores)) << family << " " << left;
        EXPECT_TRUE(torch::allclose(narrow->forward(x), wide->forward(x), 1e-5, 1e-5)) << family;
    }
}

TEST(Narrowing, TokenSelectionStartsFromAttention) {
    const Site site{{8, 4, 4}, 8, 1};
    const auto wide = built("attention(depth=4,heads=2,mlp=4)", site, 1);
    const auto scores = magnitude_scores(*wide);
    const torch::NoGradGuard no_grad;
    const Tensor x = torch::randn({2, 8, 4, 4});
    const auto all = built("tosa(depth=4,heads=2,mlp=4,keep=1)", site, 2);
    ASSERT_TRUE(start_from(*all, *wide, scores));
    for (const auto& block : {wide, all}) {
        block->eval();
    }
    EXPECT_TRUE(torch::allclose(all->forward(x), wide->forward(x), 1e-5, 1e-5));
    // Selectors stay their own; fewer hidden units are the wide one's best.
    const std::string half = "tosa(depth=4,heads=2,mlp=2,keep=0.5)";
    const auto some = built(half, site, 2), fresh = built(half, site, 2);
    ASSERT_TRUE(start_from(*some, *wide, scores));
    const auto p = some->named_parameters(), q = fresh->named_parameters(), w = wide->named_parameters();
    EXPECT_TRUE(torch::equal(p["pair1.selector.read.weight"], q["pair1.selector.read.weight"]));
    EXPECT_TRUE(torch::equal(p["pair1.second.mixer.qkv.weight"], w["layer3.mixer.qkv.weight"]));
    EXPECT_EQ(p["pair1.second.expand.weight"].size(0), 16);
    // Layers left over, layers of another kind.
    EXPECT_FALSE(start_from(*built("tosa(depth=2,heads=2,mlp=4)", site, 2), *wide, scores));
    const auto other = built("padre(depth=4,mlp=4,kernel=3)", site, 1);
    EXPECT_FALSE(
        start_from(*built("tosa(depth=4,heads=2,mlp=4)", site, 2), *other, magnitude_scores(*other)));
}

TEST(Narrowing, MagnitudeIsTheSumOfAbsoluteWeights) {
    const auto block = built("conv(width=0.5)", {{2, 4, 4}, 4, 1}, 3);
    const auto scores = magnitude_scores(*block);
    const Tensor weight = block->named_parameters()["layer0.first.conv.weight"];
    ASSERT_EQ(scores.at("layer0.first").size(), 2U);
    EXPECT_NEAR(scores.at("layer0.first")[1], weight[1].abs().sum().item<double>(), 1e-5);
}

TEST(Narrowing, LeavesAloneWhatIsNoNarrowerVersion) {
    const Site site{{4, 6, 6}, 4, 1};
    const auto refuses = [&](const char* narrow_text, const char* wide_text) {
        const auto wide = built(wide_text, site, 1), narrow = built(narrow_text, site, 2),
                   before = built(narrow_text, site, 2);
        const bool started = start_from(*narrow, *wide, magnitude_scores(*wide));
        bool changed = false;
        for (const auto& item : narrow->named_parameters()) {
            changed = changed || !torch::equal(item.value(), before->named_parameters()[item.key()]);
        }
        EXPECT_EQ(changed, started) << narrow_text;
        return !started;
    };
    EXPECT_TRUE(refuses("mbconv(expand=6)", "mbconv(expand=3)")); // wider
    EXPECT_TRUE(refuses("mbconv(depth=1)", "mbconv(depth=2)"));   // fewer layers
    EXPECT_TRUE(refuses("mbconv(kernel=5)", "mbconv(kernel=3)")); // a larger kernel
    EXPECT_TRUE(
        refuses("mbconv(expand=2,group=4)", "mbconv(expand=4,group=4)")); // groups would be torn apart
    EXPECT_TRUE(refuses("identity", "conv"));
    EXPECT_TRUE(refuses("envelope(branches=1x1)", "envelope(branches=1x1+3x3)"));
    EXPECT_FALSE(refuses("mbconv(kernel=3)", "mbconv(kernel=5)"));
}

TEST(Narrowing, EqualScoresKeepTheFirst) {
    const Site site{{2, 4, 4}, 2, 1};
    const auto wide = built("conv(width=2)", site, 1), narrow = built("conv(width=1)", site, 2);
    ASSERT_TRUE(start_from(*narrow, *wide, {{"layer0.first", {1, 1, 1, 1}}, {"layer0.second", {1, 1}}}));
    EXPECT_TRUE(torch::equal(narrow->named_parameters()["layer0.first.conv.weight"],
                             wide->named_parameters()["layer0.first.conv.weight"].slice(0, 0, 2)));
}

} // namespace
} // namespace tessera::search_spaces
