// Which choices of a table promise most by themselves: a Problem::preference for searches that see objectives
// only through evaluations.
#pragma once

#include <vector>

#include "nas/search/table_model.h"

namespace tessera::nas {

/// Weights [block][choice] by quality and cost: 1 / (1 + r)^2 for a choice of rank r, where those that no
/// other choice of their block dominates have rank 0, those that only these dominate rank 1, and so on. What
/// counts is each column sought, and of those that only bound the sides that are bounded; terms of pairs do
/// not. Choices with the same numbers share a rank. Throws std::invalid_argument for a model that check()
/// refuses.
std::vector<std::vector<double>> preference_of(const TableModel& model);

} // namespace tessera::nas
