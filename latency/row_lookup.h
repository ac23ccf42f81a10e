// From names and texts in a table of the user to blocks and choices of a space.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "search_spaces/space.h"

namespace tessera::latency {

std::optional<std::size_t> find_block(const search_spaces::SearchSpace& space, const std::string& name);

/// "no block 'b9' (is 'b1' meant?)": `special` are names that stand for something besides the blocks.
std::string unknown_block(const search_spaces::SearchSpace& space, const std::string& name,
                          std::vector<std::string> special);

/// Index of a choice given as text, parameters that equal their defaults left out or not, or as its id (hash
/// of the canonical text). Throws UsageError naming the nearest where the block has none like it.
int find_choice(const search_spaces::SearchSpace& space, std::size_t block, const std::string& text);

/// The choices of a whole network: texts or ids joined by '|', or an index per block, apart by blanks,
/// commas or dashes or, where all have one digit, not at all. Throws UsageError.
std::vector<int> find_genome(const search_spaces::SearchSpace& space, const std::string& text);

/// "a; b; c and 4 more".
std::string first_few(const std::vector<std::string>& items);

} // namespace tessera::latency
