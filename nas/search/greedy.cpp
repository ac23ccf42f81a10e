#include "nas/search/greedy.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "nas/search/archive.h"

namespace tessera::nas {
namespace {

class Greedy {
public:
    Greedy(const Problem& problem, std::int64_t evaluations)
        : problem_(problem), archive_(problem, evaluations), widths_(problem.objectives.size(), 1.0) {
        for (std::size_t k = 0; k < problem.objectives.size(); ++k) {
            if (!problem.objectives[k].bounds_only) {
                sought_.push_back(k);
            }
        }
    }

    SearchResult run() {
        const std::size_t start = *archive_.add(std::vector<int>(problem_.choices.size(), 0));
        archive_.run();
        std::vector<std::size_t> bests;
        for (const std::size_t k : sought_) {
            bests.push_back(follow(start, climb(k)));
        }
        measure(bests);
        for (std::size_t i = 0; i < bests.size(); ++i) {
            for (const std::size_t k : sought_) {
                if (k != sought_[i] && archive_.at(bests[i]).feasible()) {
                    follow(bests[i], trade(k));
                }
            }
        }
        SearchResult result = archive_.result();
        if (complete_ && !archive_.exhausted()) {
            result.ended = "no change of one block improves after " + result.ended;
        }
        return result;
    }

private:
    struct Rule {
        std::function<bool(const Candidate& from, const Candidate& to)> allows;
        /// Among what is allowed.
        std::function<bool(const Candidate& from, const Candidate& to, const Candidate& rival)> prefers;
    };

    /// To the best in one objective.
    Rule climb(std::size_t k) const {
        const auto outranks = [this, k](const Candidate& a, const Candidate& b) {
            return a.violation != b.violation ? a.violation < b.violation : gain(b, a, k) > 0;
        };
        return {[=](const Candidate& from, const Candidate& to) {
                    return from.feasible() ? outranks(to, from) : to.violation < from.violation;
                },
                [=](const Candidate&, const Candidate& to, const Candidate& rival) {
                    return outranks(to, rival);
                }};
    }

    /// Towards one objective at the least cost in the others.
    Rule trade(std::size_t k) const {
        return {[this, k](const Candidate& from, const Candidate& to) {
                    return to.feasible() && gain(from, to, k) > 0;
                },
                [this, k](const Candidate& from, const Candidate& to, const Candidate& rival) {
                    const double ours = gain(from, to, k), theirs = gain(from, rival, k),
                                 our_loss = loss(from, to, k), their_loss = loss(from, rival, k);
                    if (our_loss == 0 || their_loss == 0) {
                        return our_loss != their_loss ? our_loss == 0 : ours > theirs;
                    }
                    return ours * their_loss > theirs * our_loss;
                }};
    }

    /// The last genome of a path.
    std::size_t follow(std::size_t at, const Rule& rule) {
        for (;;) {
            const std::vector<std::size_t> around = neighbours(at);
            std::optional<std::size_t> next;
            for (const std::size_t n : around) {
                if (rule.allows(archive_.at(at), archive_.at(n)) &&
                    (!next || rule.prefers(archive_.at(at), archive_.at(n), archive_.at(*next)))) {
                    next = n;
                }
            }
            if (!next) {
                return at;
            }
            at = *next;
        }
    }

    /// All genomes that differ in one block, or as many as the budget has room for, evaluated.
    std::vector<std::size_t> neighbours(std::size_t at) {
        std::vector<std::size_t> around;
        std::vector<int> genome = archive_.at(at).genome;
        for (std::size_t b = 0; b < genome.size(); ++b) {
            const int own = genome[b];
            for (int choice = 0; choice < problem_.choices[b]; ++choice) {
                if (choice == own) {
                    continue;
                }
                genome[b] = choice;
                const auto index = archive_.add(genome);
                complete_ = complete_ && index.has_value();
                if (index) {
                    around.push_back(*index);
                }
            }
            genome[b] = own;
        }
        archive_.run();
        return around;
    }

    /// By how much the second is better; not above 0 where one has no value.
    double gain(const Candidate& from, const Candidate& to, std::size_t k) const {
        const double rise = to.values[k] - from.values[k];
        return problem_.objectives[k].direction == Direction::maximize ? rise : -rise;
    }

    /// What the second is worse in all objectives but one.
    double loss(const Candidate& from, const Candidate& to, std::size_t but) const {
        double sum = 0;
        for (const std::size_t k : sought_) {
            sum += k == but ? 0.0 : std::max(0.0, -gain(from, to, k) / widths_[k]);
        }
        return sum;
    }

    /// Widths of the objectives over each one's best, so that losses can be summed.
    void measure(const std::vector<std::size_t>& bests) {
        for (const std::size_t k : sought_) {
            const auto [low, high] =
                std::ranges::minmax(bests, {}, [&](std::size_t i) { return archive_.at(i).values[k]; });
            const double width = archive_.at(high).values[k] - archive_.at(low).values[k];
            widths_[k] = width > 0 ? width : 1.0;
        }
    }

    const Problem& problem_;
    Archive archive_;
    std::vector<std::size_t> sought_;
    std::vector<double> widths_;
    bool complete_ = true; ///< the budget had room for every step
};

} // namespace

SearchResult greedy(const Problem& problem, std::int64_t evaluations, std::uint64_t /*seed*/) {
    return Greedy(problem, evaluations).run();
}

} // namespace tessera::nas
