#include "latency/row_lookup.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"
#include "support/hash.h"

namespace tessera::latency {
namespace {

using search_spaces::SearchSpace;
using support::UsageError;

std::string trimmed_part(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

std::vector<std::string> split(const std::string& text, const char* separators) {
    std::vector<std::string> parts;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find_first_of(separators, start), text.size());
        parts.push_back(trimmed_part(text.substr(start, end - start)));
        start = end + 1;
    }
    return parts;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Indices as texts; none where the text is something else.
std::optional<std::vector<std::string>> index_texts(const std::string& text, std::size_t blocks) {
    if (text.empty() || text.find_first_not_of("0123456789 ,-") != std::string::npos) {
        return std::nullopt;
    }
    if (text.size() == blocks && std::ranges::all_of(text, is_digit)) {
        std::vector<std::string> digits;
        for (const char c : text) {
            digits.emplace_back(1, c);
        }
        return digits;
    }
    std::vector<std::string> parts = split(text, " ,-");
    std::erase(parts, "");
    return parts;
}

} // namespace

std::optional<std::size_t> find_block(const SearchSpace& space, const std::string& name) {
    const auto found = std::ranges::find(space.blocks(), name, &search_spaces::Block::name);
    return found == space.blocks().end() ? std::nullopt
                                         : std::optional<std::size_t>(found - space.blocks().begin());
}

std::string unknown_block(const SearchSpace& space, const std::string& name,
                          std::vector<std::string> special) {
    for (const auto& block : space.blocks()) {
        special.push_back(block.name);
    }
    const std::string near = support::nearest(name, special);
    return fmt::format("no block '{}'{}", name, near.empty() ? "" : " (is '" + near + "' meant?)");
}

int find_choice(const SearchSpace& space, std::size_t block, const std::string& text) {
    const auto& choices = space.blocks()[block].choices;
    const auto found = std::ranges::find_if(choices, [&](const auto& choice) {
        const std::string own = choice.text();
        return text == own || text == support::content_hash(own);
    });
    if (found != choices.end()) {
        return static_cast<int>(found - choices.begin());
    }
    return space.index_of(block, search_spaces::Choice::parse(text));
}

std::vector<int> find_genome(const SearchSpace& space, const std::string& text) {
    const std::size_t blocks = space.blocks().size();
    const auto indices = index_texts(text, blocks);
    const std::vector<std::string> parts = indices ? *indices : split(text, "|");
    if (parts.size() != blocks) {
        throw UsageError(
            fmt::format("an architecture of {} blocks for a space of {} blocks", parts.size(), blocks));
    }
    std::vector<int> genome;
    for (std::size_t b = 0; b < blocks; ++b) {
        if (!indices) {
            genome.push_back(find_choice(space, b, parts[b]));
            continue;
        }
        const auto& block = space.blocks()[b];
        const std::size_t index = parts[b].size() > 6 ? block.choices.size() : std::stoul(parts[b]);
        if (index >= block.choices.size()) {
            throw UsageError(fmt::format("block '{}' has choices 0 to {}, not {}", block.name,
                                         block.choices.size() - 1, parts[b]));
        }
        genome.push_back(static_cast<int>(index));
    }
    return genome;
}

std::string first_few(const std::vector<std::string>& items) {
    constexpr std::size_t shown = 3;
    const std::size_t n = std::min(items.size(), shown);
    std::string text =
        fmt::format("{}", fmt::join(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(n), "; "));
    return items.size() > n ? fmt::format("{} and {} more", text, items.size() - n) : text;
}

} // namespace tessera::latency
