// Mutually non-dominated sets and their hypervolume.
#pragma once

#include <span>
#include <vector>

#include "nas/objective.h"

namespace tessera::nas {

/// The feasible, non-dominated candidates, one per distinct vector of values (the smallest genome), sorted by
/// the first objective.
std::vector<Candidate> non_dominated(std::span<const Candidate> candidates,
                                     std::span<const Objective> objectives);

/// Affine scaling of objective values: 0 at the ideal, 1 at the nadir, smaller is better.
struct Scaling {
    std::vector<double> ideal, nadir;
    /// Best and worst values over a front. Objectives that do not vary get width 1.
    static Scaling of(std::span<const Candidate> front, std::span<const Objective> objectives);
};

/// Volume dominated by the candidates within the box from the ideal to the reference point 1.1 (after
/// scaling); exact for any number of objectives (sweep in two dimensions, slicing beyond). Infeasible
/// candidates count nothing.
double hypervolume(std::span<const Candidate> candidates, std::span<const Objective> objectives,
                   const Scaling& scaling);

} // namespace tessera::nas
