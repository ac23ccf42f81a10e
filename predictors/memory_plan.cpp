#include "predictors/memory_plan.h"

#include <algorithm>

namespace tessera::predictors {

std::vector<std::vector<std::size_t>> plan_groups(std::span<const StudentMemory> students,
                                                  std::int64_t boundary, std::int64_t workers,
                                                  std::int64_t budget) {
    std::vector<std::vector<std::size_t>> groups;
    std::int64_t resident = 0, graph = 0;
    for (std::size_t i = 0; i < students.size(); ++i) {
        const auto count = groups.empty() ? 0 : static_cast<std::int64_t>(groups.back().size());
        const std::int64_t larger = std::max(graph, students[i].graph);
        const std::int64_t needed =
            boundary + resident + students[i].resident + std::min(workers, count + 1) * larger;
        if (groups.empty() || needed > budget) {
            groups.emplace_back();
            resident = 0;
            graph = 0;
        }
        groups.back().push_back(i);
        resident += students[i].resident;
        graph = std::max(graph, students[i].graph);
    }
    return groups;
}

} // namespace tessera::predictors
