// A guess at the values of genomes that were not evaluated.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "nas/search/genome_set.h"
#include "nas/search/objective.h"
#include "nas/search/pair_model.h"

namespace tessera::nas {

/// Every objective as the value of a base genome, plus one effect per (block, choice), which is what that
/// choice alone changes of the base, plus what pairs of blocks add (pair_model.h), plus a correction per
/// (block, choice) that later genomes teach. Sums over blocks are exact once each choice was tried.
class Surrogate {
public:
    using Choice = std::pair<std::size_t, int>; ///< block, choice

    explicit Surrogate(const Problem& problem);
    /// The genome that effects are relative to, with finite values. To be called once.
    void begin(std::span<const int> base, const Candidate& candidate);
    bool begun() const { return !base_.empty(); }
    const std::vector<int>& base() const { return base_genome_; }
    /// Learns from those that were evaluated since the last call; `genomes` holds the same in one array.
    void learn(const GenomeSet& genomes, std::span<const Candidate> evaluated);

    bool known(std::size_t block, int choice) const { return known_[at(block, choice)] != 0; }
    bool known(std::span<const int> genome) const;
    /// Choices in the order in which they became known.
    const std::vector<Choice>& order() const { return order_; }
    /// Effects on all objectives with their corrections; 0 where the choice is unknown.
    const double* effects(std::size_t block, int choice) const {
        return corrected_.data() + at(block, choice) * width_;
    }
    /// All objectives; unknown choices count as the base's.
    void guess(std::span<const int> genome, std::span<double> values) const {
        if (width_ != 2 || fits_ > 0) {
            guess_any(genome, values);
            return;
        }
        double first = base_[0], second = base_[1]; // the usual number, without leaving the registers
        for (std::size_t b = 0; b < blocks_; ++b) {
            const double* effect = corrected_.data() + 2 * at(b, genome[b]);
            first += effect[0];
            second += effect[1];
        }
        values[0] = first;
        values[1] = second;
    }
    /// Changes whenever the guess of a genome of known choices does.
    std::uint64_t version() const { return version_; }
    /// Changes when effects may have changed by more than what single genomes teach.
    std::uint64_t fits() const { return fits_; }
    /// Whether sums of effects alone were ever wrong.
    bool contradicted() const { return contradicted_; }

private:
    std::size_t at(std::size_t block, int choice) const {
        return offsets_[block] + static_cast<std::size_t>(choice);
    }
    /// The block that alone differs from the base; the number of blocks where there is none or several.
    std::size_t only_change(std::span<const int> genome) const;
    void guess_any(std::span<const int> genome, std::span<double> values) const;
    bool correct(std::span<const int> genome, const Candidate& candidate);
    void fit(const GenomeSet& genomes, std::span<const Candidate> evaluated);

    std::size_t width_, blocks_;
    std::vector<int> base_genome_;
    std::vector<std::size_t> offsets_; ///< of a block's first choice
    std::vector<double> base_, scale_; ///< of objectives: the base's values, the largest distance from them
    std::vector<double> effects_, corrected_; ///< [choice * objectives]
    std::vector<char> known_;
    std::vector<double> seen_; ///< how often a choice was evaluated beside others that are known
    std::vector<Choice> order_;
    std::vector<PairModel> pairs_;        ///< one an objective
    std::vector<std::uint32_t> mixed_;    ///< candidates of known choices, several of them not the base's
    std::size_t learnt_ = 0, fitted_ = 0; ///< candidates; size of `mixed_` at the last fit
    bool contradicted_ = false;
    std::uint64_t version_ = 0, fits_ = 0;
    std::vector<double> guessed_;
};

} // namespace tessera::nas
