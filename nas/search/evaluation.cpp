#include "nas/search/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <tbb/parallel_for.h>

#include "support/interrupt.h"

namespace tessera::nas {
namespace {

void check_preference(const Problem& problem) {
    if (problem.preference.empty()) {
        return;
    }
    bool fits = problem.preference.size() == problem.choices.size();
    for (std::size_t b = 0; fits && b < problem.choices.size(); ++b) {
        const auto& weights = problem.preference[b];
        fits = weights.size() == static_cast<std::size_t>(problem.choices[b]) &&
               std::ranges::all_of(weights, [](double w) { return std::isfinite(w) && w >= 0; });
    }
    if (!fits) {
        throw std::invalid_argument(
            "a problem's preference needs one finite weight of at least 0 for every choice of every block");
    }
}

} // namespace

Evaluation::Evaluation(const Problem& problem, std::size_t expected)
    : problem_(problem), expected_(expected), claimed_(problem.choices.size()), costs_(problem.objectives),
      archive_(problem.objectives), cursor_(problem.choices.size(), 0) {
    const bool choices = std::ranges::all_of(problem.choices, [](int n) { return n >= 1; });
    if (problem.choices.empty() || !choices || problem.objectives.empty() || !problem.evaluate) {
        throw std::invalid_argument(
            "a search needs blocks with choices, objectives and a way to evaluate them");
    }
    if (costs_.width() == 0) {
        throw std::invalid_argument("a search needs an objective that is not there for its bounds only");
    }
    check_preference(problem);
    for (const int n : problem.choices) {
        size_ *= n;
    }
    // A budget beyond what memory holds is not an error until it is used up.
    expected_ =
        std::min({expected_, std::size_t{1} << 20, static_cast<std::size_t>(std::min(size_, 0x1p30))});
    claimed_.reserve(expected_);
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

bool Evaluation::run(SearchResult& result) {
    support::check_interrupt();
    const std::size_t before = result.evaluated.size(), width = problem_.objectives.size();
    result.evaluated.reserve(expected_);
    result.evaluated.resize(claimed_.size());
    tbb::parallel_for(tbb::blocked_range<std::size_t>(before, claimed_.size(), 16), [&](const auto& range) {
        for (std::size_t i = range.begin(); i < range.end(); ++i) {
            const auto genome = claimed_[i];
            Candidate& c = result.evaluated[i];
            c.genome.assign(genome.begin(), genome.end());
            c.values.resize(width);
            problem_.evaluate(c.genome, c.values);
            for (std::size_t k = 0; k < width; ++k) {
                const double value = c.values[k];
                c.violation += std::isfinite(value) ? problem_.objectives[k].violation(value)
                                                    : std::numeric_limits<double>::infinity();
            }
        }
    });
    for (std::size_t i = before; i < result.evaluated.size(); ++i) {
        costs_.add(result.evaluated[i].values, result.evaluated[i].violation);
    }
    const bool changed = archive_.add(result.evaluated, costs_, before, result.evaluated.size());
    result.generation_fronts.push_back(archive_.front());
    return changed;
}

void Evaluation::finish(SearchResult& result) const {
    if (result.generation_fronts.empty()) {
        return;
    }
    const auto& front = result.generation_fronts.back();
    result.front.reserve(front.size());
    for (const std::size_t i : front) {
        result.front.push_back(result.evaluated[i]);
    }
}

} // namespace tessera::nas
