#include "nas/search/certified/archive.h"

#include <algorithm>

#include "nas/search/front.h"

namespace tessera::nas::certified {
namespace {

/// What one dimension's cost becomes when one block's choice changes.
class Moves {
public:
    Moves(const Dimension& d, const std::vector<int>& genome)
        : d_(d), genome_(genome), others_(genome.size(), d.rest) {
        for (std::size_t a = 0; a < genome.size(); ++a) {
            for (std::size_t b = 0; b < genome.size(); ++b) {
                if (a != b) {
                    others_[a] = join(d.how, others_[a], value(b, genome[b]));
                }
            }
        }
    }

    /// The block's contribution for every choice, what the other blocks add to each other left out.
    void costs(std::size_t block, std::vector<double>& out) const {
        out = d_.values[block];
        for (double& v : out) {
            v = join(d_.how, v, others_[block]);
        }
        const std::size_t n = genome_.size();
        if (!d_.pairs.scalars.empty()) {
            double slope = 0;
            for (std::size_t b = 0; b < n; ++b) {
                slope += d_.pairs.weights[block * n + b] * d_.pairs.scalars[b][at(b)];
            }
            for (std::size_t i = 0; i < out.size(); ++i) {
                out[i] += slope * d_.pairs.scalars[block][i];
            }
        }
        for (const auto& t : d_.pairs.tables) {
            for (std::size_t i = 0; i < out.size() && (t.a == block || t.b == block); ++i) {
                out[i] += t.a == block ? t.values[i * t.width + at(t.b)] : t.values[at(t.a) * t.width + i];
            }
        }
    }

private:
    double value(std::size_t block, int choice) const {
        return d_.values[block][static_cast<std::size_t>(choice)];
    }
    std::size_t at(std::size_t block) const { return static_cast<std::size_t>(genome_[block]); }

    const Dimension& d_;
    const std::vector<int>& genome_;
    std::vector<double> others_;
};

} // namespace

void Archive::insert(Entry entry) {
    const auto covered = [&](const Entry& e) {
        for (std::size_t d = 0; d < system_.sought; ++d) {
            if (e.costs[d] < entry.costs[d]) {
                return false;
            }
        }
        return true;
    };
    std::erase_if(entries_, covered);
    const auto place = std::ranges::lower_bound(entries_, entry.costs, {}, &Entry::costs);
    entries_.insert(place, std::move(entry));
    ++version_;
}

bool Archive::add(const std::vector<int>& genome) {
    Entry entry;
    for (std::size_t d = 0; d < system_.sought; ++d) {
        entry.costs.push_back(system_.cost(d, genome));
    }
    if (region_.covers(entry.costs.data())) {
        const auto same = std::ranges::find(entries_, entry.costs, &Entry::costs);
        if (same == entries_.end() || !(genome < same->candidate.genome)) {
            return false;
        }
    }
    entry.candidate = system_.model.candidate(genome);
    if (!entry.candidate.feasible()) {
        return false;
    }
    region_.add(entry.costs.data());
    insert(std::move(entry));
    return true;
}

std::uint64_t Archive::neighbours(const std::vector<int>& genome) {
    const std::size_t width = system_.width();
    std::vector<Moves> moves;
    std::vector<double> base(width), point(width);
    for (std::size_t d = 0; d < width; ++d) {
        moves.emplace_back(system_.dimensions[d], genome);
        base[d] = system_.cost(d, genome);
    }
    std::vector<std::vector<double>> costs(width);
    std::vector<int> changed = genome;
    std::uint64_t steps = 0;
    for (std::size_t b = 0; b < genome.size(); ++b) {
        const auto current = static_cast<std::size_t>(genome[b]);
        for (std::size_t d = 0; d < width; ++d) {
            moves[d].costs(b, costs[d]);
        }
        for (std::size_t i = 0; i < costs[0].size(); ++i) {
            bool fine = i != current;
            for (std::size_t d = 0; d < width && fine; ++d) {
                const Dimension& dimension = system_.dimensions[d];
                point[d] = dimension.how == Aggregate::sum ? base[d] + (costs[d][i] - costs[d][current])
                                                           : costs[d][i];
                fine = point[d] <= dimension.limit + dimension.margin;
            }
            if (fine && !region_.covers(point.data())) {
                changed[b] = static_cast<int>(i);
                add(changed);
            }
        }
        changed[b] = genome[b];
        steps += costs[0].size() * (width == 2 ? 2 : width + region_.size() / 16);
    }
    return steps;
}

std::uint64_t Archive::explore(std::uint64_t limit) {
    std::uint64_t steps = 0;
    while (steps < limit) {
        std::vector<std::vector<int>> open;
        for (Entry& e : entries_) {
            if (!e.explored) {
                e.explored = true;
                open.push_back(e.candidate.genome);
            }
        }
        for (std::size_t i = 0; i < open.size() && steps < limit; ++i) {
            steps += neighbours(open[i]);
        }
        if (open.empty()) {
            break;
        }
    }
    return steps;
}

std::vector<Candidate> Archive::front() const {
    std::vector<Candidate> candidates;
    for (const Entry& e : entries_) {
        candidates.push_back(e.candidate);
    }
    return non_dominated(candidates, system_.model.objectives());
}

} // namespace tessera::nas::certified
