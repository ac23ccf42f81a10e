#include "nas/construction/branch_statistics.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/nas/construction/networks.h"

namespace tessera::nas::construction {
namespace {

TEST(BranchStatistics, AreWrittenToTheBit) {
    const double nan = std::nan("");
    EXPECT_EQ(statistics_csv({{0, 0, Operator::conv1, 0.1, 1.0 / 3, 0.25, 500000},
                              {0, 1, Operator::separable7, nan, HUGE_VAL, nan, 0},
                              {11, 6, Operator::conv5, 1e-300, 0, 1, 7}})
                  .text(),
              "stage,cell,branch,mean_square,variance,dead_share,images\n"
              "0,0,1x1,0.1,0.3333333333333333,0.25,500000\n"
              "0,1,7x7sep,nan,inf,nan,0\n"
              "11,6,5x5,1e-300,0,1,7\n");
}

TEST(SkipScalars, AreWrittenToTheBit) {
    EXPECT_EQ(skips_csv(published(), {{3, 1, 0.5125}, {7, 2, -1e-5}, {9, 7, std::nan("")}}).text(),
              "cell,source,scalar\ns0c2,s0c0,0.5125\ns0c6,s0c1,-1e-05\ns1c0,s0c6,nan\n");
}

} // namespace
} // namespace tessera::nas::construction
