// What is known of genomes, for searches that come across the same one again.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "nas/search/evaluation.h"

namespace tessera::nas {

/// Evaluates each genome once and gives its values back as often as they are asked for, within a budget.
class Archive {
public:
    /// Throws std::invalid_argument for fewer than one evaluation, for objectives that all only bound, and as
    /// Evaluation does.
    Archive(const Problem& problem, std::int64_t evaluations);

    /// Index of the genome, which is put on the next batch where it is new; none where it is new and the
    /// budget used up. at() knows it after run().
    std::optional<std::size_t> add(const std::vector<int>& genome);
    /// As add() for the first genome, counting up, that is not known; none where all are.
    std::optional<std::size_t> add_next();
    /// Evaluates what was added since, if anything.
    void run();
    const Candidate& at(std::size_t index) const { return result_.evaluated[index]; }
    const std::vector<Candidate>& all() const { return result_.evaluated; }
    /// The front's indices so far; run() has to have been there.
    const std::vector<std::size_t>& front() const { return result_.generation_fronts.back(); }

    std::size_t size() const { return index_.size(); }
    std::size_t left() const { return budget_ - index_.size(); }
    bool exhausted() const { return evaluation_.exhausted(); }
    /// No further genome can be added.
    bool finished() const { return exhausted() || left() == 0; }
    /// "space exhausted after 16 evaluations", "16 evaluations".
    SearchResult result();

private:
    Evaluation evaluation_;
    std::size_t budget_;
    std::unordered_map<std::vector<int>, std::size_t, GenomeHash> index_; // looked up only, never walked
    SearchResult result_;
};

} // namespace tessera::nas
