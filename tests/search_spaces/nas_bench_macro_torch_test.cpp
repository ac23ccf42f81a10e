// NAS-Bench-Macro's networks (Su et al., 2021): parameters and multiply-accumulates as published, to the last
// digit.
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

/// Eight layers in stages of 2, 3 and 3; each stage's first layer halves the map and doubles the channels.
SearchSpace nas_bench_macro() {
    std::string yaml =
        "input: [3, 32, 32]\nclasses: 10\nstem: {channels: 32}\nhead: {channels: 1280}\nblocks:\n";
    const int channels[] = {64, 64, 128, 128, 128, 256, 256, 256};
    for (int i = 0; i < 8; ++i) {
        yaml += fmt::format("  - {{name: layer{}, channels: {}, stride: {}, choices: [identity: , mbconv: "
                            "{{kernel: 3, expand: 3}}, "
                            "mbconv: {{kernel: 5, expand: 6}}]}}\n",
                            i, channels[i], i == 0 || i == 2 || i == 5 ? 2 : 1);
    }
    return testing::space_of(yaml);
}

struct Row {
    std::string digits;
    std::int64_t parameters, macs;
};

const std::vector<Row> rows{
    {"00000022", 2050858, 34107904}, {"22222202", 2101098, 92463616}, {"01021011", 1545194, 47575552},
    {"02100201", 1167594, 42680832}, {"10110222", 2478410, 58561024}, {"12000102", 1407882, 44616192},
    {"12110010", 995146, 44388864},  {"22110121", 1959850, 67561984},
};

TEST(NasBenchMacro, CostsEqualThePublishedOnes) {
    const SearchSpace space = nas_bench_macro();
    EXPECT_EQ(space.size(), 6561.0);
    for (const Row& row : rows) {
        std::vector<int> genome;
        for (const char digit : row.digits) {
            genome.push_back(digit - '0');
        }
        const Architecture architecture = space.architecture(genome);
        EXPECT_EQ(space.costs(architecture).parameters, row.parameters) << row.digits;
        EXPECT_EQ(space.costs(architecture).macs, row.macs) << row.digits;

        std::int64_t counted = 0;
        for (const auto& parameter : Network(space, architecture)->parameters()) {
            counted += parameter.numel();
        }
        EXPECT_EQ(counted, row.parameters) << row.digits;
    }
}

} // namespace
} // namespace tessera::search_spaces
