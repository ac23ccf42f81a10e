#include "nas/search/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nas/search/archive.h"
#include "nas/search/choice_distribution.h"
#include "nas/search/crowding.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

constexpr double blocks_mixed = 0.5;    ///< of a genome's blocks, those drawn uniformly in expectation
constexpr int unchanged_rounds = 5;     ///< of the elite, before a new start
constexpr int draws_for_a_new_one = 9;  ///< before a repeated genome counts as drawn
constexpr std::size_t front_parts = 10; ///< distributions where there are several objectives

class CrossEntropy {
public:
    CrossEntropy(const Problem& problem, const CrossEntropyOptions& options, std::int64_t evaluations,
                 std::uint64_t seed)
        : problem_(problem), options_(options), archive_(problem, evaluations),
          rng_(support::derive_seed(seed, {"cross entropy"})) {
        const auto sought = std::ranges::count(problem.objectives, false, &Objective::bounds_only);
        several_ = sought > 1;
        first_sought_ =
            static_cast<std::size_t>(std::ranges::find(problem.objectives, false, &Objective::bounds_only) -
                                     problem.objectives.begin());
        mixed_ = std::min(0.5, blocks_mixed / static_cast<double>(problem.choices.size()));
    }

    SearchResult run() {
        start();
        elite_ = {*archive_.add(std::vector<int>(problem_.choices.size(), 0))};
        while (!archive_.finished()) {
            const std::size_t before = archive_.size();
            std::vector<std::size_t> pool = draw();
            archive_.run();
            pool.insert(pool.end(), elite_.begin(), elite_.end());
            std::ranges::sort(pool);
            pool.erase(std::ranges::unique(pool).begin(), pool.end());
            std::vector<std::size_t> elite = best_of(pool);
            unchanged_ = elite == elite_ ? unchanged_ + 1 : 0;
            elite_ = std::move(elite);
            if (unchanged_ == unchanged_rounds || archive_.size() == before) {
                start();
            } else {
                follow_elite();
            }
        }
        archive_.run();
        return archive_.result();
    }

private:
    void start() {
        distributions_.assign(several_ ? front_parts : 1, ChoiceDistribution(problem_.choices));
        unchanged_ = 0;
        uniform_ = true;
        if (!several_) {
            elite_.clear();
        }
    }

    /// A round's genomes, as indices. Where even the uniform distribution yields mostly known ones, the space
    /// is nearly used up, and counting finds the rest.
    std::vector<std::size_t> draw() {
        const auto samples = static_cast<std::size_t>(options_.samples);
        const std::size_t before = archive_.size(), room = std::min(samples, archive_.left());
        std::vector<std::size_t> drawn;
        std::vector<int> genome(problem_.choices.size());
        for (std::size_t i = 0; i < samples && !archive_.finished(); ++i) {
            const std::size_t known = archive_.size();
            std::optional<std::size_t> index;
            for (int attempt = 0; attempt < draws_for_a_new_one && archive_.size() == known; ++attempt) {
                distributions_[i % distributions_.size()].draw(rng_, genome);
                index = archive_.add(genome);
            }
            drawn.push_back(*index);
        }
        if (std::exchange(uniform_, false) && 2 * (archive_.size() - before) < room) {
            while (archive_.size() - before < room && !archive_.finished()) {
                drawn.push_back(*archive_.add_next());
            }
        }
        return drawn;
    }

    std::vector<std::size_t> best_of(const std::vector<std::size_t>& pool) const {
        const auto wanted =
            distributions_.size() *
            static_cast<std::size_t>(std::ceil(options_.elite * static_cast<double>(options_.samples)));
        const Costs costs(problem_.objectives, archive_.all(), pool);
        std::vector<std::size_t> rows;
        if (several_) {
            for (const auto& front : sort_fronts(costs)) {
                const auto kept = least_crowded(costs, front, wanted - rows.size());
                rows.insert(rows.end(), kept.begin(), kept.end());
                if (rows.size() == wanted) {
                    break;
                }
            }
        } else {
            rows.resize(pool.size());
            std::iota(rows.begin(), rows.end(), 0);
            std::ranges::stable_sort(rows, {}, [&](std::size_t row) {
                return std::pair(costs.violation(row), costs.row(row)[0]);
            });
            rows.resize(std::min(rows.size(), wanted));
        }
        std::vector<std::size_t> best;
        for (const std::size_t row : rows) {
            best.push_back(pool[row]);
        }
        return best;
    }

    /// Each distribution follows its stretch of the elite.
    void follow_elite() {
        std::vector<const Candidate*> members;
        for (const std::size_t i : elite_) {
            members.push_back(&archive_.at(i));
        }
        if (several_) {
            std::ranges::stable_sort(members, {}, [&](const Candidate* c) {
                const double value = c->values[first_sought_];
                return std::pair(std::isnan(value), std::isnan(value) ? 0.0 : value);
            });
        }
        const std::size_t parts = distributions_.size(), n = members.size();
        for (std::size_t part = 0; part < parts; ++part) {
            const std::size_t begin = part * n / parts, end = std::max(begin + 1, (part + 1) * n / parts);
            distributions_[part].follow(std::span(members).subspan(begin, end - begin), options_.smoothing,
                                        mixed_);
        }
    }

    const Problem& problem_;
    CrossEntropyOptions options_;
    Archive archive_;
    support::Rng rng_;
    bool several_ = false, uniform_ = true;
    std::size_t first_sought_ = 0;
    double mixed_ = 0;
    int unchanged_ = 0;
    std::vector<ChoiceDistribution> distributions_;
    std::vector<std::size_t> elite_;
};

void check(const CrossEntropyOptions& options) {
    const auto share = [](double value) { return value > 0 && value <= 1; };
    if (options.samples < 2 || !share(options.elite) || !share(options.smoothing)) {
        throw std::invalid_argument("the cross-entropy method needs two samples a round, and shares above 0");
    }
}

} // namespace

void CrossEntropyOptions::read(support::Section& section) {
    section.read("samples", samples, {2, 100000},
                 "Architectures that the cross-entropy method draws a round.");
    section.read("elite", elite, {0.0, 1.0, true},
                 "Share of a round's samples that the distribution follows.");
    section.read("smoothing", smoothing, {0.0, 1.0, true},
                 "Share of the elite in the new distribution; the rest is the old one.");
}

SearchResult cross_entropy(const Problem& problem, const CrossEntropyOptions& options,
                           std::int64_t evaluations, std::uint64_t seed) {
    check(options);
    return CrossEntropy(problem, options, evaluations, seed).run();
}

} // namespace tessera::nas
