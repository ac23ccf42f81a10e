#include "nas/search/local_search.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "nas/search/evaluation.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

constexpr std::size_t batch = 100; // an entry of the hypervolume curve, like a generation of the evolution

class LocalSearch {
public:
    LocalSearch(const Problem& problem, std::int64_t evaluations, std::uint64_t seed)
        : problem_(problem), rng_(support::derive_seed(seed, {"local search"})),
          evaluation_(problem, static_cast<std::size_t>(std::max<std::int64_t>(evaluations, 1))),
          left_(evaluations) {
        if (evaluations < 1) {
            throw std::invalid_argument("a search needs at least one evaluation");
        }
        for (std::size_t b = 0; b < problem.choices.size(); ++b) {
            for (int step = 1; step < problem.choices[b]; ++step) {
                changes_.emplace_back(b, step);
            }
        }
        // Every member goes through the same shuffled changes, from a place of its own: no list a member.
        rng_.shuffle(changes_);
    }

    SearchResult run() {
        evaluation_.claim(std::vector<int>(problem_.choices.size(), 0));
        evaluate();
        while (left_ > 0 && !evaluation_.exhausted()) {
            fill();
            evaluate();
        }
        result_.ended = evaluation_.exhausted()
                            ? fmt::format("space exhausted after {} evaluations", result_.evaluated.size())
                            : fmt::format("{} evaluations, {} local optim{}", result_.evaluated.size(),
                                          optima_, optima_ == 1 ? "um" : "a");
        evaluation_.finish(result_);
        return std::move(result_);
    }

private:
    std::size_t waiting() const { return evaluation_.genomes().size() - result_.evaluated.size(); }
    bool full() const {
        return waiting() >= std::min(batch, static_cast<std::size_t>(left_)) || evaluation_.exhausted();
    }

    void evaluate() {
        left_ -= static_cast<std::int64_t>(waiting());
        evaluation_.run(result_);
        tried_.resize(result_.evaluated.size(), 0);
    }

    /// Members in random order, one change of each at a time, until the batch is full or no change is left.
    void fill() {
        open_.clear();
        for (const std::size_t i : evaluation_.archive().members()) {
            if (tried_[i] < changes_.size()) {
                open_.push_back(i);
            }
        }
        if (started_ && tried_[*started_] < changes_.size() &&
            std::ranges::find(open_, *started_) == open_.end()) { // a new start need not be in the archive
            open_.push_back(*started_);
        }
        while (!open_.empty() && !full()) {
            const std::size_t place = rng_.below(open_.size());
            if (!change(open_[place])) {
                open_[place] = open_.back();
                open_.pop_back();
            }
        }
        if (waiting() == 0) {
            ++optima_;
            start_again();
        }
    }

    /// Claims the member's next change that nobody evaluated; false where there is none.
    bool change(std::size_t member) {
        const auto genome = evaluation_.genomes()[member];
        child_.assign(genome.begin(), genome.end());
        while (tried_[member] < changes_.size()) {
            const auto [block, step] = changes_[(member * 7919 + tried_[member]++) % changes_.size()];
            const int before = child_[block];
            child_[block] = (before + step) % problem_.choices[block];
            if (evaluation_.claim(child_)) {
                return true;
            }
            child_[block] = before;
        }
        return false;
    }

    void start_again() {
        child_.resize(problem_.choices.size());
        for (int attempt = 0; attempt < 64; ++attempt) {
            for (std::size_t b = 0; b < child_.size(); ++b) {
                child_[b] = static_cast<int>(rng_.below(static_cast<std::uint64_t>(problem_.choices[b])));
            }
            if (evaluation_.claim(child_)) {
                started_ = evaluation_.genomes().size() - 1;
                return;
            }
        }
        evaluation_.claim(*evaluation_.next_unclaimed());
        started_ = evaluation_.genomes().size() - 1;
    }

    const Problem& problem_;
    support::Rng rng_;
    Evaluation evaluation_;
    std::int64_t left_;
    SearchResult result_;
    std::vector<std::pair<std::size_t, int>> changes_; ///< block, choices further
    std::vector<std::size_t> tried_;                   ///< of a candidate: how many of `changes_`
    std::vector<std::size_t> open_;
    std::optional<std::size_t> started_; ///< the last new start
    std::vector<int> child_;
    std::size_t optima_ = 0;
};

} // namespace

SearchResult local_search(const Problem& problem, std::int64_t evaluations, std::uint64_t seed) {
    return LocalSearch(problem, evaluations, seed).run();
}

} // namespace tessera::nas
