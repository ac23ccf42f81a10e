#include "search_spaces/digits.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::search_spaces {
namespace {

constexpr std::string_view digit_characters = "0123456789abcdefghijklmnopqrstuvwxyz";
static_assert(digit_characters.size() == max_digit);

/// Choices are stored with the reference's first; the others keep their order.
int place_of(const Block& block, int index) {
    if (index == 0) {
        return block.reference_place;
    }
    return index <= block.reference_place ? index - 1 : index;
}

int index_of_place(const Block& block, int place) {
    if (place == block.reference_place) {
        return 0;
    }
    return place < block.reference_place ? place + 1 : place;
}

} // namespace

bool has_digits(const SearchSpace& space) {
    return std::ranges::all_of(space.blocks(), [](const Block& b) { return b.choices.size() <= max_digit; });
}

std::string to_digits(const SearchSpace& space, const Architecture& architecture) {
    if (!has_digits(space)) {
        throw std::invalid_argument("a block has more choices than there are digits");
    }
    const std::vector<int> genome = space.genome(architecture);
    std::string digits;
    for (std::size_t b = 0; b < genome.size(); ++b) {
        digits += digit_characters[static_cast<std::size_t>(place_of(space.blocks()[b], genome[b]))];
    }
    return digits;
}

Architecture from_digits(const SearchSpace& space, std::string_view digits) {
    if (digits.size() != space.blocks().size()) {
        throw support::UsageError(fmt::format("'{}' has {} digits, the space has {} blocks", digits,
                                              digits.size(), space.blocks().size()));
    }
    std::vector<int> genome;
    for (std::size_t b = 0; b < digits.size(); ++b) {
        const Block& block = space.blocks()[b];
        const auto place = digit_characters.find(digits[b]);
        if (place == std::string_view::npos || place >= block.choices.size()) {
            const std::size_t last = std::min(block.choices.size(), max_digit) - 1;
            throw support::UsageError(fmt::format("'{}': block '{}' has choices 0 to {}, not {}", digits,
                                                  block.name, digit_characters[last], digits[b]));
        }
        genome.push_back(index_of_place(block, static_cast<int>(place)));
    }
    return space.architecture(genome);
}

} // namespace tessera::search_spaces
