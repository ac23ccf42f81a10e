#include "nas/search/breeding.h"

#include <numeric>

namespace tessera::nas {

Breeder::Breeder(const Problem& problem, const SearchOptions& options, support::Rng& rng)
    : choices_(problem.choices), crossover_(options.crossover),
      mutation_(options.mutation > 0 ? options.mutation : 1.0 / static_cast<double>(problem.choices.size())),
      rng_(rng) {
    for (std::size_t b = 0; b < choices_.size(); ++b) {
        if (choices_[b] > 1) {
            free_.push_back(b);
        }
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

void Breeder::child(const Genome& mother, const Genome& father, Genome& out) {
    out = mother;
    if (rng_.uniform() < crossover_) {
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
    for (const std::size_t b : free_) {
        if (rng_.uniform() < mutation_) {
            mutate(out, b);
        }
    }
}

void Breeder::mutate_one(Genome& genome) {
    if (!free_.empty()) {
        mutate(genome, free_[draw(free_.size())]);
    }
}

void Breeder::mutate(Genome& genome, std::size_t block) {
    const int other = static_cast<int>(draw(static_cast<std::size_t>(choices_[block] - 1)));
    genome[block] = other >= genome[block] ? other + 1 : other;
}

} // namespace tessera::nas
