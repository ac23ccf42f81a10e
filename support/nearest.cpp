#include <algorithm>
#include <vector>

#include "support/config.h"

namespace tessera::support {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one each;
/// letter case costs nothing.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        above[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            const bool swapped =
                i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

} // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t longest = 100; // beyond it nobody misspells, and the cost grows with the square
    std::string best;
    std::size_t best_distance = longest;
    for (const std::string& candidate : candidates) {
        const std::size_t length = std::max(word.size(), candidate.size());
        if (word.empty() || length > longest) {
            continue;
        }
        const std::size_t found = distance(word, candidate);
        const std::size_t allowed = std::max<std::size_t>(1, length / 3);
        if (found <= allowed && found < best_distance && found < length) {
            best = candidate;
            best_distance = found;
        }
    }
    return best;
}

} // namespace tessera::support
