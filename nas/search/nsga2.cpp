#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "nas/search/breeding.h"
#include "nas/search/crowding.h"
#include "nas/search/evaluation.h"
#include "nas/search/predicted_front.h"
#include "nas/search/steering.h"
#include "nas/search/surrogate.h"

namespace tessera::nas {
namespace {

/// Share of a generation that tries unknown choices, where the budget leaves as many evaluations again for
/// what they tell, and where it does not.
constexpr double exploring_share = 0.85, exploring_share_when_short = 0.5;
/// Share that is bred as in the plain algorithm, so that a model that is wrong cannot mislead for good; while
/// the model was never wrong, and once it was.
constexpr double plain_share_when_exact = 0.05, plain_share = 0.1;
/// Variations that the model screens in a generation, for each of its individuals, while choices are unknown
/// and afterwards (it stops earlier where nothing is left to find).
constexpr std::size_t screened_early = 3, screened_late = 100;
/// Members of the predicted front that may wait for their evaluation, for each individual: with two
/// objectives, and with more, whose fronts never end.
constexpr std::size_t most_open = 30, most_open_of_surfaces = 10;
/// Children of which the one that is expected to miss the bounds least is evaluated, while none meets them.
constexpr int bred_when_infeasible = 8;

const SearchOptions& checked(const SearchOptions& options) {
    if (options.population < 1 || options.generations < 1) {
        throw std::invalid_argument("a search needs at least one individual and one generation");
    }
    return options;
}

std::size_t budget(const SearchOptions& options) {
    const double all = static_cast<double>(options.population) * static_cast<double>(options.generations);
    return static_cast<std::size_t>(std::min(all, 0x1p40));
}

/// The member whose costs, relative to the members' range, have the least sum.
std::size_t middle(const Costs& costs, std::span<const std::size_t> members) {
    std::vector<double> low(costs.width(), std::numeric_limits<double>::infinity()), high(costs.width());
    for (std::size_t s = 0; s < costs.width(); ++s) {
        high[s] = -low[s];
        for (const std::size_t i : members) {
            low[s] = std::min(low[s], costs.row(i)[s]);
            high[s] = std::max(high[s], costs.row(i)[s]);
        }
    }
    double least = std::numeric_limits<double>::infinity();
    std::size_t best = members.front();
    for (const std::size_t i : members) {
        double sum = 0;
        for (std::size_t s = 0; s < costs.width(); ++s) {
            sum += high[s] > low[s] ? (costs.row(i)[s] - low[s]) / (high[s] - low[s]) : 0;
        }
        if (sum < least) {
            least = sum;
            best = i;
        }
    }
    return best;
}

class Nsga2 {
public:
    Nsga2(const Problem& problem, const SearchOptions& options, std::uint64_t seed)
        : problem_(problem), options_(checked(options)), count_(static_cast<std::size_t>(options.population)),
          rng_(support::derive_seed(seed, {"nsga2"})), evaluation_(problem, budget(options)),
          surrogate_(problem), steering_(problem, surrogate_, rng_),
          predicted_(problem, evaluation_, surrogate_, steering_, rng_),
          breeder_(problem, options, steering_, rng_), costs_(problem.objectives) {
        queue_seeds();
    }

    SearchResult run() {
        const std::int64_t generations = options_.generations;
        for (std::int64_t generation = 1; generation <= generations; ++generation) {
            const std::size_t before = result_.evaluated.size();
            claim_given();
            generation == 1 ? spread() : breed(generations - generation);
            const bool changed = evaluation_.run(result_);
            if (evaluation_.exhausted()) {
                result_.ended = fmt::format("space exhausted after {} generation{}", generation,
                                            generation == 1 ? "" : "s");
                break;
            }
            if (generation < generations) {
                survive(before);
                refresh(changed);
            }
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

    void queue_seeds() {
        const std::size_t blocks = problem_.choices.size();
        if (options_.seeding == Seeding::own_fronts) {
            for (std::size_t b = 0; b < blocks; ++b) {
                for (int choice = 1; choice < problem_.choices[b]; ++choice) {
                    given_.emplace_back(blocks, 0);
                    given_.back()[b] = choice;
                }
            }
        } else if (options_.seeding == Seeding::solver) {
            given_ = options_.seeds;
        }
        for (const Genome& genome : given_) {
            bool fits = genome.size() == blocks;
            for (std::size_t b = 0; fits && b < blocks; ++b) {
                fits = genome[b] >= 0 && genome[b] < problem_.choices[b];
            }
            if (!fits) {
                throw std::invalid_argument("a search's seeds need one choice of each block");
            }
        }
        evaluation_.claim(Genome(blocks, 0));
    }

    std::size_t born() const { return evaluation_.genomes().size() - result_.evaluated.size(); }
    bool full() const { return born() >= count_ || evaluation_.exhausted(); }

    void claim_given() {
        while (!full() && next_given_ < given_.size()) {
            evaluation_.claim(given_[next_given_++]);
        }
    }

    void spread() {
        for (Genome& genome : breeder_.spread(count_ - std::min(count_, born()))) {
            if (!full()) {
                claim(genome);
            }
        }
    }

    void breed(std::int64_t later) {
        if (!surrogate_.begun() && options_.steering != SteeredBy::preference) {
            begin_learning();
        }
        if (surrogate_.begun()) {
            surrogate_.learn(evaluation_.genomes(), result_.evaluated);
            steering_.update();
            const std::size_t open = count_ - std::min(count_, born());
            explore(open, later);
            screen(open);
        }
        if (restart_) {
            spread();
            restart_ = false;
        }
        Genome genome;
        while (!full()) {
            draw_child(genome);
            claim(genome);
        }
    }

    /// Variations of the front that the model expects to join it.
    void screen(std::size_t open) {
        predicted_.update(result_.evaluated);
        const double share = surrogate_.contradicted() ? plain_share : plain_share_when_exact;
        const auto plain = static_cast<std::size_t>(std::ceil(share * static_cast<double>(open)));
        const std::size_t wanted = count_ - std::min(count_, born() + plain);
        predicted_.grow(count_ * (steering_.unknown() > 0 ? screened_early : screened_late),
                        count_ * (evaluation_.costs().width() > 2 ? most_open_of_surfaces : most_open));
        for (const auto genome : predicted_.take(wanted)) {
            if (!full()) {
                evaluation_.claim(genome);
            }
        }
    }

    void draw_child(Genome& out) {
        breeder_.child(tournament(), tournament(), out);
        if (!evaluation_.archive().members().empty() || !surrogate_.begun()) {
            return;
        }
        double least = expected_violation(out);
        Genome other;
        for (int i = 1; i < bred_when_infeasible; ++i) {
            breeder_.child(tournament(), tournament(), other);
            const double violation = expected_violation(other);
            if (violation < least && !evaluation_.claimed(other)) {
                least = violation;
                out = other;
            }
        }
    }

    double expected_violation(std::span<const int> genome) {
        values_.resize(problem_.objectives.size());
        surrogate_.guess(genome, values_);
        double violation = 0;
        for (std::size_t k = 0; k < values_.size(); ++k) {
            violation += problem_.objectives[k].violation(values_[k]);
        }
        return violation;
    }

    /// The base with one choice that nobody knows.
    void explore(std::size_t open, std::int64_t later) {
        const double unknown = static_cast<double>(steering_.unknown()),
                     left = static_cast<double>(count_) * static_cast<double>(later + 1);
        const double share = 2 * unknown <= left ? exploring_share : exploring_share_when_short;
        Genome genome;
        for (auto i = static_cast<std::size_t>(share * static_cast<double>(open)); i > 0 && !full(); --i) {
            const auto choice = steering_.next_unknown();
            if (!choice) {
                return;
            }
            genome = surrogate_.base();
            genome[choice->first] = choice->second;
            evaluation_.claim(genome);
        }
    }

    /// What effects are measured against: the middle of the front; where nobody meets the bounds the
    /// candidate that comes closest; where single changes of the first genome are given, that one.
    void begin_learning() {
        const auto& members = evaluation_.archive().members();
        const Costs& costs = evaluation_.costs();
        std::size_t base = 0;
        if (options_.seeding != Seeding::own_fronts || !std::isfinite(costs.violation(0))) {
            if (!members.empty()) {
                base = middle(costs, members);
            } else {
                for (std::size_t i = 1; i < costs.rows(); ++i) {
                    base = costs.violation(i) < costs.violation(base) ? i : base;
                }
            }
        }
        if (std::isfinite(costs.violation(base))) {
            surrogate_.begin(evaluation_.genomes()[base], result_.evaluated[base]);
        }
    }

    std::span<const int> tournament() {
        const Member &a = population_[breeder_.draw(population_.size())],
                     &b = population_[breeder_.draw(population_.size())];
        const bool first = a.rank != b.rank ? a.rank < b.rank : a.crowding >= b.crowding;
        return evaluation_.genomes()[(first ? a : b).index];
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

    /// The best fronts as a whole, of the one that does not fit the least crowded.
    void survive(std::size_t before) {
        contenders_.clear();
        for (const Member& m : population_) {
            contenders_.push_back(m.index);
        }
        for (std::size_t i = before; i < result_.evaluated.size(); ++i) {
            contenders_.push_back(i);
        }
        costs_.assign(evaluation_.costs(), contenders_);
        population_.clear();
        std::size_t rank = 0;
        for (const auto& front : sort_fronts(costs_, count_)) {
            const auto kept = least_crowded(costs_, front, count_ - population_.size());
            const auto distances = crowding(costs_, kept);
            for (std::size_t m = 0; m < kept.size(); ++m) {
                population_.push_back({contenders_[kept[m]], rank, distances[m]});
            }
            if (population_.size() == count_) {
                break;
            }
            ++rank;
        }
    }

    /// New blood where the front stood still and nothing unknown is left to try: the worse half of the
    /// population goes, and the next generation brings random genomes. What was found stays in the archive.
    void refresh(bool changed) {
        unchanged_ = changed || steering_.unknown() > 0 ? 0 : unchanged_ + 1;
        if (options_.stagnation > 0 && unchanged_ >= options_.stagnation) {
            unchanged_ = 0;
            restart_ = true;
            population_.resize((population_.size() + 1) / 2);
        }
    }

    const Problem& problem_;
    const SearchOptions& options_;
    std::size_t count_;
    support::Rng rng_;
    Evaluation evaluation_;
    Surrogate surrogate_;
    Steering steering_;
    PredictedFront predicted_;
    Breeder breeder_;
    SearchResult result_;
    std::vector<Genome> given_;
    std::size_t next_given_ = 0;
    std::vector<Member> population_;
    std::vector<std::size_t> contenders_;
    Costs costs_;                ///< of the contenders
    std::int64_t unchanged_ = 0; ///< generations since the front changed
    bool restart_ = false;
    std::vector<double> values_;
};

} // namespace

SearchResult nsga2(const Problem& problem, const SearchOptions& options, std::uint64_t seed) {
    if (options.steering == SteeredBy::learned && !problem.preference.empty()) {
        Problem unsteered = problem;
        unsteered.preference.clear();
        return Nsga2(unsteered, options, seed).run();
    }
    return Nsga2(problem, options, seed).run();
}

} // namespace tessera::nas
