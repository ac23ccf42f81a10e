#include "nas/sampling.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "support/error.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

using Genome = std::vector<int>;

/// Usable choices of every block, best first.
std::vector<Genome> by_quality(const std::vector<std::vector<double>>& quality) {
    std::vector<Genome> sorted;
    for (std::size_t b = 0; b < quality.size(); ++b) {
        Genome usable;
        for (std::size_t m = 0; m < quality[b].size(); ++m) {
            if (std::isfinite(quality[b][m])) {
                usable.push_back(static_cast<int>(m));
            }
        }
        if (usable.empty()) {
            throw support::RunError(fmt::format("block {}: none of its {} choices was distilled to a usable "
                                                "quality; lower the learning rate or "
                                                "distil longer",
                                                b + 1, quality[b].size()));
        }
        std::stable_sort(usable.begin(), usable.end(), [&](int i, int j) {
            return quality[b][static_cast<std::size_t>(i)] < quality[b][static_cast<std::size_t>(j)];
        });
        sorted.push_back(std::move(usable));
    }
    return sorted;
}

/// strata[b][s]: stratum of draw s in block b, every one of 0..draws-1 once a block. The first half of the
/// draws has the same one everywhere, from the best to the worst; what they leave is dealt to the others
/// independently per block.
std::vector<std::vector<std::size_t>> latin(std::size_t blocks, std::size_t draws, support::Rng& rng) {
    const std::size_t tied = (draws + 1) / 2;
    std::vector<std::size_t> together, left;
    for (std::size_t s = 0; s < tied; ++s) {
        together.push_back(tied == 1 ? 0 : (s * (draws - 1) + (tied - 1) / 2) / (tied - 1));
    }
    for (std::size_t s = 0; s < draws; ++s) {
        if (!std::binary_search(together.begin(), together.end(), s)) {
            left.push_back(s);
        }
    }
    std::vector<std::vector<std::size_t>> strata(blocks, together);
    for (auto& block : strata) {
        rng.shuffle(left);
        block.insert(block.end(), left.begin(), left.end());
    }
    return strata;
}

} // namespace

std::vector<Genome> quality_spread(const std::vector<std::vector<double>>& quality, std::int64_t count,
                                   std::uint64_t seed) {
    const auto sorted = by_quality(quality);
    if (count <= 0) {
        return {};
    }
    support::Rng rng(support::derive_seed(seed, {"quality spread"}));
    double size = 1; // of what can be drawn
    for (const Genome& usable : sorted) {
        size *= static_cast<double>(usable.size());
    }

    std::vector<Genome> genomes{Genome(quality.size(), 0)};
    std::set<Genome> known(genomes.begin(), genomes.end());
    bool reference_usable = true;
    for (const auto& block : quality) {
        reference_usable = reference_usable && std::isfinite(block[0]);
    }
    const double available = size + (reference_usable ? 0 : 1);
    const auto wanted = static_cast<std::size_t>(std::min(static_cast<double>(count), available));

    const std::size_t draws = static_cast<std::size_t>(count) - 1;
    const auto strata = latin(quality.size(), draws, rng);
    for (std::size_t s = 0; genomes.size() < wanted; ++s) {
        Genome genome;
        // Within the strata first; where a space is so small that they only repeat, anywhere; the last few by
        // counting.
        for (int attempt = 0; attempt < 200; ++attempt) {
            genome.clear();
            for (std::size_t b = 0; b < sorted.size(); ++b) {
                const double inside = rng.uniform();
                const bool stratified = attempt < 20 && s < draws;
                const double at =
                    stratified ? (static_cast<double>(strata[b][s]) + inside) / static_cast<double>(draws)
                               : inside;
                const auto m = static_cast<std::size_t>(at * static_cast<double>(sorted[b].size()));
                genome.push_back(sorted[b][std::min(m, sorted[b].size() - 1)]);
            }
            if (!known.contains(genome)) {
                break;
            }
        }
        if (known.contains(genome)) {
            std::vector<std::size_t> cursor(sorted.size(), 0);
            do {
                for (std::size_t b = 0; b < sorted.size(); ++b) {
                    genome[b] = sorted[b][cursor[b]];
                }
                for (std::size_t b = sorted.size(); b-- > 0 && ++cursor[b] == sorted[b].size();) {
                    cursor[b] = 0;
                }
            } while (known.contains(genome));
        }
        known.insert(genome);
        genomes.push_back(std::move(genome));
    }
    return genomes;
}

} // namespace tessera::nas
