// Mutually non-dominated sets and their hypervolume.
#pragma once

#include <span>
#include <vector>

#include "nas/search/objective.h"

namespace tessera::nas {

/// The feasible, non-dominated candidates, one per distinct vector of the values sought (the smallest
/// genome), sorted by the first objective sought.
std::vector<Candidate> non_dominated(std::span<const Candidate> candidates,
                                     std::span<const Objective> objectives);

/// Affine scaling of objective values: 0 at the ideal, 1 at the nadir, smaller is better.
struct Scaling {
    std::vector<double> ideal, nadir;
    /// Best and worst values over a front. Objectives that do not vary (beyond rounding) get width 1.
    static Scaling of(std::span<const Candidate> front, std::span<const Objective> objectives);
};

/// Volume dominated by the candidates within the box from the ideal to the reference point 1.1 (after
/// scaling) by the objectives sought; exact for any number of them (sweep in two dimensions, slicing beyond).
/// Infeasible candidates count nothing.
double hypervolume(std::span<const Candidate> candidates, std::span<const Objective> objectives,
                   const Scaling& scaling);

} // namespace tessera::nas
