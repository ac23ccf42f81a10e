#include "nas/search/predicted_front.h"

#include <algorithm>
#include <cmath>

#include "nas/search/crowding.h"
#include "nas/search/gaps.h"

namespace tessera::nas {
namespace {

/// Variations between two merges.
constexpr std::size_t round_size = 512;
/// Share of a parent's miss that its child is expected to have.
constexpr double inherited = 0.8;
/// Where fewer of the variations join there is little left to find.
constexpr double mature = 0.05;

/// 0..n-1 from 32 random bits; n is far below 2^32.
std::size_t scaled(std::uint64_t bits, std::size_t n) {
    return static_cast<std::size_t>((bits & 0xFFFFFFFFU) * n >> 32);
}

std::size_t number_sought(const std::vector<Objective>& objectives) {
    return static_cast<std::size_t>(std::ranges::count(objectives, false, &Objective::bounds_only));
}

} // namespace

PredictedFront::PredictedFront(const Problem& problem, const Evaluation& evaluation,
                               const Surrogate& surrogate, const Steering& steering, support::Rng& rng)
    : problem_(problem), evaluation_(evaluation), surrogate_(surrogate), steering_(steering), rng_(rng),
      blocks_(problem.choices.size()), objectives_(problem.objectives.size()),
      width_(number_sought(problem.objectives)), members_(width_), row_(width_), values_(objectives_),
      missed_(objectives_) {
    for (std::size_t k = 0; k < objectives_; ++k) {
        const Objective& o = problem.objectives[k];
        bounded_ = bounded_ || o.low || o.high;
        if (!o.bounds_only) {
            sought_.push_back(k);
            signs_.push_back(o.direction == Direction::minimize ? 1.0 : -1.0);
        }
    }
    for (std::size_t b = 0; b < blocks_; ++b) {
        if (problem.choices[b] > 1) {
            free_blocks_.push_back(b);
        }
    }
}

PredictedFront::Slot PredictedFront::new_slot(std::span<const int> genes, State state) {
    Slot slot = static_cast<Slot>(states_.size());
    if (unused_.empty()) {
        states_.push_back(state);
        tries_.push_back(0);
        genes_.resize(genes_.size() + blocks_);
        misses_.resize(misses_.size() + objectives_);
    } else {
        slot = unused_.back();
        unused_.pop_back();
        states_[slot] = state;
        tries_[slot] = 0;
    }
    std::copy(genes.begin(), genes.end(), genes_.begin() + static_cast<std::ptrdiff_t>(slot * blocks_));
    return slot;
}

/// Guesses a genome's values, corrected by these misses, into `values_` and its costs into `row`; false
/// where a bound is missed.
bool PredictedFront::expect(std::span<const int> genome, const double* misses, double* row) {
    surrogate_.guess(genome, values_);
    for (std::size_t k = 0; k < objectives_; ++k) {
        values_[k] += misses[k];
    }
    for (std::size_t k = 0; bounded_ && k < objectives_; ++k) {
        if (problem_.objectives[k].violation(values_[k]) > 1e-9) {
            return false;
        }
    }
    for (std::size_t s = 0; s < width_; ++s) {
        row[s] = signs_[s] * values_[sought_[s]];
    }
    return true;
}

void PredictedFront::add_evaluated(std::span<const Candidate> evaluated, std::size_t index) {
    const auto genome = evaluation_.genomes()[index];
    const Slot slot = new_slot(genome, surrogate_.known(genome) ? evaluated_known : unusable);
    surrogate_.guess(genome, values_);
    for (std::size_t k = 0; k < objectives_; ++k) {
        misses_[slot * objectives_ + k] = evaluated[index].values[k] - values_[k];
    }
    members_.arrive(slot, evaluation_.costs().row(index));
}

/// Where the guesses have changed: everything anew.
void PredictedFront::rebuild(std::span<const Candidate> evaluated) {
    for (const Slot slot : members_.slots()) {
        if (states_[slot] == predicted && expect(genes(slot), misses(slot), row_.data())) {
            members_.arrive(slot, row_.data());
        } else {
            unused_.push_back(slot);
        }
    }
    members_.clear();
    for (const std::size_t i : evaluation_.archive().members()) {
        add_evaluated(evaluated, i);
    }
}

/// Where they have not: those that were evaluated in the meantime change sides.
void PredictedFront::follow(std::span<const Candidate> evaluated) {
    members_.keep([&](Slot slot) {
        if (states_[slot] == taken) {
            unused_.push_back(slot);
            return false;
        }
        return true;
    });
    if (width_ > 2) {
        members_.index();
    }
    for (std::size_t i = followed_; i < evaluated.size(); ++i) {
        // In two dimensions the merge itself drops who is covered.
        if (evaluated[i].feasible() && (width_ <= 2 || !members_.covered(evaluation_.costs().row(i)))) {
            add_evaluated(evaluated, i);
        }
    }
}

void PredictedFront::merge() {
    members_.merge(unused_);
    open_ = 0;
    for (const Slot slot : members_.slots()) {
        open_ += states_[slot] == predicted ? 1 : 0;
    }
}

void PredictedFront::update(std::span<const Candidate> evaluated) {
    const auto& archive = evaluation_.archive().members();
    for (std::size_t s = 0; s < width_ && !archive.empty(); ++s) {
        const double *first = evaluation_.costs().row(archive.front()),
                     *last = evaluation_.costs().row(archive.back());
        members_.set_tolerance(s, 1e-10 * std::abs(last[s] - first[s]));
    }
    if (version_ != surrogate_.version() || followed_ == 0) {
        rebuild(evaluated);
    } else {
        follow(evaluated);
    }
    version_ = surrogate_.version();
    followed_ = evaluated.size();
    merge();
}

/// Most variations mix two members of much the same costs: what one saves in a block the other saves
/// elsewhere. The others take one or two steps along blocks' own fronts.
bool PredictedFront::vary(std::size_t parent, int* child) {
    const auto own = genes(members_[parent]);
    const std::uint64_t word = rng_.next();
    const std::uint64_t kind = word & 15U;
    if (kind < 10) {
        const std::size_t reach = 1 + scaled(word >> 32, 1 + size() / 16);
        const std::size_t other =
            (word & 16U) != 0 ? std::min(parent + reach, size() - 1) : parent - std::min(parent, reach);
        if (states_[members_[other]] == unusable) {
            return false;
        }
        const auto mate = genes(members_[other]);
        std::uint64_t coins = rng_.next();
        for (std::size_t b = 0; b < blocks_; ++b, coins = coins >> 1 | coins << 63) {
            child[b] = own[b] ^ ((own[b] ^ mate[b]) & -static_cast<int>(coins & 1U));
        }
        if (kind < 8) {
            return true;
        }
    } else {
        for (std::size_t b = 0; b < blocks_; ++b) {
            child[b] = own[b];
        }
    }
    for (std::uint64_t change = 0; change < 1 + (word >> 5 & 1U); ++change) {
        const std::size_t block = free_blocks_[scaled(rng_.next() >> 32, free_blocks_.size())];
        child[block] = steering_.draw(block, child[block]).value_or(child[block]);
    }
    return true;
}

void PredictedFront::grow(std::size_t trials, std::size_t open) {
    if (free_blocks_.empty()) {
        return;
    }
    while (trials > 0 && size() > 0 && open_ <= open) {
        const std::size_t tried = std::min(trials, round_size);
        trials -= tried;
        draw_children(tried);
        screen_children();
        admit_children();
        const std::size_t joined = members_.arrivals();
        if (joined > 0) {
            merge();
        }
        if (static_cast<double>(joined) < mature * static_cast<double>(tried)) {
            break;
        }
    }
}

void PredictedFront::draw_children(std::size_t tried) {
    parents_.clear();
    children_.resize(round_size * blocks_);
    for (std::size_t t = 0; t < tried; ++t) {
        // Of two the one that was varied less: what joined late has more to give.
        const std::uint64_t word = rng_.next();
        const std::size_t a = scaled(word, size()), b = scaled(word >> 32, size());
        const std::size_t parent = tries_[members_[a]] <= tries_[members_[b]] ? a : b;
        const Slot slot = members_[parent];
        ++tries_[slot];
        if (states_[slot] != unusable && vary(parent, children_.data() + parents_.size() * blocks_)) {
            parents_.push_back(slot);
        }
    }
}

/// All children in one go and almost without branches: which of them fail is nothing a processor could
/// foresee.
void PredictedFront::screen_children() {
    screened_.resize(parents_.size());
    screened_rows_.resize(parents_.size() * width_);
    std::size_t kept = 0;
    for (std::uint32_t c = 0; c < parents_.size(); ++c) {
        double* row = screened_rows_.data() + kept * width_;
        const bool meets_bounds = expect(child(c), inherit(parents_[c]), row);
        screened_[kept] = c;
        kept +=
            static_cast<std::size_t>(meets_bounds) & static_cast<std::size_t>(!members_.plainly_covered(row));
    }
    screened_.resize(kept);
}

void PredictedFront::admit_children() {
    for (std::size_t i = 0; i < screened_.size(); ++i) {
        const double* row = screened_rows_.data() + i * width_;
        const auto genome = child(screened_[i]);
        if (members_.covered(row) || evaluation_.claimed(genome)) {
            continue;
        }
        const Slot slot = new_slot(genome, predicted);
        const double* missed = inherit(parents_[screened_[i]]);
        std::copy(missed, missed + objectives_,
                  misses_.begin() + static_cast<std::ptrdiff_t>(slot * objectives_));
        members_.arrive(slot, row);
    }
}

/// The misses that a child of this parent is expected to have; holds until the next call.
const double* PredictedFront::inherit(Slot parent) {
    for (std::size_t k = 0; k < objectives_; ++k) {
        missed_[k] = inherited * misses(parent)[k];
    }
    return missed_.data();
}

std::vector<std::span<const int>> PredictedFront::take(std::size_t count) {
    std::vector<std::span<const int>> genomes;
    const auto give = [&](Slot slot) {
        states_[slot] = taken;
        genomes.push_back(genes(slot));
    };
    if (width_ <= 2) {
        std::vector<char> open;
        for (const Slot slot : members_.slots()) {
            open.push_back(states_[slot] == predicted ? 1 : 0);
        }
        const auto others = width_ > 1 ? members_.column(1) : std::span<const double>();
        for (const std::size_t member : fill_gaps(members_.column(0), others, open, count)) {
            give(members_[member]);
        }
        return genomes;
    }
    Costs costs(problem_.objectives);
    std::vector<Slot> open;
    std::vector<std::size_t> rows;
    std::vector<double> values(objectives_, 0.0);
    for (std::size_t i = 0; i < size(); ++i) {
        if (states_[members_[i]] == predicted) {
            for (std::size_t s = 0; s < width_; ++s) {
                values[sought_[s]] = signs_[s] * members_.column(s)[i];
            }
            rows.push_back(open.size());
            open.push_back(members_[i]);
            costs.add(values, 0);
        }
    }
    for (const std::size_t r : least_crowded(costs, rows, count)) {
        give(open[r]);
    }
    return genomes;
}

} // namespace tessera::nas
