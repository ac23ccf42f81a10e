#include "nas/search/surrogate.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tessera::nas {
namespace {

/// Contradictions below this share of an objective's range are rounding.
constexpr double rounding = 1e-10;
/// How much of a contradiction is believed at once.
constexpr double step = 0.5;
/// Samples that a fit looks at, the latest: what lies near the front counts.
constexpr std::size_t most_fitted = 1000;

} // namespace

Surrogate::Surrogate(const Problem& problem)
    : width_(problem.objectives.size()), blocks_(problem.choices.size()), scale_(width_, 0.0), pairs_(width_),
      guessed_(width_) {
    std::size_t total = 0;
    for (const int n : problem.choices) {
        offsets_.push_back(total);
        total += static_cast<std::size_t>(n);
    }
    effects_.assign(total * width_, 0.0);
    corrected_ = effects_;
    known_.assign(total, 0);
    seen_.assign(total, 0.0);
}

bool Surrogate::known(std::span<const int> genome) const {
    for (std::size_t b = 0; b < blocks_; ++b) {
        if (!known(b, genome[b])) {
            return false;
        }
    }
    return true;
}

void Surrogate::guess_any(std::span<const int> genome, std::span<double> values) const {
    std::copy(base_.begin(), base_.end(), values.begin());
    for (std::size_t b = 0; b < blocks_; ++b) {
        const double* effect = effects(b, genome[b]);
        for (std::size_t k = 0; k < width_; ++k) {
            values[k] += effect[k];
        }
    }
    for (std::size_t k = 0; k < width_; ++k) {
        if (!pairs_[k].empty()) {
            std::array<double, PairModel::most_blocks> x;
            for (std::size_t b = 0; b < blocks_; ++b) {
                x[b] = effects_[at(b, genome[b]) * width_ + k];
            }
            values[k] += pairs_[k](x.data());
        }
    }
}

void Surrogate::begin(std::span<const int> base, const Candidate& candidate) {
    base_genome_.assign(base.begin(), base.end());
    base_ = candidate.values;
    for (std::size_t b = 0; b < blocks_; ++b) {
        known_[at(b, base[b])] = 1;
        order_.emplace_back(b, base[b]);
    }
}

std::size_t Surrogate::only_change(std::span<const int> genome) const {
    std::size_t block = blocks_;
    for (std::size_t b = 0; b < blocks_; ++b) {
        if (genome[b] != base_genome_[b]) {
            if (block != blocks_) {
                return blocks_;
            }
            block = b;
        }
    }
    return block;
}

void Surrogate::learn(const GenomeSet& genomes, std::span<const Candidate> evaluated) {
    for (; learnt_ < evaluated.size(); ++learnt_) {
        const Candidate& c = evaluated[learnt_];
        if (!std::isfinite(c.violation)) {
            continue;
        }
        const auto genome = genomes[learnt_];
        for (std::size_t k = 0; k < width_; ++k) {
            scale_[k] = std::max(scale_[k], std::abs(c.values[k] - base_[k]));
        }
        const std::size_t block = only_change(genome);
        if (block < blocks_) {
            const std::size_t choice = at(block, genome[block]);
            for (std::size_t k = 0; k < width_; ++k) {
                effects_[choice * width_ + k] = c.values[k] - base_[k];
                corrected_[choice * width_ + k] = effects_[choice * width_ + k];
            }
            known_[choice] = 1;
            order_.emplace_back(block, genome[block]);
        } else if (known(genome)) {
            mixed_.push_back(static_cast<std::uint32_t>(learnt_));
            contradicted_ = correct(genome, c) || contradicted_;
        }
    }
    if (contradicted_ && blocks_ >= 2 && blocks_ <= PairModel::most_blocks &&
        mixed_.size() >= std::max(2 * PairModel::weights(blocks_), fitted_ + fitted_ / 2)) {
        fit(genomes, evaluated);
    }
}

void Surrogate::fit(const GenomeSet& genomes, std::span<const Candidate> evaluated) {
    fitted_ = mixed_.size();
    ++version_;
    ++fits_;
    const std::size_t first = mixed_.size() - std::min(mixed_.size(), most_fitted);
    std::vector<double> effects, rest;
    for (std::size_t k = 0; k < width_; ++k) {
        effects.clear();
        rest.clear();
        double largest = 0;
        for (std::size_t m = first; m < mixed_.size(); ++m) {
            const auto genome = genomes[mixed_[m]];
            double left = evaluated[mixed_[m]].values[k] - base_[k];
            for (std::size_t b = 0; b < blocks_; ++b) {
                effects.push_back(effects_[at(b, genome[b]) * width_ + k]);
                left -= effects.back();
            }
            rest.push_back(left);
            largest = std::max(largest, std::abs(left));
        }
        if (largest > rounding * scale_[k]) {
            pairs_[k].fit(blocks_, effects, rest);
        }
    }
    corrected_ = effects_;
    std::fill(seen_.begin(), seen_.end(), 0.0);
    for (const std::uint32_t m : mixed_) {
        correct(genomes[m], evaluated[m]);
    }
}

/// A contradiction is shared out to the choices that were seen least.
bool Surrogate::correct(std::span<const int> genome, const Candidate& candidate) {
    guess(genome, guessed_);
    double weights = 0;
    for (std::size_t b = 0; b < blocks_; ++b) {
        weights += 1 / ++seen_[at(b, genome[b])];
    }
    bool contradicted = false;
    for (std::size_t k = 0; k < width_; ++k) {
        const double rest = candidate.values[k] - guessed_[k];
        if (std::abs(rest) <= rounding * scale_[k]) {
            continue;
        }
        contradicted = true;
        for (std::size_t b = 0; b < blocks_; ++b) {
            const std::size_t choice = at(b, genome[b]);
            corrected_[choice * width_ + k] += step * rest / (seen_[choice] * weights);
        }
    }
    version_ += contradicted ? 1 : 0;
    return contradicted;
}

} // namespace tessera::nas
