#include <algorithm>
#include <numeric>
#include <unordered_set>

#include <fmt/format.h>

#include "nas/search/breeding.h"
#include "nas/search/crowding.h"
#include "nas/search/evaluation.h"
#include "nas/search/surrogate.h"

namespace tessera::nas {
namespace {

/// Children bred for each that is screened in, and the share of a generation that is chosen so. The rest is
/// bred as in the plain algorithm, so that a surrogate that is wrong cannot mislead for good.
constexpr std::size_t bred_per_screened = 8;
constexpr double screened_share = 0.8;

class Nsga2 {
public:
    Nsga2(const Problem& problem, const SearchOptions& options, std::uint64_t seed)
        : problem_(problem), count_(static_cast<std::size_t>(options.population)),
          rng_(support::derive_seed(seed, {"nsga2"})), breeder_(problem, options, rng_), evaluation_(problem),
          surrogate_(problem) {}

    SearchResult run(std::int64_t generations) {
        for (std::int64_t generation = 1; generation <= generations; ++generation) {
            const std::size_t before = result_.evaluated.size();
            generation == 1 ? start() : breed();
            evaluation_.run(result_);
            if (evaluation_.exhausted()) {
                result_.ended = fmt::format("space exhausted after {} generation{}", generation,
                                            generation == 1 ? "" : "s");
                break;
            }
            survive(before);
        }
        if (result_.ended.empty()) {
            result_.ended = fmt::format("{} generation{}", generations, generations == 1 ? "" : "s");
        }
        evaluation_.finish(result_);
        return std::move(result_);
    }

private:
    /// A survivor: index into the evaluated candidates, its front's number, its crowding distance.
    struct Member {
        std::size_t index = 0, rank = 0;
        double crowding = 0;
    };

    void start() {
        evaluation_.claim(Genome(problem_.choices.size(), 0));
        for (Genome& genome : breeder_.spread(count_ - 1)) {
            if (!evaluation_.exhausted()) {
                claim(genome);
            }
        }
    }

    void breed() {
        std::size_t born = screen();
        Genome genome;
        for (; born < count_ && !evaluation_.exhausted(); ++born) {
            draw_child(genome);
            claim(genome);
        }
    }

    const Genome& tournament() {
        const Member &a = population_[breeder_.draw(population_.size())],
                     &b = population_[breeder_.draw(population_.size())];
        const bool first = a.rank != b.rank ? a.rank < b.rank : a.crowding >= b.crowding;
        return result_.evaluated[(first ? a : b).index].genome;
    }

    void draw_child(Genome& out) {
        const Genome &mother = tournament(), &father = tournament();
        breeder_.child(mother, father, out);
    }

    /// A genome that was there is mutated again; where that keeps failing the space is nearly used up, and
    /// counting finds the rest.
    void claim(Genome& genome) {
        for (int attempt = 0; attempt < 64; ++attempt) {
            if (evaluation_.claim(genome)) {
                return;
            }
            breeder_.mutate_one(genome);
        }
        evaluation_.claim(*evaluation_.next_unclaimed());
    }

    /// Breeds many children, guesses their values and claims those that promise to join the front. Returns
    /// how many.
    std::size_t screen() {
        const auto wanted = static_cast<std::size_t>(screened_share * static_cast<double>(count_));
        surrogate_.learn(result_.evaluated);
        Costs costs(problem_.objectives);
        const auto& front = result_.generation_fronts.back();
        for (const std::size_t i : front) {
            costs.add(result_.evaluated[i].values, 0);
        }
        std::vector<Genome> pool;
        std::unordered_set<std::size_t> hashes; // two that share one are taken for the same: one child less
        std::vector<double> values(problem_.objectives.size());
        Genome genome;
        for (std::size_t i = 0; i < wanted * bred_per_screened; ++i) {
            draw_child(genome);
            bool fresh = !evaluation_.claimed(genome);
            for (int attempt = 0; attempt < 2 && !fresh; ++attempt) {
                breeder_.mutate_one(genome);
                fresh = !evaluation_.claimed(genome);
            }
            if (!fresh || !hashes.insert(GenomeHash{}(genome)).second) {
                continue;
            }
            const double violation = surrogate_.guess(genome, values);
            costs.add(values, violation);
            pool.push_back(genome);
        }
        std::size_t taken = 0;
        std::vector<std::size_t> children;
        for (const auto& rows : sort_fronts(costs)) {
            children.clear();
            std::copy_if(rows.begin(), rows.end(), std::back_inserter(children),
                         [&](auto r) { return r >= front.size(); });
            for (const std::size_t r : least_crowded(costs, children, wanted - taken)) {
                evaluation_.claim(pool[r - front.size()]);
                ++taken;
            }
            if (taken == wanted) {
                break;
            }
        }
        return taken;
    }

    /// The best fronts as a whole, of the one that does not fit the least crowded.
    void survive(std::size_t before) {
        std::vector<std::size_t> contenders;
        for (const Member& m : population_) {
            contenders.push_back(m.index);
        }
        for (std::size_t i = before; i < result_.evaluated.size(); ++i) {
            contenders.push_back(i);
        }
        const Costs costs(problem_.objectives, result_.evaluated, contenders);
        population_.clear();
        std::size_t rank = 0;
        for (const auto& front : sort_fronts(costs)) {
            const auto kept = least_crowded(costs, front, count_ - population_.size());
            const auto distances = crowding(costs, kept);
            for (std::size_t m = 0; m < kept.size(); ++m) {
                population_.push_back({contenders[kept[m]], rank, distances[m]});
            }
            if (population_.size() == count_) {
                break;
            }
            ++rank;
        }
    }

    const Problem& problem_;
    std::size_t count_;
    support::Rng rng_;
    Breeder breeder_;
    Evaluation evaluation_;
    Surrogate surrogate_;
    SearchResult result_;
    std::vector<Member> population_;
};

} // namespace

SearchResult nsga2(const Problem& problem, const SearchOptions& options, std::uint64_t seed) {
    return Nsga2(problem, options, seed).run(options.generations);
}

} // namespace tessera::nas
