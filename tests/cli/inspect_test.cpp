// Filters of a run's reference, as tables and as a picture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "tests/cli/program.h"
#include "tests/cli/run_files.h"

namespace tessera::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Inspect, ShowsDeadFiltersLayerByLayer) {
    const Scratch folder;
    put(folder / "tiny.yaml", tiny_configuration());
    const Ending early = run({"inspect", "--run", "r", "--statistics"}, folder.here());
    EXPECT_EQ(early.status, 2);
    ASSERT_EQ(run({"teach", "tiny.yaml", "--run", "r", "-q"}, folder.here()).status, 0);
    const Ending ending = run({"inspect", "--run", "r", "--statistics", "--images", "20", "--out",
                               "layers.csv", "--filters", "filters.csv", "--plot", "dead.svg", "--json"},
                              folder.here());
    ASSERT_EQ(ending.status, 0) << ending.err;

    const auto layers = support::read_csv(folder / "layers.csv"),
               filters = support::read_csv(folder / "filters.csv");
    EXPECT_EQ(layers.header, (std::vector<std::string>{"layer", "filters", "dead", "dead_share",
                                                       "mean_square", "variance"}));
    ASSERT_FALSE(layers.rows.empty());
    EXPECT_EQ(layers.rows.front()[0], "stem.layer"); // from the image on
    // A layer is the sum of its filters.
    const auto printed = nlohmann::json::parse(ending.out);
    ASSERT_EQ(printed.size(), layers.rows.size());
    for (std::size_t i = 0; i < layers.rows.size(); ++i) {
        const auto& row = layers.rows[i];
        double count = 0, dead = 0, square = 0;
        for (const auto& filter : filters.rows) {
            if (filter[0] == row[0]) {
                ++count;
                square += support::parse_number(filter[3], "mean_square");
                dead += support::parse_number(filter[5], "dead");
            }
        }
        EXPECT_EQ(support::parse_number(row[1], "filters"), count) << row[0];
        EXPECT_EQ(support::parse_number(row[2], "dead"), dead) << row[0];
        EXPECT_DOUBLE_EQ(support::parse_number(row[3], "dead_share"), dead / count) << row[0];
        EXPECT_NEAR(support::parse_number(row[4], "mean_square"), square / count, 1e-9 * square) << row[0];
        EXPECT_EQ(printed[i].at("layer"), row[0]);
        EXPECT_EQ(printed[i].at("filters"), count);
    }
    const std::string picture = content_of(folder / "dead.svg");
    EXPECT_THAT(picture, HasSubstr("stem.layer: 0 of 8 filters"));
    EXPECT_THAT(picture, HasSubstr("dead filters, %"));
    EXPECT_THAT(picture, Not(HasSubstr(">-"))); // a share has no negative tick

    for (const std::string option : {"--plot", "--filters"}) {
        const Ending refused = run({"inspect", "--run", "r", option, "x"}, folder.here());
        EXPECT_EQ(refused.status, 2);
        EXPECT_THAT(last_line(refused.err), HasSubstr("it goes with --statistics"));
    }
}

} // namespace
} // namespace tessera::tests
