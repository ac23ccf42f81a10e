// What is known of a front that the label limit has kept from being the true one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nas/search/search.h"
#include "nas/search/table_model.h"

namespace tessera::nas::exact {

/// Totals of the columns sought, as costs (sign * total), that no genome within bounds is better than in all
/// of them at once: to every such genome one is at least as good everywhere.
using BoundPoints = std::vector<std::vector<double>>;

/// 1 - hypervolume(front) / hypervolume(bound), scaled over both; 0 where the bound is empty.
double gap_to(std::span<const Candidate> front, const BoundPoints& bound, const TableModel& model);

/// What SearchResult::ended says: how much of the space is on the front, and within what.
std::string ending_of(const SearchResult& result, const TableModel& model);

/// Of two sums: the genomes that some weighted sum of both costs is smallest for (no bounds considered), by
/// sliding the weight from one to the other, and points below the line through them.
struct Supported {
    std::vector<std::vector<int>> genomes;
    BoundPoints bound;
};
/// Whether there are two columns sought, both of them sums.
bool has_supported(const TableModel& model);
Supported supported(const TableModel& model);

} // namespace tessera::nas::exact
