#include "nas/search/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <tbb/parallel_for.h>

#include "nas/search/non_dominated_sort.h"

namespace tessera::nas {

Evaluation::Evaluation(const Problem& problem) : problem_(problem), cursor_(problem.choices.size(), 0) {
    const bool choices =
        std::all_of(problem.choices.begin(), problem.choices.end(), [](int n) { return n >= 1; });
    if (problem.choices.empty() || !choices || problem.objectives.empty() || !problem.evaluate) {
        throw std::invalid_argument(
            "a search needs blocks with choices, objectives and a way to evaluate them");
    }
    for (const int n : problem.choices) {
        size_ *= n;
    }
}

std::size_t GenomeHash::operator()(const std::vector<int>& genome) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const int gene : genome) {
        hash = (hash ^ static_cast<std::uint64_t>(gene)) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 29;
    }
    return static_cast<std::size_t>(hash);
}

bool Evaluation::claim(const std::vector<int>& genome) {
    if (!claimed_.insert(genome).second) {
        return false;
    }
    batch_.push_back(genome);
    return true;
}

std::optional<std::vector<int>> Evaluation::next_unclaimed() {
    while (!cursor_.empty()) {
        if (!claimed_.contains(cursor_)) {
            return cursor_;
        }
        std::size_t b = cursor_.size();
        while (b > 0 && ++cursor_[b - 1] == problem_.choices[b - 1]) {
            cursor_[--b] = 0;
        }
        if (b == 0) {
            cursor_.clear();
        }
    }
    return std::nullopt;
}

void Evaluation::run(SearchResult& result) {
    const std::size_t before = result.evaluated.size(), width = problem_.objectives.size();
    result.evaluated.resize(before + batch_.size());
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, batch_.size(), 16), [&](const auto& range) {
        for (std::size_t i = range.begin(); i < range.end(); ++i) {
            Candidate& c = result.evaluated[before + i];
            c.genome = std::move(batch_[i]);
            c.values.resize(width);
            problem_.evaluate(c.genome, c.values);
            for (std::size_t k = 0; k < width; ++k) {
                const double value = c.values[k];
                c.violation += std::isfinite(value) ? problem_.objectives[k].violation(value)
                                                    : std::numeric_limits<double>::infinity();
            }
        }
    });
    batch_.clear();

    // Whoever left the front never returns: the earlier front and the newcomers are enough.
    std::vector<std::size_t> contenders;
    if (!result.generation_fronts.empty()) {
        contenders = result.generation_fronts.back();
    }
    for (std::size_t i = before; i < result.evaluated.size(); ++i) {
        contenders.push_back(i);
    }
    result.generation_fronts.push_back(front_of(result.evaluated, contenders, problem_.objectives));
}

void Evaluation::finish(SearchResult& result) const {
    if (result.generation_fronts.empty()) {
        return;
    }
    for (const std::size_t i : result.generation_fronts.back()) {
        result.front.push_back(result.evaluated[i]);
    }
}

} // namespace tessera::nas
