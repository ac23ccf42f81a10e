// The front of everything evaluated so far, kept up to date as candidates arrive.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nas/search/non_dominated_sort.h"

namespace tessera::nas {

/// Indices of candidates that are feasible and mutually non-dominated, one per distinct vector of the values
/// sought (the smallest genome): what front_of() gives for everything that was added.
class RunningFront {
public:
    explicit RunningFront(std::span<const Objective> objectives);

    /// Adds candidates first..last-1; `costs` has a row for each candidate. Returns whether the front
    /// changed.
    bool add(std::span<const Candidate> candidates, const Costs& costs, std::size_t first, std::size_t last);
    /// Best first: by the costs, lexicographically.
    const std::vector<std::size_t>& members() const { return members_; }
    /// By ascending value of the first objective sought.
    std::vector<std::size_t> front() const;

private:
    bool merge(const Costs& costs);
    bool admit(std::span<const Candidate> candidates, const Costs& costs);

    bool reversed_ = false; ///< the first objective sought is maximized
    std::vector<std::size_t> members_, arrivals_, merged_;
};

} // namespace tessera::nas
