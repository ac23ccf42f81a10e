// Spaces whose every architecture's values are known.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "nas/search/search.h"
#include "support/seed.h"

namespace tessera::nas {

/// What a table's latencies and losses look like.
enum class Shape { independent, trade_off, steps, heavy_tail };

/// accuracy = 1 - 0.1 (sum loss + cross terms), latency (and memory) = sums over blocks.
struct Tables {
    std::vector<std::vector<double>> loss, latency, memory;
    std::vector<std::vector<double>> cross; ///< empty: additive

    static Tables random(std::size_t blocks, int fewest, int most, Shape shape, bool crossed,
                         std::uint64_t seed) {
        support::Rng rng(seed);
        Tables t;
        for (std::size_t b = 0; b < blocks; ++b) {
            const auto n =
                static_cast<std::size_t>(fewest) + rng.below(static_cast<std::uint64_t>(most - fewest + 1));
            const double scale = 0.3 + rng.uniform();
            std::vector<double> loss, latency, memory;
            for (std::size_t i = 0; i < n; ++i) {
                const double u = rng.uniform(), w = rng.uniform();
                double l = u, a = w;
                if (shape == Shape::trade_off) {
                    a = (1 - u) * (1 - u) + 0.15 * w;
                }
                if (shape == Shape::steps) {
                    l = std::floor(u * 8) / 4;
                    a = std::exp(-2 * l) * (0.5 + w);
                }
                if (shape == Shape::heavy_tail) {
                    l = std::exp(1.2 * rng.normal());
                    a = 0.3 / (0.3 + l) * (0.7 + 0.6 * w);
                }
                loss.push_back(scale * a);
                latency.push_back((0.3 + scale) * l);
                memory.push_back(0.5 * l + rng.uniform());
            }
            t.loss.push_back(loss);
            t.latency.push_back(latency);
            t.memory.push_back(memory);
        }
        for (std::size_t b = 0; crossed && b < blocks; ++b) {
            t.cross.emplace_back();
            for (std::size_t d = 0; d < blocks; ++d) {
                t.cross.back().push_back(2 * rng.uniform() - 0.6);
            }
        }
        return t;
    }

    void evaluate(std::span<const int> genome, std::span<double> values) const {
        double lost = 0, ms = 0, bytes = 0;
        for (std::size_t b = 0; b < genome.size(); ++b) {
            const auto m = static_cast<std::size_t>(genome[b]);
            const double x = loss[b][m];
            lost += x;
            ms += latency[b][m];
            bytes += memory[b][m];
            for (std::size_t d = b; !cross.empty() && d < genome.size(); ++d) {
                lost += cross[b][d] * x * loss[d][static_cast<std::size_t>(genome[d])];
            }
        }
        values[0] = 1 - 0.1 * lost;
        values[1] = ms;
        if (values.size() > 2) {
            values[2] = bytes;
        }
    }

    /// Refers to this object.
    Problem problem(std::size_t objectives = 2) const {
        Problem p;
        for (const auto& block : loss) {
            p.choices.push_back(static_cast<int>(block.size()));
        }
        p.objectives = {{"accuracy", Direction::maximize, {}, {}},
                        {"latency_cpu_ms", Direction::minimize, {}, {}}};
        if (objectives > 2) {
            p.objectives.push_back({"peak_memory_bytes", Direction::minimize, {}, {}});
        }
        p.evaluate = [this](std::span<const int> genome, std::span<double> values) {
            evaluate(genome, values);
        };
        return p;
    }
};

/// Counts up through a space; false after the last genome.
inline bool next_genome(std::vector<int>& genome, const std::vector<int>& choices) {
    for (std::size_t b = genome.size(); b-- > 0;) {
        if (++genome[b] < choices[b]) {
            return true;
        }
        genome[b] = 0;
    }
    return false;
}

inline Candidate evaluated(const Problem& problem, const std::vector<int>& genome) {
    Candidate c{genome, std::vector<double>(problem.objectives.size()), 0};
    problem.evaluate(genome, c.values);
    for (std::size_t k = 0; k < c.values.size(); ++k) {
        c.violation += problem.objectives[k].violation(c.values[k]);
    }
    return c;
}

/// The front of the whole space, genome by genome.
inline std::vector<Candidate> brute_force(const Problem& problem) {
    std::vector<int> genome(problem.choices.size(), 0);
    std::vector<double> values(problem.objectives.size());
    std::vector<Candidate> kept;
    std::size_t compact = 0; // so many of `kept` are a front, with accuracy and latency both rising
    do {
        problem.evaluate(genome, values);
        bool hopeless = false;
        for (std::size_t k = 0; k < values.size(); ++k) {
            hopeless |= problem.objectives[k].violation(values[k]) > 0;
        }
        if (values.size() == 2 && compact > 0) { // who is at least as accurate with the least latency
            const auto end = kept.begin() + static_cast<std::ptrdiff_t>(compact);
            const auto rival = std::lower_bound(kept.begin(), end, values[0],
                                                [](const Candidate& c, double v) { return c.values[0] < v; });
            hopeless |= rival != end && rival->values[1] <= values[1] && rival->values != values;
        }
        if (hopeless) {
            continue;
        }
        kept.push_back({genome, values, 0});
        if (kept.size() >= compact + 5000) {
            kept = non_dominated(kept, problem.objectives);
            compact = kept.size();
        }
    } while (next_genome(genome, problem.choices));
    return non_dominated(kept, problem.objectives);
}

/// The exact front of an additive table of any size, block by block: only sums that nothing dominates can be
/// completed to one. Without genomes.
inline std::vector<Candidate> exact_additive_front(const Tables& tables) {
    std::vector<std::pair<double, double>> front{{0.0, 0.0}}; // latency, loss
    for (std::size_t b = 0; b < tables.loss.size(); ++b) {
        std::vector<std::pair<double, double>> sums;
        for (const auto& [latency, loss] : front) {
            for (std::size_t m = 0; m < tables.loss[b].size(); ++m) {
                sums.emplace_back(latency + tables.latency[b][m], loss + tables.loss[b][m]);
            }
        }
        std::sort(sums.begin(), sums.end());
        front.clear();
        for (const auto& sum : sums) {
            if (front.empty() || sum.second < front.back().second) {
                front.push_back(sum);
            }
        }
    }
    std::vector<Candidate> candidates;
    for (const auto& [latency, loss] : front) {
        candidates.push_back({{}, {1 - 0.1 * loss, latency}, 0});
    }
    return candidates;
}

} // namespace tessera::nas
