// Architectures as one character a block, as published tables name them (NAS-Bench-Macro: "01221022").
#pragma once

#include <string>
#include <string_view>

#include "search_spaces/space.h"

namespace tessera::search_spaces {

/// Most choices a block may have where its place is one character: 0-9, then a-z.
inline constexpr std::size_t max_digit = 36;

/// Whether every block's choices have a digit.
bool has_digits(const SearchSpace& space);
/// The i-th character is the place of block i's choice in its list as the configuration writes it, whichever
/// of them is the reference's. Throws std::invalid_argument where has_digits() is false.
std::string to_digits(const SearchSpace& space, const Architecture& architecture);
/// Throws UsageError where the length is not the number of blocks or a character names no choice.
Architecture from_digits(const SearchSpace& space, std::string_view digits);

} // namespace tessera::search_spaces
