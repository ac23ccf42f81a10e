// Every genome that a search evaluated, each once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "nas/search/genome_set.h"
#include "nas/search/running_front.h"
#include "nas/search/search.h"

namespace tessera::nas {

class Evaluation {
public:
    /// Throws std::invalid_argument for a problem without blocks, choices, objectives or evaluate(), or with
    /// preferences that are no weights of its choices. Space is set aside for the evaluations `expected`.
    explicit Evaluation(const Problem& problem, std::size_t expected = 0);
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    /// Puts a genome on the next batch; false where it was there before.
    bool claim(std::span<const int> genome) { return claimed_.insert(genome); }
    bool claimed(std::span<const int> genome) const { return claimed_.contains(genome); }
    /// Everything claimed, in order.
    const GenomeSet& genomes() const { return claimed_; }
    /// The first genome, counting up, that nobody claimed; none where the space is exhausted.
    std::optional<std::vector<int>> next_unclaimed();
    bool exhausted() const { return static_cast<double>(claimed_.size()) >= size_; }
    /// Number of genomes in the space.
    double size() const { return size_; }

    /// Evaluates the batch in parallel, appends it to `result.evaluated` in order of claiming and the front
    /// of everything so far to `result.generation_fronts`. A value that is not finite makes a candidate
    /// infeasible beyond all others. Returns whether the front changed.
    bool run(SearchResult& result);
    /// Fills `result.front`.
    void finish(SearchResult& result) const;

    /// One row a candidate evaluated.
    const Costs& costs() const { return costs_; }
    const RunningFront& archive() const { return archive_; }

private:
    const Problem& problem_;
    double size_ = 1;
    std::size_t expected_;
    GenomeSet claimed_; ///< numbered as `evaluated` is; those beyond it are the batch
    Costs costs_;
    RunningFront archive_;
    std::vector<int> cursor_; ///< everything before it is claimed; empty once the last genome was passed
};

} // namespace tessera::nas
