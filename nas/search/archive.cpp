#include "nas/search/archive.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace tessera::nas {

Archive::Archive(const Problem& problem, std::int64_t evaluations)
    : evaluation_(problem), budget_(static_cast<std::size_t>(evaluations)) {
    if (evaluations < 1 || std::ranges::all_of(problem.objectives, &Objective::bounds_only)) {
        throw std::invalid_argument("a search needs at least one evaluation and something to optimise");
    }
}

std::optional<std::size_t> Archive::add(const std::vector<int>& genome) {
    if (const auto known = index_.find(genome); known != index_.end()) {
        return known->second;
    }
    if (left() == 0) {
        return std::nullopt;
    }
    evaluation_.claim(genome);
    return index_.emplace(genome, index_.size()).first->second;
}

std::optional<std::size_t> Archive::add_next() {
    const auto genome = evaluation_.next_unclaimed();
    return genome ? add(*genome) : std::nullopt;
}

void Archive::run() {
    if (result_.evaluated.size() < index_.size()) {
        evaluation_.run(result_);
    }
}

SearchResult Archive::result() {
    const std::string evaluations = fmt::format("{} evaluation{}", size(), size() == 1 ? "" : "s");
    result_.ended = exhausted() ? "space exhausted after " + evaluations : evaluations;
    evaluation_.finish(result_);
    return std::move(result_);
}

} // namespace tessera::nas
