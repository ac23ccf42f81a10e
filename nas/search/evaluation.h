// Every genome that a search evaluated, each once.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "nas/search/search.h"

namespace tessera::nas {

struct GenomeHash {
    std::size_t operator()(const std::vector<int>& genome) const;
};

class Evaluation {
public:
    /// Throws std::invalid_argument for a problem without blocks, choices, objectives or evaluate().
    explicit Evaluation(const Problem& problem);
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    /// Puts a genome on the next batch; false where it was there before.
    bool claim(const std::vector<int>& genome);
    bool claimed(const std::vector<int>& genome) const { return claimed_.contains(genome); }
    /// The first genome, counting up, that nobody claimed; none where the space is exhausted.
    std::optional<std::vector<int>> next_unclaimed();
    bool exhausted() const { return static_cast<double>(claimed_.size()) >= size_; }
    /// Number of genomes in the space.
    double size() const { return size_; }

    /// Evaluates the batch in parallel, appends it to `result.evaluated` in order of claiming and the front
    /// of everything so far to `result.generation_fronts`. A value that is not finite makes a candidate
    /// infeasible beyond all others.
    void run(SearchResult& result);
    /// Fills `result.front`.
    void finish(SearchResult& result) const;

private:
    const Problem& problem_;
    double size_ = 1;
    std::unordered_set<std::vector<int>, GenomeHash> claimed_;
    std::vector<std::vector<int>> batch_;
    std::vector<int> cursor_; ///< everything before it is claimed; empty once the last genome was passed
};

} // namespace tessera::nas
