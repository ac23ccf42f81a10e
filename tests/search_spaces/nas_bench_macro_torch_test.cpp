// NAS-Bench-Macro's networks (Su et al., 2021): parameters and multiply-accumulates as published, to the last
// digit.
#include <gtest/gtest.h>

#include "search_spaces/block_module.h"
#include "search_spaces/digits.h"
#include "tests/search_spaces/helpers.h"

namespace tessera::search_spaces {
namespace {

SearchSpace nas_bench_macro() {
    return SearchSpace::read(
        support::Document::load(std::string(TESSERA_SOURCE_DIR) + "/configs/nas-bench-macro.yaml")
            .root()
            .section("space", ""));
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
        const Architecture architecture = from_digits(space, row.digits);
        EXPECT_EQ(to_digits(space, architecture), row.digits);
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
