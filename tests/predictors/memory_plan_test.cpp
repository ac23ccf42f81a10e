#include "predictors/memory_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "support/seed.h"

namespace tessera::predictors {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

TEST(PlanGroups, OneGroupWhereEverythingFits) {
    const std::vector<StudentMemory> students = {{10, 5}, {20, 7}, {30, 3}};
    // 4 + 60 + 2 * 7 = 78
    EXPECT_EQ(plan_groups(students, 4, 2, 78), (Groups{{0, 1, 2}}));
    EXPECT_EQ(plan_groups(students, 4, 2, 77), (Groups{{0, 1}, {2}}));
}

TEST(PlanGroups, AStudentThatDoesNotFitAloneStandsAlone) {
    const std::vector<StudentMemory> students = {{10, 5}, {1000, 1}, {10, 5}};
    EXPECT_EQ(plan_groups(students, 0, 1, 50), (Groups{{0}, {1}, {2}}));
}

TEST(PlanGroups, NoStudentsNoGroups) { EXPECT_TRUE(plan_groups({}, 1, 1, 1).empty()); }

TEST(PlanGroups, EveryStudentOnceAndEveryGroupWithinTheBudget) {
    support::Rng rng(3);
    for (int round = 0; round < 300; ++round) {
        std::vector<StudentMemory> students(rng.below(30));
        for (auto& s : students) {
            s = {static_cast<std::int64_t>(rng.below(100)), static_cast<std::int64_t>(rng.below(100))};
        }
        const auto workers = static_cast<std::int64_t>(1 + rng.below(4));
        const auto budget = static_cast<std::int64_t>(50 + rng.below(800));
        std::vector<std::size_t> seen;
        for (const auto& group : plan_groups(students, 10, workers, budget)) {
            std::int64_t resident = 0, graph = 0;
            for (const std::size_t i : group) {
                seen.push_back(i);
                resident += students[i].resident;
                graph = std::max(graph, students[i].graph);
            }
            const auto size = static_cast<std::int64_t>(group.size());
            EXPECT_TRUE(size == 1 || 10 + resident + std::min(workers, size) * graph <= budget);
        }
        ASSERT_EQ(seen.size(), students.size());
        for (std::size_t i = 0; i < seen.size(); ++i) {
            EXPECT_EQ(seen[i], i);
        }
    }
}

} // namespace
} // namespace tessera::predictors
