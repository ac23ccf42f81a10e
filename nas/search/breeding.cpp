#include "nas/search/breeding.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tessera::nas {
namespace {

/// Share of the mutations that take what the search has learnt, and of the others that take the given
/// preference: never all, so that whatever misleads does not do so for good.
constexpr double learnt_share = 0.5, preferred_share = 0.8;

} // namespace

Breeder::Breeder(const Problem& problem, const SearchOptions& options, const Steering& steering,
                 support::Rng& rng)
    : choices_(problem.choices), crossover_(options.crossover),
      mutation_(options.mutation > 0 ? options.mutation : 1.0 / static_cast<double>(problem.choices.size())),
      kind_(options.crossover_kind), steering_(steering), cumulated_(problem.preference), rng_(rng) {
    for (std::size_t b = 0; b < choices_.size(); ++b) {
        if (choices_[b] > 1) {
            free_.push_back(b);
        }
    }
    for (auto& weights : cumulated_) {
        std::partial_sum(weights.begin(), weights.end(), weights.begin());
    }
}

std::vector<Genome> Breeder::spread(std::size_t count) {
    std::vector<Genome> genomes(count, Genome(choices_.size()));
    for (std::size_t b = 0; b < choices_.size(); ++b) {
        std::vector<int> all(static_cast<std::size_t>(choices_[b]));
        std::iota(all.begin(), all.end(), 0);
        for (std::size_t i = 0; i < count; ++i) {
            if (i % all.size() == 0) {
                rng_.shuffle(all);
            }
            genomes[i][b] = all[i % all.size()];
        }
    }
    return genomes;
}

void Breeder::child(std::span<const int> mother, std::span<const int> father, Genome& out) {
    out.assign(mother.begin(), mother.end());
    if (rng_.uniform() < crossover_) {
        cross(father, out);
    }
    for (const std::size_t b : free_) {
        if (rng_.uniform() < mutation_) {
            mutate(out, b);
        }
    }
}

void Breeder::cross(std::span<const int> father, Genome& out) {
    if (kind_ == Crossover::segment) {
        std::size_t first = draw(out.size()), last = draw(out.size());
        if (first > last) {
            std::swap(first, last);
        }
        std::copy(father.begin() + static_cast<std::ptrdiff_t>(first),
                  father.begin() + static_cast<std::ptrdiff_t>(last) + 1,
                  out.begin() + static_cast<std::ptrdiff_t>(first));
        return;
    }
    std::uint64_t coins = 0;
    for (std::size_t b = 0; b < out.size(); ++b, coins >>= 1) {
        if (b % 64 == 0) {
            coins = rng_.next();
        }
        if ((coins & 1U) != 0) {
            out[b] = father[b];
        }
    }
}

void Breeder::mutate_one(Genome& genome) {
    if (!free_.empty()) {
        mutate(genome, free_[draw(free_.size())]);
    }
}

void Breeder::mutate(Genome& genome, std::size_t block) {
    if (rng_.uniform() < learnt_share) {
        if (const auto choice = steering_.draw(block, genome[block])) {
            genome[block] = *choice;
            return;
        }
    }
    if (!cumulated_.empty() && cumulated_[block].back() > 0 && rng_.uniform() < preferred_share) {
        const auto& sums = cumulated_[block];
        const auto place = std::upper_bound(sums.begin(), sums.end(), rng_.uniform() * sums.back());
        const auto choice = static_cast<int>(std::min(place - sums.begin(), std::ssize(sums) - 1));
        if (choice != genome[block]) {
            genome[block] = choice;
            return;
        }
    }
    const int other = static_cast<int>(draw(static_cast<std::size_t>(choices_[block] - 1)));
    genome[block] = other >= genome[block] ? other + 1 : other;
}

} // namespace tessera::nas
